"""Sunitinib with its metabolite SU12662: Yu 2015."""

# ruff: noqa: ARG001  # all equations have one signature
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.carboplatin import MAPBAYR
from twins.pharmacology.drugs.variances import correlated, diagonal
from twins.pharmacology.drugs.vocabulary import constant, covariate
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE
from twins.quantities.sentence import ours
from twins.solvers.system import Equations, Input, Output, System

Array = NDArray[np.float64]

UNIT, SCALE = "ng/mL", 1000.0
METABOLITE = "su12662"
METABOLITE_CLEARANCE, METABOLITE_VOLUME = f"{METABOLITE}_clearance_l_per_h", f"{METABOLITE}_volume_l"
METABOLITE_EXCHANGE = f"{METABOLITE}_intercompartmental_clearance_l_per_h"
METABOLITE_SECOND = f"{METABOLITE}_peripheral_volume_l"
LIVER_FLOW, SHARE = "liver_blood_flow_l_per_h", f"{METABOLITE}_share"


def _rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
    """States central, depot, metabolite and its peripheral; the liver is in equilibrium with what flows in."""
    absorbed = p[2] * y[1]
    concentration = y[0] / p[1]
    liver = (absorbed + p[3] * concentration) / (p[3] + p[0])
    moved = p[7] * (y[2] / p[6] - y[3] / p[8])
    dy[0] = p[3] * (liver - concentration)
    dy[1] = -absorbed
    dy[2] = p[4] * p[0] * liver - p[5] * y[2] / p[6] - moved
    dy[3] = moved


SYSTEM = System(
    name="one compartment by mouth through the liver, with a metabolite in two compartments",
    parameters=(
        CLEARANCE,
        CENTRAL_VOLUME,
        ABSORPTION,
        LIVER_FLOW,
        SHARE,
        METABOLITE_CLEARANCE,
        METABOLITE_VOLUME,
        METABOLITE_EXCHANGE,
        METABOLITE_SECOND,
    ),
    states=("central", "depot", METABOLITE, f"{METABOLITE}_peripheral"),
    inputs={"oral": (Input("depot"),), "depot": (Input("depot"),), "central": (Input("central"),)},
    outputs=(
        Output("concentration", UNIT, scale=SCALE),
        Output(METABOLITE, UNIT, state=METABOLITE, volume=METABOLITE_VOLUME, scale=SCALE),
    ),
    equations=Equations(_rhs),
)


def _yu(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["weight_kg"] / 70.0
    return {
        CLEARANCE: 35.7 * size**0.75,
        CENTRAL_VOLUME: 1360.0 * size,
        ABSORPTION: constant(0.34, size),
        LIVER_FLOW: 80.0 * size**0.75,
        SHARE: constant(0.21, size),
        METABOLITE_CLEARANCE: 17.1 * size**0.75,
        METABOLITE_VOLUME: 635.0 * size,
        METABOLITE_EXCHANGE: 20.1 * size**0.75,
        METABOLITE_SECOND: 388.0 * size,
    }


YU_2015 = PopulationModel(
    id="sunitinib-mapbayr-run941",
    version="1",
    drug="sunitinib",
    title="Yu 2015",
    system=SYSTEM,
    typical=_yu,
    etas=on(CENTRAL_VOLUME, METABOLITE_VOLUME, METABOLITE_CLEARANCE, CLEARANCE),
    omega=correlated(diagonal(0.104976, 0.335241, 0.177241, 0.114921), (0, 1, 0.48), (1, 2, 0.45), (2, 3, 0.53)),
    omega_convention="variance of eta, as in the NONMEM control file; covariances from the article's correlations of "
    "0.48, 0.45 and 0.53",
    residuals={
        "concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=float(np.sqrt(0.043))),
        METABOLITE: Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=float(np.sqrt(0.023))),
    },
    covariates=(covariate("weight_kg", median=70.0), covariate("age_y", low=18.0)),
    clinical_inputs=("weight_kg",),
    population="70 adults with cancer, 1205 samples",
    citation=Citation(
        ours(f"Yu H et al. Br J Clin Pharmacol 2015;79:809-819, as coded for {MAPBAYR}"),
        "10.1111/bcp.12550",
        (
            "FelicienLL/mapbayr-CPTPSP-2021 nonmem code/run941.mod",
            "nlmixr2.github.io/nlmixr2lib articles/Yu_2015_sunitinib.html",
        ),
    ),
    conflicts=(
        "The control file enters correlation times variance times variance as covariances (0.0169, 0.0267, 0.0108). "
        "The "
        "article's correlations give 0.0900, 0.1097 and 0.0756, which are used.",
    ),
    unverified=(
        "The file that was read names neither the article nor its DOI; both were found by its author and drug.",
        "Covariate ranges were not read.",
    ),
    intended=("Adults, by mouth; levels of sunitinib and of SU12662.",),
    cautioned=("The sum of both is what is often quoted as a target; no output is that sum.",),
)

SUNITINIB = Drug(
    name="sunitinib",
    title="Sunitinib",
    models=(YU_2015.id,),
    targets=(),
    practice=Practice(
        step_mg=12.5,
        min_mg=12.5,
        max_mg=50.0,
        max_daily_mg=50.0,
        intervals_h=(24.0,),
        max_rate_mg_per_h=1000.0,
        source=ours(
            "All limits are house settings, for capsules; the rate has no meaning by mouth. Confirm them with the "
            "pharmacy. No target could be cited."
        ),
    ),
    level_unit=UNIT,
    high_alert=True,
)

MODELS = (YU_2015,)
