"""Carboplatin in adults, as coded for the validation of mapbayr."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import BODY_SURFACE_AREA
from twins.pharmacology.drugs.variances import diagonal
from twins.pharmacology.drugs.vocabulary import constant, covariate
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

MAPBAYR = "Le Louedec F et al. CPT Pharmacometrics Syst Pharmacol 2021, doi 10.1002/psp4.12689"


def _adults(chart: Mapping[str, Array]) -> dict[str, Array]:
    surface = chart["body_surface_area_m2"]
    return {
        CLEARANCE: constant(6.38, surface),
        CENTRAL_VOLUME: 9.50 * surface,
        Q2: constant(2.70, surface),
        V2: constant(9.56, surface),
    }


ADULTS = PopulationModel(
    id="carboplatin-mapbayr-run901",
    version="1",
    drug="carboplatin",
    title="Toulouse (run 901)",
    system=compartments(2),
    typical=_adults,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2),
    omega=diagonal(0.1050, 0.0378, 0.0260),
    omega_convention="variance of eta, as in the NONMEM control file",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=float(np.sqrt(0.0381)))},
    covariates=(covariate("body_surface_area_m2"), covariate("age_y", low=18.0)),
    clinical_inputs=("weight_kg", "height_cm"),
    derived={"body_surface_area_m2": BODY_SURFACE_AREA},
    population="Adults; the control file is headed with the number 188, and no more was read",
    citation=Citation(
        ours(f"Model of carboplatin in adults as coded for {MAPBAYR}"),
        "",
        ("FelicienLL/mapbayr-CPTPSP-2021 nonmem code/run901.mod",),
    ),
    unverified=(
        "The article that the numbers come from, its DOI, its population and covariate ranges were not verified.",
        "That levels are of unbound platinum in ultrafiltrate, in mg/L of carboplatin, is not stated.",
        "Clearance has no covariate: kidney function enters through levels alone.",
    ),
    intended=("Estimating the AUC from two or three levels.",),
    cautioned=("Choosing a first dose: the model has no measure of kidney function.",),
)

CARBOPLATIN = Drug(
    name="carboplatin",
    title="Carboplatin",
    models=(ADULTS.id,),
    targets=(
        Target(
            "AUC 4–6 mg·min/mL",
            4000.0 / 60.0,
            6000.0 / 60.0,
            "Calvert AH et al. J Clin Oncol 1989, previously treated patients, as quoted at cancercalc.com and "
            "droracle.ai (DOI not verified); 1 mg·min/mL is 16.7 mg·h/L. That the window is 48 h is a house setting",
            Metric.AUC,
            "mg.h/L",
            window_h=48.0,
            harm="platelets",
        ),
    ),
    practice=Practice(
        step_mg=10.0,
        min_mg=50.0,
        max_mg=900.0,
        max_daily_mg=900.0,
        intervals_h=(504.0, 672.0),
        max_rate_mg_per_h=1800.0,
        source=ours(
            "At most AUC 6 for 150 mL/min, 900 mg, as quoted for Calvert's formula (droracle.ai); all other limits "
            "are house settings. Confirm them with the protocol."
        ),
    ),
    level_unit="mg/L",
    high_alert=True,
)

MODELS = (ADULTS,)
