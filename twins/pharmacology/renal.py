"""Creatinine clearance, stable and changing; with `twins.pharmacology.filtration`, all that is known of kidneys.

All functions take numbers or arrays that broadcast against each other, under the names that charts use, and give
arrays of float64 in mL/min unless they say otherwise. `male` is 1 or 0. A value that no patient can have, or that an
equation cannot be computed for, raises `CovariateError`, which names it. Articles were at hand as abstracts only:
coefficients were compared with two public implementations or tables each (InsightRX/clinPK; rxkinetics.com;
clincalc.com), those of `jelliffe_unstable` and `kinetic_egfr` with the first alone.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.body_size import (
    adjusted_weight,
    fat_free_mass_janmahasatian,
    ideal_weight,
    lean_weight_boer,
    lean_weight_james,
)
from twins.pharmacology.domain import is_male, not_negative, positive, positive_result, within
from twins.pharmacology.filtration import (
    UMOL_PER_L_IN_MG_PER_DL,
    ckd_epi_2009,
    ckd_epi_2012_cystatin_c,
    ckd_epi_2021,
    hoek_cystatin_c,
    lund_malmo_revised,
    mdrd,
    schwartz,
    schwartz_bedside,
    wright,
)

__all__ = [
    "STANDARD_SURFACE_M2",
    "UMOL_PER_L_IN_MG_PER_DL",
    "absolute",
    "ckd_epi_2009",
    "ckd_epi_2012_cystatin_c",
    "ckd_epi_2021",
    "cockcroft_gault",
    "cockcroft_gault_adjusted",
    "cockcroft_gault_fat_free",
    "cockcroft_gault_ideal",
    "cockcroft_gault_lean",
    "cockcroft_gault_spinal_cord_injury",
    "hoek_cystatin_c",
    "jelliffe",
    "jelliffe_unstable",
    "kinetic_egfr",
    "lund_malmo_revised",
    "mdrd",
    "relative",
    "schwartz",
    "schwartz_bedside",
    "wright",
]

Array = NDArray[np.float64]

STANDARD_SURFACE_M2 = 1.73


def cockcroft_gault(age_y: ArrayLike, weight_kg: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike) -> Array:
    """Creatinine clearance in mL/min: (140 - age) · weight / (72 · creatinine), times 0.85 in women.

    With the weight that is given: the patient's own, or one of the functions below. Drawn up in 249 men. Ages of 140
    years and more give 0.

    Raises
    ------
    CovariateError
        If a weight or a creatinine is not positive, or an age is negative.

    References
    ----------
    Cockcroft DW, Gault MH. Nephron 1976;16:31-41, doi 10.1159/000180580.
    """
    weight, creatinine = positive(weight_kg=weight_kg, creatinine_mg_per_dl=creatinine_mg_per_dl)
    (age,) = not_negative(age_y=age_y)
    sex = np.where(is_male(male), 1.0, 0.85)
    return np.asarray(np.maximum(140.0 - age, 0.0) * weight / (72.0 * creatinine) * sex)


def cockcroft_gault_ideal(
    age_y: ArrayLike, height_cm: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike
) -> Array:
    """`cockcroft_gault` on Devine's ideal body weight (`body_size.ideal_weight`), mL/min."""
    return cockcroft_gault(age_y, ideal_weight(height_cm, male), creatinine_mg_per_dl, male)


def cockcroft_gault_adjusted(
    age_y: ArrayLike,
    weight_kg: ArrayLike,
    height_cm: ArrayLike,
    creatinine_mg_per_dl: ArrayLike,
    male: ArrayLike,
    *,
    factor: float = 0.4,
) -> Array:
    """`cockcroft_gault` on adjusted body weight (`body_size.adjusted_weight`), mL/min."""
    weight = adjusted_weight(weight_kg, height_cm, male, factor=factor)
    return cockcroft_gault(age_y, weight, creatinine_mg_per_dl, male)


def cockcroft_gault_lean(
    age_y: ArrayLike,
    weight_kg: ArrayLike,
    height_cm: ArrayLike,
    creatinine_mg_per_dl: ArrayLike,
    male: ArrayLike,
    *,
    boer: bool = False,
) -> Array:
    """`cockcroft_gault` on James's lean body weight, or Boer's with `boer`, mL/min."""
    lean = (lean_weight_boer if boer else lean_weight_james)(weight_kg, height_cm, male)
    return cockcroft_gault(age_y, lean, creatinine_mg_per_dl, male)


def cockcroft_gault_fat_free(
    age_y: ArrayLike, weight_kg: ArrayLike, height_cm: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike
) -> Array:
    """`cockcroft_gault` on Janmahasatian's fat-free mass, mL/min."""
    lean = fat_free_mass_janmahasatian(weight_kg, height_cm, male)
    return cockcroft_gault(age_y, lean, creatinine_mg_per_dl, male)


def cockcroft_gault_spinal_cord_injury(
    age_y: ArrayLike,
    weight_kg: ArrayLike,
    creatinine_mg_per_dl: ArrayLike,
    male: ArrayLike,
    *,
    factor: float = 0.7,
) -> Array:
    """`cockcroft_gault` times `factor` for the muscle lost with a spinal cord injury, mL/min.

    0.8 in paraplegia, 0.6 in tetraplegia, 0.7 between them; read in InsightRX/clinPK alone.

    References
    ----------
    Mirahmadi et al. Paraplegia 1983, PMID 6835689.
    """
    (share,) = within(0.0, 1.0, factor=factor)
    return np.asarray(share * cockcroft_gault(age_y, weight_kg, creatinine_mg_per_dl, male))


def jelliffe(age_y: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike) -> Array:
    """Creatinine clearance at stable function, mL/min/1.73 m²: (98 - 0.8 · (age - 20)) / creatinine, women 90 % of it.

    Adults.

    Raises
    ------
    CovariateError
        From 142.5 years on, where it is not positive.

    References
    ----------
    Jelliffe RW. Ann Intern Med 1973;79:604-605, doi 10.7326/0003-4819-79-4-604.
    """
    (creatinine,) = positive(creatinine_mg_per_dl=creatinine_mg_per_dl)
    (age,) = within(0.0, 142.0, age_y=age_y)
    return np.asarray((98.0 - 0.8 * (age - 20.0)) / creatinine * np.where(is_male(male), 1.0, 0.9))


def jelliffe_unstable(
    age_y: ArrayLike,
    weight_kg: ArrayLike,
    earlier_mg_per_dl: ArrayLike,
    later_mg_per_dl: ArrayLike,
    hours: ArrayLike,
    male: ArrayLike,
    *,
    dialysed: ArrayLike = 0.0,
) -> Array:
    """Creatinine clearance between two creatinines `hours` apart, mL/min; not below 0.

    What is made, (29.305 - 0.203 · age) · weight mg a day, is lowered with the mean creatinine C by
    (1344.4 - 43.76 · C) / (1344.4 - 43.76 · 1.1), times 0.95 in men and 0.9 · 0.95 in women (and 0.85 where
    `dialysed`); what stays in the body (0.4 L/kg) is taken off; the rest is divided by C.

    Raises
    ------
    CovariateError
        From 144 years on, or from a mean creatinine of 30.7 mg/dL on, where nothing is made.

    References
    ----------
    Jelliffe R. Am J Nephrol 2002;22:320-324, PMID 12169862.
    """
    weight, earlier, later, apart = positive(
        weight_kg=weight_kg, earlier_mg_per_dl=earlier_mg_per_dl, later_mg_per_dl=later_mg_per_dl, hours=hours
    )
    (age,) = within(0.0, 144.0, age_y=age_y)
    (on_dialysis,) = within(0.0, 1.0, dialysed=dialysed)
    mean = 0.5 * (earlier + later)
    share = positive_result((1344.4 - 43.76 * mean) / (1344.4 - 43.76 * 1.1), "mean creatinine, mg/dL,", mean)
    sex = np.where(is_male(male), 0.95, 0.9 * 0.95)
    made = (29.305 - 0.203 * age) * weight * share * sex * np.where(on_dialysis > 0.5, 0.85, 1.0)
    kept = 4.0 * weight * (later - earlier) / (apart / 24.0)
    return np.asarray(np.maximum(made - kept, 0.0) / (14.4 * mean))


def kinetic_egfr(
    steady_mg_per_dl: ArrayLike,
    steady_egfr_ml_per_min: ArrayLike,
    earlier_mg_per_dl: ArrayLike,
    later_mg_per_dl: ArrayLike,
    hours: ArrayLike,
    volume_l: ArrayLike,
) -> Array:
    """Kinetic estimate of filtration while creatinine changes, mL/min; not below 0.

    steady creatinine · steady eGFR / mean creatinine · (1 - 24 · rise / (hours · greatest rise in a day)), where the
    greatest rise, that of kidneys that do nothing, is what is made in a day over the volume: 1.44 · steady eGFR ·
    steady creatinine / volume.

    Parameters
    ----------
    steady_mg_per_dl, steady_egfr_ml_per_min
        Creatinine at a steady state before, and the filtration estimated from it, in mL/min (not per 1.73 m²).
    volume_l
        That creatinine is distributed in; total body water, 0.6 L/kg in the article's examples.

    References
    ----------
    Chen S. J Am Soc Nephrol 2013;24:877-888, doi 10.1681/ASN.2012070653.
    """
    steady, egfr, earlier, later, apart, volume = positive(
        steady_mg_per_dl=steady_mg_per_dl,
        steady_egfr_ml_per_min=steady_egfr_ml_per_min,
        earlier_mg_per_dl=earlier_mg_per_dl,
        later_mg_per_dl=later_mg_per_dl,
        hours=hours,
        volume_l=volume_l,
    )
    greatest = 1.44 * egfr * steady / volume
    share = 1.0 - 24.0 * (later - earlier) / (apart * greatest)
    return np.asarray(np.maximum(steady * egfr / (0.5 * (earlier + later)) * share, 0.0))


def absolute(egfr_ml_per_min_per_1_73m2: ArrayLike, surface_m2: ArrayLike) -> Array:
    """An estimate per 1.73 m² as mL/min of a patient with this body surface."""
    (relative,) = not_negative(egfr_ml_per_min_per_1_73m2=egfr_ml_per_min_per_1_73m2)
    (surface,) = positive(surface_m2=surface_m2)
    return np.asarray(relative * surface / STANDARD_SURFACE_M2)


def relative(egfr_ml_per_min: ArrayLike, surface_m2: ArrayLike) -> Array:
    """A clearance in mL/min as mL/min per 1.73 m²."""
    (found,) = not_negative(egfr_ml_per_min=egfr_ml_per_min)
    (surface,) = positive(surface_m2=surface_m2)
    return np.asarray(found * STANDARD_SURFACE_M2 / surface)
