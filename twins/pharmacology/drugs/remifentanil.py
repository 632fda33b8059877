"""Remifentanil with effect site and spectral edge frequency: Eleveld 2017."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import FAT_FREE_MASS_OF_ALL_AGES
from twins.pharmacology.drugs.variances import diagonal
from twins.pharmacology.drugs.vocabulary import constant, covariate
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, KE0, Q2, Q3, V2, V3, compartments
from twins.pharmacology.structures.effect import effect_site, sigmoid
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

UNIT, SCALE = "ng/mL", 1000.0
SEF = sigmoid("sef", "Hz", scale=SCALE)
BASELINE, GREATEST, CE50, STEEPNESS = SEF.of
MINUTES = 60.0
THETA = (
    1.75911,
    2.17717,
    1.61445,
    0.946257,
    0.540315,
    -2.08388,
    2.87898,
    -0.00554481,
    -0.00326985,
    -0.0315135,
    0.470405,
    -0.0260496,
)
"""Of the article's NONMEM control file, as stanpumpR prints it; the first is THETA(1)."""
_HEIGHT2 = 1.7**2
_REFERENCE_FFM = 42.92 * _HEIGHT2 * 70.0 / (30.93 * _HEIGHT2 + 70.0)


def _eleveld(chart: Mapping[str, Array]) -> dict[str, Array]:
    t = (0.0, *THETA)
    age, weight = chart["age_y"], chart["weight_kg"]
    size = chart["fat_free_mass_kg"] / _REFERENCE_FFM
    ripening = weight**2 / (weight**2 + t[7] ** 2) * (70.0**2 + t[7] ** 2) / 70.0**2
    fertile = age**6 / (age**6 + 12.0**6) * (1.0 - age**6 / (age**6 + 45.0**6))
    sex = np.where(chart["male"] > 0.5, 1.0, 1.0 + t[11] * fertile)

    def ageing(slope: float) -> Array:
        return np.asarray(np.exp(slope * (age - 35.0)))

    second = size * ageing(t[9]) * sex
    third = size * ageing(t[10]) * np.exp(t[12] * (weight - 70.0))
    return {
        CLEARANCE: MINUTES * np.exp(t[4]) * size**0.75 * ageing(t[9]) * sex * ripening,
        CENTRAL_VOLUME: np.exp(t[1]) * size * ageing(t[8]),
        Q2: MINUTES * np.exp(t[5]) * second**0.75 * ageing(t[8]) * sex,
        V2: np.exp(t[2]) * second,
        Q3: MINUTES * np.exp(t[6]) * third**0.75 * ageing(t[8]),
        V3: np.exp(t[3]) * third,
        KE0: MINUTES * 1.09 * np.exp(-0.0289 * (age - 35.0)),
        BASELINE: constant(19.9, age),
        GREATEST: constant(5.66, age),
        CE50: constant(12.7, age),
        STEEPNESS: constant(2.87, age),
    }


ELEVELD_2017 = PopulationModel(
    id="remifentanil-eleveld-2017",
    version="1",
    drug="remifentanil",
    title="Eleveld 2017",
    system=effect_site(compartments(3, unit=UNIT, scale=SCALE), SEF),
    typical=_eleveld,
    etas=on(CENTRAL_VOLUME, V2, V3, CLEARANCE, Q2, Q3, BASELINE, GREATEST, CE50, STEEPNESS, KE0),
    omega=diagonal(0.104, 0.115, 0.81, 0.0197, 0.0547, 0.285, 0.021, 0.101, 0.391, 0.379, 0.947),
    omega_convention="variance of eta, as tci has it",
    residuals={
        "concentration": Residual(ResidualKind.LOG, additive=0.271478, proportional=0.0),
        "sef": Residual(ResidualKind.SD_SUM, additive=1.96, proportional=0.0),
    },
    covariates=(
        covariate("age_y"),
        covariate("weight_kg"),
        covariate("height_cm"),
        covariate("male"),
        covariate("fat_free_mass_kg"),
    ),
    clinical_inputs=("age_y", "male", "weight_kg", "height_cm"),
    derived={"fat_free_mass_kg": FAT_FREE_MASS_OF_ALL_AGES},
    population="Pooled studies, among them those of Minto, Ross and Mertens; the numbers of people and samples were "
    "not "
    "read",
    citation=Citation(
        "Eleveld DJ et al. Anesthesiology 2017;126:1005-1018",
        "10.1097/ALN.0000000000001634",
        (
            "StevenLShafer/stanpumpR R/drugs_remifentanil.R",
            "cran/tci R/poppk_mods.R",
            "BobAubouin/Python_Anesthesia_Simulator src/python_anesthesia_simulator/pk_models.py",
        ),
    ),
    conflicts=(
        "Variance of the effect-site equilibration: 0.947 in tci, as here; 1.26 in Python_Anesthesia_Simulator.",
        "tci computes V3 from the reference of V2; Python_Anesthesia_Simulator has 8.882 L for V2 and no effect of sex "
        "on it. stanpumpR's equations are used.",
        "stanpumpR changes to another model (Kim) from a body mass index of 30 on; this one does not.",
        "The residual of concentrations on the log scale differs by study: 0.111, 0.271 and 0.240; the widest is used.",
    ),
    unverified=(
        "Whether the etas of V2 and V3 also move the exchange clearances, as in the propofol model, was not read.",
        "Population size and covariate ranges were not read.",
    ),
    intended=("Anaesthesia, by infusion.",),
    cautioned=("Body mass index of 30 and more.", "Not for steering a pump: this is no target-controlled infusion."),
)

REMIFENTANIL = Drug(
    name="remifentanil",
    title="Remifentanil",
    models=(ELEVELD_2017.id,),
    targets=(),
    practice=Practice(
        step_mg=0.05,
        min_mg=0.05,
        max_mg=1.0,
        max_daily_mg=50.0,
        intervals_h=(1.0, 2.0, 4.0),
        max_rate_mg_per_h=10.0,
        source=ours("All limits are house settings; confirm them with the anaesthetists. No target could be cited."),
    ),
    level_unit=UNIT,
    high_alert=True,
)

MODELS = (ELEVELD_2017,)
