"""Kidney function from creatinine, age, sex and body size."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.domain import is_male, not_negative, positive

Array = NDArray[np.float64]


def cockcroft_gault(age_y: ArrayLike, weight_kg: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike) -> Array:
    """Creatinine clearance in mL/min: (140 - age) · weight / (72 · creatinine), times 0.85 in women.

    Parameters broadcast against each other; `male` is 1 or 0. Ages of 140 years and more give 0.

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
