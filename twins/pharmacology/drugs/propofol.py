"""Propofol with effect site and bispectral index: Eleveld 2018."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import FAT_FREE_MASS_OF_ALL_AGES, POSTMENSTRUAL_AGE
from twins.pharmacology.drugs.variances import diagonal
from twins.pharmacology.drugs.vocabulary import constant, covariate, flag
from twins.pharmacology.population import Citation, Eta, PopulationModel
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, KE0, Q2, Q3, V2, V3, compartments
from twins.pharmacology.structures.effect import effect_site, sigmoid
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

BIS = sigmoid("bis", "1", split=True)
BASELINE, GREATEST, CE50, STEEPNESS, STEEPNESS_ABOVE = BIS.of
MINUTES = 60.0
THETA = (
    1.83786,
    3.23873,
    5.6088,
    0.581983,
    0.559672,
    0.103046,
    0.191307,
    3.74422,
    2.2033,
    -0.015633,
    -0.00285709,
    3.51313,
    -0.0138166,
    4.22357,
    0.742043,
    0.265642,
    0.349885,
    -0.384927,
)
"""Of the article's NONMEM control file, as stanpumpR and tci print it; the first is THETA(1)."""
_HEIGHT2 = 1.7**2
_REFERENCE_FFM = (0.88 + 0.12 / (1.0 + (35.0 / 13.4) ** -12.7)) * 42.92 * _HEIGHT2 * 70.0 / (30.93 * _HEIGHT2 + 70.0)


def _eleveld(chart: Mapping[str, Array]) -> dict[str, Array]:
    t = (0.0, *THETA)
    age, weight = chart["age_y"], chart["weight_kg"]
    opioid, venous = chart["opioid"], chart["venous_sample"]
    weeks = chart["postmenstrual_age_weeks"]

    def ripe(at: Array | float) -> Array:
        power = np.asarray(at, dtype=np.float64) ** np.exp(t[9])
        return np.asarray(power / (power + np.exp(t[8]) ** np.exp(t[9])))

    def exchange(at: Array | float) -> Array:
        return np.asarray((np.asarray(at) * 52.0 + 40.0) / (np.asarray(at) * 52.0 + 40.0 + np.exp(t[14])))

    half = np.exp(t[12])
    share = weight / (weight + half)
    second = weight / 70.0 * np.exp(t[10] * (age - 35.0))
    third = chart["fat_free_mass_kg"] / _REFERENCE_FFM * np.exp(t[13] * age * opioid)
    clearance = np.exp(np.where(chart["male"] > 0.5, t[4], t[15]))
    return {
        CLEARANCE: MINUTES
        * clearance
        * (weight / 70.0) ** 0.75
        * ripe(weeks)
        / ripe(35.0 * 52.0 + 40.0)
        * np.exp(t[11] * age * opioid),
        CENTRAL_VOLUME: np.exp(t[1]) * share / (70.0 / (70.0 + half)) * (1.0 + venous * (1.0 - share) * np.exp(t[17])),
        Q2: MINUTES * np.exp(t[5] + t[18] * venous) * second**0.75 * (1.0 + np.exp(t[16]) * (1.0 - exchange(age))),
        V2: np.exp(t[2]) * second,
        Q3: MINUTES * np.exp(t[6]) * third**0.75 * exchange(age) / exchange(35.0),
        V3: np.exp(t[3]) * third,
        KE0: MINUTES * np.where(venous > 0.5, 1.24, 0.146) * (weight / 70.0) ** -0.25,
        BASELINE: constant(93.0, age),
        GREATEST: constant(0.0, age),
        CE50: 3.08 * np.exp(-0.00635 * (age - 35.0)),
        STEEPNESS: constant(1.47, age),
        STEEPNESS_ABOVE: constant(1.89, age),
    }


ELEVELD_2018 = PopulationModel(
    id="propofol-eleveld-2018",
    version="1",
    drug="propofol",
    title="Eleveld 2018",
    system=effect_site(compartments(3), BIS),
    typical=_eleveld,
    etas=(
        Eta(CENTRAL_VOLUME),
        Eta(V2, on=((V2, 1.0), (Q2, 0.75))),
        Eta(V3, on=((V3, 1.0), (Q3, 0.75))),
        Eta(CLEARANCE),
        Eta(Q2),
        Eta(Q3),
        Eta(KE0),
        Eta(CE50),
    ),
    omega=diagonal(0.61, 0.565, 0.597, 0.265, 0.346, 0.209, 0.702, 0.242),
    omega_convention="variance of eta, as in NONMEM; the exchange clearances are scaled by the individual volumes, so "
    "that the etas of V2 and V3 move them by the power of 0.75",
    residuals={
        "concentration": Residual(ResidualKind.LOG, additive=0.191307, proportional=0.0),
        "bis": Residual(ResidualKind.SD_SUM, additive=8.03, proportional=0.0),
    },
    covariates=(
        covariate("age_y", 0.0, 88.0),
        covariate("weight_kg"),
        covariate("height_cm"),
        covariate("male"),
        covariate("fat_free_mass_kg"),
        covariate("postmenstrual_age_weeks", low=27.0),
        flag("opioid", "1 with an opioid, else 0", default=1.0),
        flag("venous_sample", "1 where samples are venous, 0 where they are arterial"),
    ),
    clinical_inputs=("age_y", "male", "weight_kg", "height_cm"),
    derived={
        "fat_free_mass_kg": FAT_FREE_MASS_OF_ALL_AGES,
        "postmenstrual_age_weeks": POSTMENSTRUAL_AGE,
    },
    population="1033 people for concentrations, 122 for the bispectral index; from 27 weeks of postmenstrual age to 88 "
    "years",
    citation=Citation(
        "Eleveld DJ et al. Br J Anaesth 2018;120:942-959",
        "10.1016/j.bja.2018.01.018",
        (
            ours("StevenLShafer/stanpumpR R/drugs_propofol.R (with the article's control file)"),
            "cran/tci R/poppk_mods.R",
            "luktinghin/simtiva features.js",
        ),
    ),
    conflicts=(
        "Steepness of the bispectral index: cran/tci takes 1.47 below the half-effect concentration and 1.89 above, as "
        "here; simtiva takes 1.89 below and 1.47 above, and notes that text and table of the article differ. An "
        "anaesthetist should confirm the choice.",
    ),
    unverified=(
        "The ages of the population (27 weeks to 88 years) were not verified.",
        "The variability of the residual between patients (variances of 0.463 and 0.230) is left out.",
        "The monitor's delay, 15 s + exp(0.0517 · age) s, is left out.",
    ),
    intended=("Anaesthesia and sedation at all ages, by infusion.",),
    cautioned=(
        "An opioid is assumed to be given unless the chart says no.",
        "Not for steering a pump: this is no target-controlled infusion.",
    ),
)

PROPOFOL = Drug(
    name="propofol",
    title="Propofol",
    models=(ELEVELD_2018.id,),
    targets=(
        Target(
            ours("bispectral index 40–60"),
            40.0,
            60.0,
            "values of 40 to 60 proposed for propofol anaesthesia, Eur J Anaesthesiol 1999;16(1) (abstract read at "
            "metajournal.com; DOI not verified)",
            Metric.EFFECT,
            "1",
            window_h=1.0,
            output="bis",
            harm="awareness",
        ),
    ),
    practice=Practice(
        step_mg=10.0,
        min_mg=10.0,
        max_mg=400.0,
        max_daily_mg=10000.0,
        intervals_h=(1.0, 2.0, 4.0),
        max_rate_mg_per_h=24000.0,
        source=ours("All limits are house settings; confirm them with the anaesthetists."),
    ),
    level_unit="mg/L",
    high_alert=True,
)

MODELS = (ELEVELD_2018,)
