"""Tobramycin: Hennig 2013."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import FAT_FREE_MASS
from twins.pharmacology.drugs.gentamicin import BULLETIN
from twins.pharmacology.drugs.variances import correlated, logarithmic
from twins.pharmacology.drugs.vocabulary import MICROMOLES, NAMED_OCCASIONS_H, covariate
from twins.pharmacology.population import Citation, Derived, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel

Array = NDArray[np.float64]


def _usual_creatinine(age_y: Array, male: Array) -> Array:
    adult = np.where(np.asarray(male) > 0.5, 84.0, 69.5)
    return np.asarray(np.where(np.asarray(age_y) >= 18.0, adult, 37.2))


def _hennig(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["fat_free_mass_kg"] / 70.0
    years = chart["age_y"] - 18.0
    ageing = 1.0 - 0.021 * np.minimum(years, 0.0) - 0.010 * np.maximum(years, 0.0)
    creatinine = np.maximum(chart["creatinine_mg_per_dl"] * MICROMOLES, 60.0)
    kidney = (chart["usual_creatinine_umol_per_l"] / creatinine) ** 0.222
    male = chart["male"] > 0.5
    return {
        CLEARANCE: np.where(male, 9.4, 8.1) * size**0.952 * ageing * kidney,
        CENTRAL_VOLUME: np.where(male, 25.1, 20.1) * size,
        Q2: 1.5 * size**0.952,
        V2: 10.0 * size,
    }


HENNIG_2013 = PopulationModel(
    id="tobramycin-hennig-2013",
    version="1",
    drug="tobramycin",
    title="Hennig 2013",
    system=compartments(2),
    typical=_hennig,
    etas=on(CLEARANCE, CENTRAL_VOLUME, Q2, V2),
    omega=correlated(logarithmic(25.9, 15.2, 41.8, 58.5), (0, 1, 0.658), (0, 2, 0.711), (1, 2, 0.475)),
    omega_convention="variance of eta as ln(1 + CV²), from 25.9, 15.2, 41.8 and 58.5 % CV, as nlmixr2lib converts "
    "them; covariances from correlations of 0.658, 0.711 and 0.475",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.204)},
    covariates=(
        covariate("fat_free_mass_kg", 3.0, 65.1),
        covariate("age_y", 0.01, 85.0),
        covariate("weight_kg", 3.3, 120.0),
        covariate("creatinine_mg_per_dl", meaning="serum creatinine, below 60 µmol/L set to 60"),
        covariate(
            "usual_creatinine_umol_per_l",
            unit="umol/L",
            meaning="usual serum creatinine for age and sex: 84 in men, 69.5 in women, 37.2 below 18 years",
        ),
        covariate("male"),
    ),
    clinical_inputs=("age_y", "male", "weight_kg", "height_cm", "creatinine_mg_per_dl"),
    derived={
        "fat_free_mass_kg": FAT_FREE_MASS,
        "usual_creatinine_umol_per_l": Derived(
            ("age_y", "male"), _usual_creatinine, "84 µmol/L in men, 69.5 in women, 37.2 below 18 years (Hennig 2013)"
        ),
    },
    occasions=Occasions(on(CLEARANCE), logarithmic(12.7), NAMED_OCCASIONS_H),
    population="732 patients (465 with cystic fibrosis), children and adults, 5605 concentrations",
    citation=Citation(
        "Hennig S et al. Clin Pharmacokinet 2013;52:289-301",
        "10.1007/s40262-013-0036-y",
        (
            "nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Hennig_2013_tobra.R",
            "russlewisbo/Dosingapp models.js",
        ),
    ),
    conflicts=(
        "nlmixr2lib asks for a usual creatinine from outside, which the article does not fully define; the adult "
        "values of its Table 1 are used here, as in Dosingapp.",
    ),
    unverified=(
        "Below 18 years the article's relation of usual creatinine to age was not published in what was read: its "
        "median of 37.2 µmol/L stands in.",
        "How long an occasion is was not read; a course names its own, or has one.",
    ),
    intended=("Adults and children, with and without cystic fibrosis.",),
    cautioned=("Children whose creatinine is far from 37 to 60 µmol/L.",),
)

TOBRAMYCIN = Drug(
    name="tobramycin",
    title="Tobramycin",
    models=(HENNIG_2013.id,),
    targets=(
        Target("AUC24 70–100 mg·h/L", 70.0, 100.0, BULLETIN, Metric.AUC24, "mg.h/L", harm="kidney and hearing"),
        Target("trough below 1 mg/L", 0.0, 1.0, BULLETIN, Metric.TROUGH, "mg/L", harm="kidney and hearing"),
        Target("peak 15–30 mg/L", 15.0, 30.0, BULLETIN, Metric.PEAK, "mg/L"),
    ),
    practice=Practice(
        step_mg=20.0,
        min_mg=20.0,
        max_mg=1000.0,
        max_daily_mg=1000.0,
        intervals_h=(8.0, 12.0, 24.0, 36.0, 48.0),
        max_rate_mg_per_h=2000.0,
        source=ours("All limits are house settings, alike those of gentamicin; confirm them with the pharmacy."),
    ),
    level_unit="mg/L",
    level_channel=Channel.TOBRAMYCIN,
)

MODELS = (HENNIG_2013,)
