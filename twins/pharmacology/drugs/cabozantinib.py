"""Cabozantinib: Nguyen 2019."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.carboplatin import MAPBAYR
from twins.pharmacology.drugs.variances import triangle
from twins.pharmacology.drugs.vocabulary import constant, covariate, flag
from twins.pharmacology.population import Citation, Link, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import (
    ABSORPTION,
    ABSORPTION_DURATION,
    CENTRAL_VOLUME,
    CLEARANCE,
    LAG,
    Q2,
    V2,
)
from twins.pharmacology.structures.absorption import first_and_zero_order
from twins.pharmacology.structures.names import FIRST_ORDER_SHARE
from twins.quantities.sentence import ours
from twins.solvers.system import Input

Array = NDArray[np.float64]

UNIT, SCALE = "ng/mL", 1000.0
_BOTH_WAYS = first_and_zero_order(2, lag=True, unit=UNIT, scale=SCALE)
SYSTEM = replace(
    _BOTH_WAYS,
    name="two compartments, linear elimination, first-order absorption with lag and zero-order absorption without",
    inputs={
        **_BOTH_WAYS.inputs,
        "oral": (
            Input("depot", lag=LAG, fraction=FIRST_ORDER_SHARE),
            Input("central", fraction=FIRST_ORDER_SHARE, complement=True, duration=ABSORPTION_DURATION, always=True),
        ),
    },
)

TUMOURS = {
    "renal_cell_carcinoma": (0.87, 0.656),
    "prostate_cancer": (0.989, 0.743),
    "medullary_thyroid_carcinoma": (1.9, 0.936),
    "glioblastoma": (1.2, 0.479),
    "other_malignancy": (1.19, 0.762),
    "hepatocellular_carcinoma": (0.878, 0.847),
}
"""Factors on clearance and central volume."""


def _nguyen(chart: Mapping[str, Array]) -> dict[str, Array]:
    age, weight, female = chart["age_y"] / 60.0, chart["weight_kg"] / 80.0, 1.0 - chart["male"]
    clearance = 2.48 * age**-0.157 * 0.76**female * weight**-0.0393
    volume = 212.0 * age**0.0644 * 1.1**female * weight**1.19
    for tumour, (on_clearance, on_volume) in TUMOURS.items():
        clearance = clearance * on_clearance ** chart[tumour]
        volume = volume * on_volume ** chart[tumour]
    return {
        CLEARANCE: clearance,
        CENTRAL_VOLUME: volume,
        Q2: constant(30.0, age),
        V2: constant(177.0, age),
        ABSORPTION: 1.24 * (chart["usual_dose_mg"] / 60.0) ** 0.734,
        LAG: constant(0.821, age),
        FIRST_ORDER_SHARE: constant(0.83, age),
        ABSORPTION_DURATION: constant(2.48, age),
    }


NGUYEN_2019 = PopulationModel(
    id="cabozantinib-mapbayr-run931",
    version="1",
    drug="cabozantinib",
    title="Nguyen 2019",
    system=SYSTEM,
    typical=_nguyen,
    etas=on(ABSORPTION, CLEARANCE, CENTRAL_VOLUME, FIRST_ORDER_SHARE),
    omega=triangle((2.02,), (0.0, 0.213), (0.0, 0.211, 0.443), (0.0, 0.0, 0.0, 2.55)),
    omega_convention="variances and covariance of eta, as in the NONMEM control file; that of the first-order share "
    "is on "
    "the logit scale",
    residuals={"concentration": Residual(ResidualKind.LOG, additive=float(np.sqrt(0.127)), proportional=0.0)},
    covariates=(
        covariate("age_y", low=18.0, median=60.0),
        covariate("weight_kg", median=80.0),
        covariate("male"),
        covariate("usual_dose_mg", unit="mg", meaning="the dose taken each day", default=60.0),
        *(flag(name, f"1 with {name.replace('_', ' ')}, else 0") for name in TUMOURS),
    ),
    clinical_inputs=("age_y", "male", "weight_kg"),
    links={FIRST_ORDER_SHARE: Link.LOGIT},
    population="2023 healthy volunteers and patients with various cancers, 489 of them with hepatocellular carcinoma",
    citation=Citation(
        ours(f"Nguyen L et al. J Clin Pharmacol 2019;59:1551-1561, as coded for {MAPBAYR}"),
        "10.1002/jcph.1467",
        ("FelicienLL/mapbayr-CPTPSP-2021 nonmem code/run931.mod",),
    ),
    conflicts=(
        "The earlier model of the same makers (Lacy 2018) has a share of 0.854, a lag of 0.784 h and 187 L of central "
        "volume; this is its update.",
    ),
    unverified=(
        "Read in a single file, which names its author alone; the article and its DOI were found by its cancers.",
        "The covariate of the dose is that of the last one in the file; here it is one dose for the course.",
        "Covariate ranges were not read.",
    ),
    intended=("Adults on tablets.",),
    cautioned=("Capsules: they are not bioequivalent.",),
)

CABOZANTINIB = Drug(
    name="cabozantinib",
    title="Cabozantinib",
    models=(NGUYEN_2019.id,),
    targets=(),
    practice=Practice(
        step_mg=20.0,
        min_mg=20.0,
        max_mg=60.0,
        max_daily_mg=60.0,
        intervals_h=(24.0, 48.0),
        max_rate_mg_per_h=1000.0,
        source=ours(
            "All limits are house settings, for tablets; the rate has no meaning by mouth. Confirm them with the "
            "pharmacy. No target could be cited."
        ),
    ),
    level_unit=UNIT,
    high_alert=True,
)

MODELS = (NGUYEN_2019,)
