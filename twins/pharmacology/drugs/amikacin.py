"""Amikacin: Delattre 2010 and Romano 1998."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import JELLIFFE
from twins.pharmacology.drugs.gentamicin import BULLETIN as AMINOGLYCOSIDES
from twins.pharmacology.drugs.variances import logarithmic, squared
from twins.pharmacology.drugs.vocabulary import RENAL_INPUTS, constant, covariate, flag
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel

Array = NDArray[np.float64]

BULLETIN = AMINOGLYCOSIDES + "; the second row of its table, whose heading was lost in the copy that was read"


def _delattre(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart["creatinine_clearance_ml_per_min"]
    return {
        CLEARANCE: 0.77 + 1.42 * kidney / 55.5,
        CENTRAL_VOLUME: constant(19.2, kidney),
        Q2: constant(4.38, kidney),
        V2: constant(9.38, kidney),
    }


DELATTRE_2010 = PopulationModel(
    id="amikacin-delattre-2010",
    version="1",
    drug="amikacin",
    title="Delattre 2010",
    system=compartments(2),
    typical=_delattre,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2, Q2),
    omega=squared(59.2, 39.1, 43.6, 16.7),
    omega_convention="variance of eta as CV², from 59.2, 39.1, 43.6 and 16.7 % CV",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=1.03, proportional=0.268)},
    covariates=(
        covariate("creatinine_clearance_ml_per_min", 12.3, 408.0),
        covariate("age_y", 22.0, 89.0),
        covariate("weight_kg", 38.0, 125.0),
    ),
    clinical_inputs=RENAL_INPUTS,
    population="88 adults with sepsis in intensive care, first dose",
    citation=Citation(
        "Delattre IK et al. Ther Drug Monit 2010",
        "10.1097/FTD.0b013e3181f675c2",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Delattre_2010_amikacin.R",),
    ),
    unverified=("How the two residual terms combine was not read in the article; their variances are added here.",),
    intended=("The first dose in sepsis.",),
    cautioned=("Later doses: the source has first doses alone.",),
)


def _romano(chart: Mapping[str, Array]) -> dict[str, Array]:
    return {
        CLEARANCE: 0.934 * 0.06 * chart["creatinine_clearance_ml_per_min"] * (1.0 + 0.225 * chart["trauma"]),
        CENTRAL_VOLUME: 0.393 * chart["weight_kg"] * (1.0 + 0.246 * chart["sepsis"]),
    }


ROMANO_1998 = PopulationModel(
    id="amikacin-romano-1998",
    version="1",
    drug="amikacin",
    title="Romano 1998",
    system=compartments(1),
    typical=_romano,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=logarithmic(28.2, 23.2),
    omega_convention="variance of eta as ln(1 + CV²), from 28.2 and 23.2 % CV; the convention is not stated",
    residuals={},
    covariates=(
        covariate("creatinine_clearance_ml_per_min", meaning="creatinine clearance, Jelliffe 1973"),
        covariate("weight_kg"),
        flag("trauma", "1 after trauma, else 0"),
        flag("sepsis", "1 with sepsis, else 0"),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=(*RENAL_INPUTS, "height_cm"),
    derived={"creatinine_clearance_ml_per_min": JELLIFFE},
    population="120 adults in medical intensive care, and 38 for validation",
    citation=Citation(
        "Romano S et al. Clin Drug Investig 1998;15:435-444",
        "10.2165/00044011-199815050-00008",
        (ours("russlewisbo/Dosingapp models.js (numbers taken from the article's tables by its author)"),),
    ),
    unverified=(
        "The scale of the residual error is ambiguous in the article: no residual ships, and levels cannot be fitted.",
        "Read in a single source; covariate ranges were not read.",
    ),
    intended=("Simulation and attainment of targets.",),
    cautioned=("Not for fitting levels.",),
)

AMIKACIN = Drug(
    name="amikacin",
    title="Amikacin",
    models=(DELATTRE_2010.id, ROMANO_1998.id),
    targets=(
        Target("AUC24 160–200 mg·h/L", 160.0, 200.0, BULLETIN, Metric.AUC24, "mg.h/L", harm="kidney and hearing"),
        Target("peak 30–60 mg/L", 30.0, 60.0, BULLETIN, Metric.PEAK, "mg/L"),
        Target("trough below 2 mg/L", 0.0, 2.0, BULLETIN, Metric.TROUGH, "mg/L", harm="kidney and hearing"),
    ),
    practice=Practice(
        step_mg=50.0,
        min_mg=100.0,
        max_mg=2500.0,
        max_daily_mg=2500.0,
        intervals_h=(12.0, 24.0, 36.0, 48.0, 72.0),
        max_rate_mg_per_h=5000.0,
        source=ours("All limits are house settings (2500 mg in half an hour); confirm them with the pharmacy."),
    ),
    level_unit="mg/L",
    level_channel=Channel.AMIKACIN,
)

MODELS = (DELATTRE_2010, ROMANO_1998)
