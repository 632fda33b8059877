"""Ibrutinib with its dihydrodiol: the model of Toulouse."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.carboplatin import MAPBAYR
from twins.pharmacology.drugs.variances import diagonal, triangle
from twins.pharmacology.drugs.vocabulary import NAMED_OCCASIONS_H, covariate
from twins.pharmacology.population import Citation, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import (
    ABSORPTION,
    ABSORPTION_DURATION,
    CENTRAL_VOLUME,
    CLEARANCE,
    LAG,
    Q2,
    V2,
    compartments,
)
from twins.quantities.sentence import ours
from twins.solvers.system import Flow, Flows, Input, Output, System
from twins.solvers.wiring import flows_of

Array = NDArray[np.float64]

UNIT, SCALE = "ng/mL", 1000.0
METABOLITE = "dihydrodiol"
FORMATION = f"{METABOLITE}_formation_clearance_l_per_h"
METABOLITE_CLEARANCE = f"{METABOLITE}_clearance_l_per_h"
METABOLITE_EXCHANGE = f"{METABOLITE}_intercompartmental_clearance_l_per_h"
FIRST_PASS = f"{METABOLITE}_first_pass_per_h"

SYSTEM = System(
    name="two compartments by mouth, with a metabolite in volumes alike that is also made before the drug is absorbed",
    parameters=(
        CLEARANCE,
        CENTRAL_VOLUME,
        Q2,
        V2,
        ABSORPTION,
        LAG,
        ABSORPTION_DURATION,
        FORMATION,
        METABOLITE_CLEARANCE,
        METABOLITE_EXCHANGE,
        FIRST_PASS,
    ),
    states=("central", "peripheral", "depot", METABOLITE, f"{METABOLITE}_peripheral"),
    inputs={
        "oral": (Input("depot", lag=LAG, duration=ABSORPTION_DURATION, always=True),),
        "intravenous": (Input("central"),),
        "central": (Input("central"),),
    },
    outputs=(
        Output("concentration", UNIT, scale=SCALE),
        Output(METABOLITE, UNIT, state=METABOLITE, scale=SCALE),
    ),
    equations=Flows(
        (
            *flows_of(compartments(2)),
            Flow("central", METABOLITE, FORMATION, CENTRAL_VOLUME),
            Flow("depot", "central", ABSORPTION),
            Flow("depot", METABOLITE, FIRST_PASS),
            Flow(METABOLITE, "", METABOLITE_CLEARANCE, CENTRAL_VOLUME),
            Flow(METABOLITE, f"{METABOLITE}_peripheral", METABOLITE_EXCHANGE, CENTRAL_VOLUME),
            Flow(f"{METABOLITE}_peripheral", METABOLITE, METABOLITE_EXCHANGE, V2),
        )
    ),
    zero_allowed=frozenset({LAG}),
)


def _toulouse(chart: Mapping[str, Array]) -> dict[str, Array]:  # noqa: ARG001  # the model has no covariate
    return {
        name: np.asarray(value)
        for name, value in {
            CLEARANCE: 241.899,
            CENTRAL_VOLUME: 1005.03,
            Q2: 171.094,
            V2: 1481.01,
            ABSORPTION: 1.55664,
            LAG: 0.238192,
            ABSORPTION_DURATION: 0.988671,
            FORMATION: 149.622,
            METABOLITE_CLEARANCE: 180.972,
            METABOLITE_EXCHANGE: 50.3012,
            FIRST_PASS: 1.20812,
        }.items()
    }


def _omega() -> Array:
    matrix = np.zeros((8, 8))
    matrix[:6, :6] = triangle(
        (0.465173,),
        (0.432131, 0.51233),
        (0.220876, 0.217668, 0.228809),
        (0.374779, 0.421162, 0.195424, 0.365818),
        (0.298891, 0.287158, 0.156798, 0.248794, 0.345464),
        (0.0, 0.000591386, 0.180014, 0.0217671, 0.129532, 0.347017),
    )
    matrix[6:, 6:] = triangle((0.501473,), (0.282336, 0.844851))
    return matrix


TOULOUSE = PopulationModel(
    id="ibrutinib-mapbayr-run911",
    version="1",
    drug="ibrutinib",
    title="Toulouse (run 911)",
    system=SYSTEM,
    typical=_toulouse,
    etas=on(V2, CENTRAL_VOLUME, METABOLITE_CLEARANCE, CLEARANCE, FIRST_PASS, FORMATION, LAG, ABSORPTION_DURATION),
    omega=_omega(),
    omega_convention="variances and covariances of eta, as in the NONMEM control file",
    residuals={
        "concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=float(np.sqrt(0.128496))),
        METABOLITE: Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=float(np.sqrt(0.0639887))),
    },
    covariates=(covariate("age_y", low=18.0),),
    clinical_inputs=(),
    occasions=Occasions(on(CLEARANCE, METABOLITE_CLEARANCE), diagonal(0.197216, 0.0637684), NAMED_OCCASIONS_H),
    population="Adults on ibrutinib in Toulouse; their number was not read",
    citation=Citation(
        ours(f"Model of ibrutinib by Gallais et al. as coded for {MAPBAYR}"),
        "",
        ("FelicienLL/mapbayr-CPTPSP-2021 nonmem code/run911.mod",),
    ),
    unverified=(
        "Read in a single file; the article, its DOI and its population were not verified.",
        "An occasion is a cycle; a course names its own, or has one.",
        "That the patients were adults is assumed.",
    ),
    intended=("The AUC from levels of ibrutinib and its dihydrodiol.",),
    cautioned=("Inhibitors of CYP3A: exposure rises many times.",),
)

IBRUTINIB = Drug(
    name="ibrutinib",
    title="Ibrutinib",
    models=(TOULOUSE.id,),
    targets=(),
    practice=Practice(
        step_mg=70.0,
        min_mg=70.0,
        max_mg=560.0,
        max_daily_mg=560.0,
        intervals_h=(24.0,),
        max_rate_mg_per_h=1000.0,
        source=ours(
            "All limits are house settings, for capsules and tablets; the rate has no meaning by mouth. Confirm "
            "them "
            "with the pharmacy. No target could be cited."
        ),
    ),
    level_unit=UNIT,
    high_alert=True,
)

MODELS = (TOULOUSE,)
