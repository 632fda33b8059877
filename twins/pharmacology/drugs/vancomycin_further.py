"""Vancomycin: Buelga 2005, Colin 2019, Roberts 2011 and Hughes 2024, beside the two models of `vancomycin`."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drugs.derivations import FAT_FREE_MASS, NORMALISED_CLEARANCE, POSTMENSTRUAL_AGE
from twins.pharmacology.drugs.variances import diagonal, logarithmic, triangle
from twins.pharmacology.drugs.vocabulary import RENAL_INPUTS, constant, covariate, flag
from twins.pharmacology.population import Citation, Eta, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments

Array = NDArray[np.float64]


def _buelga(chart: Mapping[str, Array]) -> dict[str, Array]:
    return {
        CLEARANCE: 1.08 * 0.06 * chart["creatinine_clearance_ml_per_min"],
        CENTRAL_VOLUME: 0.98 * chart["weight_kg"],
    }


BUELGA_2005 = PopulationModel(
    id="vancomycin-buelga-2005",
    version="1",
    drug="vancomycin",
    title="Buelga 2005",
    system=compartments(1),
    typical=_buelga,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=triangle((0.07929856,), (0.02418685, 0.1380123)),
    omega_convention="variance of eta as CV², from 28.16 and 37.15 % CV; covariance from a correlation of 0.2312",
    residuals={"concentration": Residual(ResidualKind.SD_SUM, additive=3.52, proportional=0.0)},
    covariates=(
        covariate("creatinine_clearance_ml_per_min", median=89.4),
        covariate("weight_kg", median=64.7),
        covariate("age_y", low=15.0),
    ),
    clinical_inputs=RENAL_INPUTS,
    population="215 adults (15 years and older) with a haematological malignancy, 1004 concentrations; means 64.7 kg "
    "(SD 11.3) and 89.4 mL/min (SD 39.2); no intensive care",
    citation=Citation(
        "Buelga DS et al. Antimicrob Agents Chemother 2005;49:4934-4941",
        "10.1128/AAC.49.12.4934-4941.2005",
        (
            "InsightRX/PKPDsim inst/models/pk_vanco_buelga.json5",
            "nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Buelga_2005_vancomycin.R",
        ),
    ),
    conflicts=(
        "Between-subject variances: PKPDsim squares the CV (0.0793, 0.1380), as here; nlmixr2lib takes ln(1 + CV²) "
        "(0.0763, 0.1293).",
        "PKPDsim's comment calls the covariance an assumed correlation of 25 %; nlmixr2lib reads 23.12 % in the "
        "article's Table 4, which is the number that both use.",
    ),
    unverified=("Ranges of weight and creatinine clearance were not stated in the files that were read, only means.",),
    intended=("Adults with a haematological malignancy outside intensive care.",),
    cautioned=("Peaks: the article sampled two hours or more after the infusion, and the model has no distribution.",),
)


def _colin(chart: Mapping[str, Array]) -> dict[str, Array]:
    age = chart["postmenstrual_age_weeks"] / 52.0
    reference = 35.0 + 40.0 / 52.0

    def shape(x: Array | float, half: float, steepness: float) -> Array:
        power = np.asarray(x, dtype=np.float64) ** steepness
        return np.asarray(power / (half**steepness + power))

    ripening = shape(age, 0.8932, 2.8864) / shape(reference, 0.8932, 2.8864)
    decline = shape(age, 61.559, -2.241) / shape(reference, 61.559, -2.241)
    usual = np.exp(-1.22839 + 0.67190 * np.log10(age) + 6.27017 * np.exp(-3.10940 * age))
    kidney = np.exp(-0.64856 * (chart["creatinine_mg_per_dl"] - usual))
    size = chart["weight_kg"] / 70.0
    heel = chart["heel_prick"]
    volume = 42.52 * size * (1.0 - 0.312 * heel)
    peripheral = 41.68 * size
    return {
        CLEARANCE: 5.312
        * (volume / 42.52) ** 0.75
        * ripening
        * decline
        * kidney
        * (1.0 + 0.294 * chart["haematological_malignancy"]),
        CENTRAL_VOLUME: volume,
        Q2: 3.222 * (peripheral / 41.68) ** 0.75 * (1.0 - 0.597 * heel),
        V2: peripheral,
    }


COLIN_2019 = PopulationModel(
    id="vancomycin-colin-2019",
    version="1",
    drug="vancomycin",
    title="Colin 2019",
    system=compartments(2),
    typical=_colin,
    etas=(
        Eta(CLEARANCE),
        Eta(CENTRAL_VOLUME, on=((CENTRAL_VOLUME, 1.0), (CLEARANCE, 0.75))),
        Eta(V2, on=((V2, 1.0), (Q2, 0.75))),
    ),
    omega=diagonal(0.0746, 0.0716, 0.684),
    omega_convention="variance of eta, as PKPDsim has it; the etas of the volumes also move the clearances that are "
    "scaled by the individual volumes (power 0.75)",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=1.23, proportional=0.2145)},
    covariates=(
        covariate("weight_kg"),
        covariate("postmenstrual_age_weeks"),
        covariate("creatinine_mg_per_dl"),
        flag("haematological_malignancy", "1 with a haematological malignancy, else 0"),
        flag("heel_prick", "1 where the sample is from a heel prick, else 0"),
    ),
    clinical_inputs=("age_y", "weight_kg", "creatinine_mg_per_dl"),
    derived={"postmenstrual_age_weeks": POSTMENSTRUAL_AGE},
    population="Pooled studies from preterm neonates to the elderly; the numbers of patients and samples were not read",
    citation=Citation(
        "Colin PJ et al. Clin Pharmacokinet 2019;58:767-780",
        "10.1007/s40262-018-0727-5",
        (
            "InsightRX/PKPDsim inst/models/pk_vanco_colin.json5",
            "sotalya/tucuxi-cdss-core test/drugfiles/ch.tucuxi.vancomycin.colin2019.tdd",
        ),
    ),
    conflicts=(
        "Central volume: 42.52 L in PKPDsim, as here; 42.9 L in tucuxi.",
        "tucuxi stores 0.07496 in a field for standard deviations, which looks like a variance entered as one; "
        "PKPDsim's variance of 0.0746 is used.",
    ),
    unverified=(
        "Population size and the ranges of the covariates were not read.",
        "That birth was at 40 weeks is assumed where only the age is charted.",
    ),
    intended=("Where one model has to span ages: children and adults alike.",),
    cautioned=("Preterm newborns without a charted postmenstrual age.",),
)


def _roberts(chart: Mapping[str, Array]) -> dict[str, Array]:
    return {
        CLEARANCE: 4.58 * chart["creatinine_clearance_ml_per_min_per_1_73m2"] / 100.0,
        CENTRAL_VOLUME: 1.53 * chart["weight_kg"],
    }


ROBERTS_2011 = PopulationModel(
    id="vancomycin-roberts-2011-ci",
    version="1",
    drug="vancomycin",
    title="Roberts 2011 (continuous infusion)",
    system=compartments(1),
    typical=_roberts,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=logarithmic(38.9, 37.4),
    omega_convention="variance of eta as ln(1 + CV²), from 38.9 and 37.4 % CV, as nlmixr2lib converts them",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=2.4, proportional=0.199)},
    covariates=(
        covariate("creatinine_clearance_ml_per_min_per_1_73m2"),
        covariate("weight_kg"),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=(*RENAL_INPUTS, "height_cm"),
    derived={"creatinine_clearance_ml_per_min_per_1_73m2": NORMALISED_CLEARANCE},
    population="206 critically ill adults on continuous infusion, 579 concentrations",
    citation=Citation(
        "Roberts JA et al. Antimicrob Agents Chemother 2011",
        "10.1128/AAC.01708-10",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Roberts_2011_vancomycin.R",),
    ),
    unverified=(
        "Covariate ranges were not read.",
        "How the article obtained the creatinine clearance was not read; where none is charted, Cockcroft-Gault for "
        "1.73 m² stands in here.",
    ),
    intended=("Continuous infusion in intensive care.",),
    cautioned=("Peaks and troughs of intermittent infusions: one compartment.",),
)


def _hughes(chart: Mapping[str, Array]) -> dict[str, Array]:
    lean = chart["fat_free_mass_kg"]
    sex = np.where(chart["male"] > 0.5, 1.0, 0.85)
    kidney = (140.0 - chart["age_y"]) * lean * sex / (72.0 * chart["creatinine_mg_per_dl"])
    return {
        CLEARANCE: 5.0627 * (kidney / 100.0) ** 0.8509,
        CENTRAL_VOLUME: 64.339 * lean / 70.0,
        Q2: constant(6.2402, lean),
        V2: 59.019 * lean / 70.0,
    }


HUGHES_2024 = PopulationModel(
    id="vancomycin-hughes-2024-obese",
    version="1",
    drug="vancomycin",
    title="Hughes 2024 (obesity)",
    system=compartments(2),
    typical=_hughes,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2),
    omega=triangle((0.0473154,), (0.00271032, 0.0322236), (0.0132618, 0.138593, 0.634656)),
    omega_convention="variances and covariances of eta, as PKPDsim has them",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.001, proportional=0.1334)},
    covariates=(
        covariate("fat_free_mass_kg"),
        covariate("weight_kg"),
        covariate("height_cm"),
        covariate("age_y", low=18.0),
        covariate("male"),
        covariate("creatinine_mg_per_dl"),
    ),
    clinical_inputs=(*RENAL_INPUTS, "height_cm"),
    derived={"fat_free_mass_kg": FAT_FREE_MASS},
    population="Adults with obesity; the numbers of patients and samples were not read",
    citation=Citation(
        "Hughes MSA et al. Ther Drug Monit 2024 (PubMed 38758633)",
        "",
        ("InsightRX/PKPDsim inst/models/pk_vanco_hughes.json5",),
    ),
    unverified=(
        "Read in a single file; the DOI, the population's size and the covariate ranges were not verified.",
        "The creatinine clearance inside the model is Cockcroft-Gault on fat-free mass; a charted one is not used.",
    ),
    intended=("Adults with obesity.",),
    cautioned=("Patients without obesity.",),
)

FURTHER = (BUELGA_2005, COLIN_2019, ROBERTS_2011, HUGHES_2024)
