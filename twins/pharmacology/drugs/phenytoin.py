"""Phenytoin: Yukawa 1990 (saturable, by mouth) and Tanaka 2012 (intravenous, linear)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import diagonal, squared
from twins.pharmacology.drugs.vocabulary import constant, covariate, flag
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.pharmacology.structures.saturable import michaelis_menten
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

VMAX, KM = "maximum_elimination_mg_per_h", "half_saturation_mg_per_l"


def _yukawa(chart: Mapping[str, Array]) -> dict[str, Array]:
    weight, others = chart["weight_kg"], chart["other_antiepileptics"]
    child = chart["age_y"] < 15.0
    return {
        CENTRAL_VOLUME: constant(36.0, weight),
        VMAX: 325.0 / 24.0 * (weight / 60.0) ** 0.737 * 1.08**others,
        KM: 2.41 * np.where(child, 0.752, 1.0) * 1.32**others,
        ABSORPTION: constant(1.5, weight),
    }


YUKAWA_1990 = PopulationModel(
    id="phenytoin-yukawa-1990",
    version="1",
    drug="phenytoin",
    title="Yukawa 1990",
    system=michaelis_menten(1, oral=True),
    typical=_yukawa,
    etas=on(VMAX, KM),
    omega=squared(19.3, 63.1),
    omega_convention="variance of eta as CV², from 19.3 and 63.1 % CV, as nlmixr2lib reads the article",
    residuals={},
    covariates=(
        covariate("weight_kg", 9.0, 115.0, 49.1),
        covariate("age_y", 0.6, 71.1, 24.3),
        flag("other_antiepileptics", "1 with another antiepileptic, else 0"),
    ),
    clinical_inputs=("age_y", "weight_kg"),
    population="334 Japanese outpatients with epilepsy in steady state, 756 pairs of daily dose and concentration",
    citation=Citation(
        "Yukawa E et al. Chem Pharm Bull 1990;38:1973-1976",
        "10.1248/cpb.38.1973",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Yukawa_1990_phenytoin.R",),
    ),
    conflicts=(
        "nlmixr2lib uses the article's residual of 10.3 % for concentrations. The article has it of the daily dose, "
        "which is several times as much of the concentration where elimination is near saturation; none ships here.",
    ),
    unverified=(
        "The volume (36 L) and the rate of absorption (1.5/h) are stand-ins of nlmixr2lib, not of the article: only "
        "steady states are its own.",
        "No residual ships, and levels cannot be fitted.",
        "Powders, whose bioavailability falls with the dose, are left out: tablets alone.",
    ),
    intended=("Simulation of steady states on tablets.",),
    cautioned=(
        "How fast a steady state is reached, peaks, and loading doses.",
        "Low albumin: levels are of total drug.",
    ),
)


def _tanaka(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["weight_kg"] / 60.0
    return {
        CLEARANCE: 1.61 * size**0.569,
        CENTRAL_VOLUME: 20.8 * size,
        Q2: constant(53.0, size),
        V2: 26.0 * size**0.584,
    }


TANAKA_2012 = PopulationModel(
    id="phenytoin-tanaka-2012",
    version="1",
    drug="phenytoin",
    title="Tanaka 2012 (intravenous)",
    system=compartments(2),
    typical=_tanaka,
    etas=on(CLEARANCE, CENTRAL_VOLUME, Q2, V2),
    omega=diagonal(0.194, 0.161, 0.271, 0.0430),
    omega_convention="variance of eta, as the article tabulates it",
    residuals={
        "concentration": Residual(
            ResidualKind.VARIANCE_SUM, additive=float(np.sqrt(0.317)), proportional=float(np.sqrt(0.00148))
        )
    },
    covariates=(covariate("weight_kg", 7.8, 74.4, 60.0), covariate("age_y", 2.0, 86.0)),
    clinical_inputs=("weight_kg",),
    population="71 Japanese volunteers and patients, adults and children, 923 concentrations",
    citation=Citation(
        "Tanaka J et al. Eur J Clin Pharmacol 2013;69:489-497",
        "10.1007/s00228-012-1373-8",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Tanaka_2012_phenytoin.R",),
    ),
    conflicts=("The article's residual is exponential and additive; its two variances add here.",),
    unverified=(
        "Read in a single source.",
        "Whether amounts are of the sodium salt or the acid was not read. The conversion of fosphenytoin is left out "
        "for that reason: doses are of intravenous phenytoin.",
    ),
    intended=("The first day after an intravenous loading dose.",),
    cautioned=(
        "Maintenance: elimination is linear here, and phenytoin's is not.",
        "Not to be averaged with a saturable model.",
    ),
)

PHENYTOIN = Drug(
    name="phenytoin",
    title="Phenytoin",
    models=(YUKAWA_1990.id, TANAKA_2012.id),
    targets=(
        Target(
            "average 10–20 mg/L",
            10.0,
            20.0,
            "therapeutic range as quoted with Yukawa E et al., doi 10.1248/cpb.38.1973; for monitoring see Patsalos PN "
            "et al. Epilepsia 2008;49:1239-1276, doi 10.1111/j.1528-1167.2008.01561.x",
            Metric.AVERAGE,
            "mg/L",
            harm="cerebellum",
        ),
    ),
    practice=Practice(
        step_mg=25.0,
        min_mg=25.0,
        max_mg=1500.0,
        max_daily_mg=1500.0,
        intervals_h=(8.0, 12.0, 24.0),
        max_rate_mg_per_h=3000.0,
        source=ours("All limits are house settings (3000 mg/h is 50 mg/min); confirm them with the pharmacy."),
    ),
    level_unit="mg/L",
)

MODELS = (YUKAWA_1990, TANAKA_2012)
