"""Warfarin with the INR: Hamberg 2007."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import logarithmic
from twins.pharmacology.drugs.vocabulary import constant, covariate
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, BIOAVAILABILITY, CENTRAL_VOLUME, CLEARANCE, Q2, V2
from twins.pharmacology.structures.coagulation import (
    EC50,
    FAST_TRANSIT,
    GREATEST_EFFECT,
    INR_BASELINE,
    INR_EXPONENT,
    INR_GREATEST,
    SLOW_TRANSIT,
    STEEPNESS,
    warfarin_inr,
)
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

TWOS, THREES, GS = "cyp2c9_2_alleles", "cyp2c9_3_alleles", "vkorc1_g_alleles"
LOWERED = {(0, 0): 0.0, (1, 0): 0.315, (0, 1): 0.453, (2, 0): 0.722, (1, 1): 0.690, (0, 2): 0.852}
"""By how much each number of CYP2C9*2 and *3 alleles lowers the clearance of S-warfarin."""


def _hamberg(chart: Mapping[str, Array]) -> dict[str, Array]:
    twos, threes, gs, age = chart[TWOS], chart[THREES], chart[GS], chart["age_y"]
    genotype = np.full(np.broadcast(twos, threes).shape, np.nan)
    for (two, three), lowered in LOWERED.items():
        genotype = np.where((twos == two) & (threes == three), 1.0 - lowered, genotype)
    sensitivity = np.where(gs == 2, 4.61, np.where(gs == 1, 3.02, np.where(gs == 0, 2.20, np.nan)))
    return {
        CLEARANCE: 0.314 * (1.0 - 0.0091 * (age - 71.0)) * genotype,
        CENTRAL_VOLUME: constant(13.8, age),
        Q2: constant(0.131, age),
        V2: constant(6.59, age),
        ABSORPTION: constant(2.0, age),
        BIOAVAILABILITY: constant(0.5, age),
        EC50: sensitivity,
        GREATEST_EFFECT: constant(1.0, age),
        STEEPNESS: constant(0.424, age),
        FAST_TRANSIT: constant(11.6, age),
        SLOW_TRANSIT: constant(120.0, age),
        INR_BASELINE: chart["inr_before_treatment"],
        INR_GREATEST: constant(20.0, age),
        INR_EXPONENT: constant(3.61, age),
    }


HAMBERG_2007 = PopulationModel(
    id="warfarin-hamberg-2007",
    version="1",
    drug="warfarin",
    title="Hamberg 2007",
    system=warfarin_inr(),
    typical=_hamberg,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2, FAST_TRANSIT, SLOW_TRANSIT, EC50),
    omega=logarithmic(31.0, 26.2, 99.1, 14.1, 102.0, 40.9),
    omega_convention="variance of eta as ln(1 + CV²), from 31, 26.2, 99.1, 14.1, 102 and 40.9 % CV, as nlmixr2lib "
    "converts them",
    residuals={
        "concentration": Residual(ResidualKind.LOG, additive=0.301, proportional=0.0),
        "inr": Residual(ResidualKind.LOG, additive=0.0325, proportional=0.0),
    },
    covariates=(
        covariate("age_y", 22.0, 87.0, 71.0),
        covariate(TWOS, 0.0, 2.0, unit="1", meaning="number of CYP2C9*2 alleles"),
        covariate(THREES, 0.0, 2.0, unit="1", meaning="number of CYP2C9*3 alleles"),
        covariate(GS, 0.0, 2.0, unit="1", meaning="number of VKORC1 -1639G alleles"),
        covariate("inr_before_treatment", low=0.8, high=1.2, unit="{INR}", meaning="INR before treatment", default=1.0),
        covariate("weight_kg", 45.0, 120.0, 80.0),
    ),
    clinical_inputs=("age_y", TWOS, THREES, GS),
    population="150 adults on long-term warfarin, 57 of them for the INR; 321 concentrations of S-warfarin, 284 INR",
    citation=Citation(
        "Hamberg AK et al. Clin Pharmacol Ther 2007;81:529-538",
        "10.1038/sj.clpt.6100084",
        (
            "nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Hamberg_2007_warfarin_s.R",
            ours("nlmixr2/nlmixr2lib vignettes/articles/Hamberg_2007_warfarin_pkpd_pgx.Rmd (Table 5 of the article)"),
            "reil HambergPKPD",
        ),
    ),
    conflicts=(
        "The chains that delay the INR: six compartments and one in nlmixr2lib and reil, whose product gives the INR; "
        "a "
        "collection of this model's numbers says two chains of six. Six and one reproduce the article's Table 5.",
        "11.6 h is the time of one compartment in nlmixr2lib, as here, and of the whole chain in reil.",
        "The residual of concentrations on the log scale is 0.301 in steady state and 0.0908 after one dose; the wider "
        "is used.",
    ),
    unverified=(
        "Covariances of the etas exist but are not reported; they are 0 here.",
        "The range of the INR before treatment is a house setting.",
    ),
    intended=("Start and maintenance by mouth where the genotype is known; doses are of racemic warfarin.",),
    cautioned=(
        "Patients without a genotype.",
        "Interacting drugs, vitamin K and liver disease: the model has none of them.",
        "Levels are of S-warfarin.",
    ),
)

WARFARIN = Drug(
    name="warfarin",
    title="Warfarin",
    models=(HAMBERG_2007.id,),
    targets=(
        Target(
            "INR 2–3",
            2.0,
            3.0,
            "Antithrombotic Therapy and Prevention of Thrombosis, 9th ed: American College of Chest Physicians, Chest "
            "2012, supplement, page e152S (DOI not verified)",
            Metric.EFFECT,
            "{INR}",
            output="inr",
            harm="bleeding",
        ),
    ),
    practice=Practice(
        step_mg=0.5,
        min_mg=0.5,
        max_mg=15.0,
        max_daily_mg=15.0,
        intervals_h=(24.0,),
        max_rate_mg_per_h=1000.0,
        source=ours(
            "All limits are house settings, for tablets; the rate has no meaning by mouth. Confirm them with the "
            "pharmacy."
        ),
    ),
    level_unit="mg/L",
    high_alert=True,
)

MODELS = (HAMBERG_2007,)
