"""Vancomycin: Goti 2018 and Thomson 2009, the AUC target, and practical doses; four more in `vancomycin_further`."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.vancomycin_further import FURTHER
from twins.pharmacology.population import Citation, CovariateRange, PopulationModel, RenalRule, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel

Array = NDArray[np.float64]


def _goti(covariates: Mapping[str, Array]) -> dict[str, Array]:
    clearance = covariates["creatinine_clearance_ml_per_min"]
    dialysis = covariates["haemodialysis"]
    ones = np.ones_like(clearance)
    return {
        "clearance_l_per_h": 4.5 * (clearance / 120.0) ** 0.8 * 0.7**dialysis,
        "central_volume_l": 58.4 * (covariates["weight_kg"] / 70.0) * 0.5**dialysis,
        "intercompartmental_clearance_l_per_h": 6.5 * ones,
        "peripheral_volume_l": 38.4 * ones,
    }


def _thomson(covariates: Mapping[str, Array]) -> dict[str, Array]:
    clearance = covariates["creatinine_clearance_ml_per_min"]
    weight = covariates["weight_kg"]
    return {
        "clearance_l_per_h": 2.99 * (1.0 + 0.0154 * (clearance - 66.0)),
        "central_volume_l": 0.675 * weight,
        "intercompartmental_clearance_l_per_h": 2.28 * np.ones_like(clearance),
        "peripheral_volume_l": 0.732 * weight,
    }


GOTI_2018 = PopulationModel(
    id="vancomycin-goti-2018",
    version="1",
    drug="vancomycin",
    title="Goti 2018",
    system=compartments(2),
    typical=_goti,
    etas=on("clearance_l_per_h", "central_volume_l", "peripheral_volume_l"),
    omega=np.diag([0.147043, 0.510339, 0.282198]),
    omega_convention="variance of eta as ln(1 + CV²), from 39.8, 81.6 and 57.1 % CV",
    residuals={"concentration": Residual(ResidualKind.SD_SUM, additive=3.4, proportional=0.227)},
    covariates=(
        CovariateRange(
            "creatinine_clearance_ml_per_min",
            "mL/min",
            "creatinine clearance, Cockcroft-Gault on total weight, at most 150 mL/min",
            4.0,
            150.0,
            62.0,
        ),
        CovariateRange("weight_kg", "kg", "total body weight", 33.0, 255.0, 79.0),
        CovariateRange("age_y", "a", "age", 17.0, 101.0, 57.0),
        CovariateRange("haemodialysis", "1", "1 on haemodialysis, else 0", 0.0, 1.0, default=0.0),
    ),
    clinical_inputs=("age_y", "male", "weight_kg", "creatinine_mg_per_dl"),
    population="1812 adults (336 on haemodialysis), 2765 concentrations",
    citation=Citation(
        ours("Goti V et al. Ther Drug Monit 2018;40:212-221, with the erratum of 2019"),
        "10.1097/FTD.0000000000000490",
        (
            "nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Goti_2018_vancomycin.R",
            "InsightRX/PKPDsim inst/models/pk_vanco_goti.json5",
            "sotalya/tucuxi-drugs validation/comparative/data/nonmem_models/ch.tucuxi.vancomycin.goti2018.pkmodel",
            "levenc/posologyr tests/testthat/test_map_mlx.R",
        ),
    ),
    conflicts=(
        "Between-subject variances: PKPDsim uses CV² (0.1584, 0.6659, 0.326), posologyr ln(1 + CV²) "
        "(0.147, 0.510, 0.282); the latter is used here.",
        "nlmixr2lib scales the peripheral volume by weight/70; tucuxi-drugs, tucuxi-cdss-core, PKPDsim and posologyr "
        "keep 38.4 L, as here.",
        "PKPDsim lowers the residual error to 19.7 % + 1.42 mg/L on purpose; "
        "the published 22.7 % and 3.4 mg/L are used here.",
        "Creatinine below 1 mg/dL is set to 1 above 65 years (erratum); the article said above 60.",
    ),
    unverified=(
        "That the two residual terms add as standard deviations (as posologyr has it) "
        "was not read in the article itself.",
    ),
    renal=RenalRule(cap_ml_per_min=150.0, creatinine_floor_mg_per_dl=1.0, floor_over_age_y=65.0),
    intended=("Adults in hospital, with or without haemodialysis.",),
    cautioned=("Continuous kidney replacement therapy.",),
)

THOMSON_2009 = PopulationModel(
    id="vancomycin-thomson-2009",
    version="1",
    drug="vancomycin",
    title="Thomson 2009",
    system=compartments(2),
    typical=_thomson,
    etas=on(
        "clearance_l_per_h",
        "central_volume_l",
        "intercompartmental_clearance_l_per_h",
        "peripheral_volume_l",
    ),
    omega=np.array(
        [
            [0.0729, 0.01, 0.0, 0.0],
            [0.01, 0.0225, 0.0, 0.0],
            [0.0, 0.0, 0.2401, 0.0],
            [0.0, 0.0, 0.0, 1.69],
        ]
    ),
    omega_convention="variance of eta as CV², from 27, 15, 49 and 130 % CV; "
    "covariance 0.01 of clearance and central volume",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=1.6, proportional=0.15)},
    covariates=(
        CovariateRange(
            "creatinine_clearance_ml_per_min", "mL/min", "creatinine clearance, Cockcroft-Gault on total weight"
        ),
        CovariateRange("weight_kg", "kg", "total body weight"),
        CovariateRange("age_y", "a", "age; the source's patients were adults", 18.0),
    ),
    clinical_inputs=("age_y", "male", "weight_kg", "creatinine_mg_per_dl"),
    population="398 adults, 1557 concentrations",
    citation=Citation(
        "Thomson AH et al. J Antimicrob Chemother 2009;63:1050-1057",
        "10.1093/jac/dkp085",
        (
            "InsightRX/PKPDsim inst/models/pk_vanco_thomson.json5",
            "nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Tong_2026_vancomycin_thomson.R",
            ours("InsightRX/mipdeval inst/extdata/nm_vanco.csv and vanco_thomson.csv"),
        ),
    ),
    conflicts=(
        "tucuxi-drugs writes the clearance as 2.99 · 0.0154 · CLcr, 0.049 L/h away from the published line.",
        "The article tabulates the intercompartmental clearance in 1/h but defines it as a clearance; every "
        "implementation uses 2.28 L/h, as here.",
        "A variant caps the creatinine clearance at 150 mL/min; here it is not capped.",
    ),
    unverified=("The ranges of the source population were not stated in the files that were read.",),
    intended=("Adults in hospital.",),
    cautioned=("Patients on haemodialysis: chart the sessions with their clearance.",),
)

VANCOMYCIN = Drug(
    name="vancomycin",
    title="Vancomycin",
    models=(GOTI_2018.id, THOMSON_2009.id, *(model.id for model in FURTHER)),
    targets=(
        Target(
            name="AUC24 400–600 mg·h/L",
            low=400.0,
            high=600.0,
            source="Rybak MJ et al., consensus guideline of ASHP, IDSA, PIDS and SIDP. Am J Health Syst Pharm "
            "2020;77:835-864, doi 10.1093/ajhp/zxaa036",
            metric=Metric.AUC24,
            unit="mg.h/L",
        ),
    ),
    level_unit="mg/L",
    practice=Practice(
        step_mg=250.0,
        min_mg=500.0,
        max_mg=3000.0,
        max_daily_mg=4500.0,
        intervals_h=(6.0, 8.0, 12.0, 24.0, 36.0, 48.0, 72.0),
        max_rate_mg_per_h=1000.0,
        source=ours(
            "At most 3000 mg in one dose and 1000 mg an hour: the consensus guideline of 2020 "
            "(doi 10.1093/ajhp/zxaa036) as tabulated in Kidney360 (kidney360.asnjournals.org, table 1 of a review of "
            "dosing in haemodialysis); product labelling asks for 10 mg/min or slower. Steps of 250 mg, 500 mg or "
            "more, the intervals and 4500 mg a day: house settings."
        ),
    ),
    level_channel=Channel.VANCOMYCIN,
)

MODELS = (GOTI_2018, THOMSON_2009, *FURTHER)
