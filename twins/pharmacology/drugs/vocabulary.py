"""The covariates that models read: each has one name, one unit and one meaning throughout the formulary."""

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.population import CovariateRange

Array = NDArray[np.float64]

RENAL_INPUTS = ("age_y", "male", "weight_kg", "creatinine_mg_per_dl")
"""Chart values that the creatinine clearance by Cockcroft and Gault is computed from."""
MICROMOLES = 88.4
"""µmol/L of creatinine in 1 mg/dL, as the sources that state both units convert it."""
NAMED_OCCASIONS_H = 87_660.0
"""Ten years: for a model whose occasions are cycles or episodes that the course itself has to name."""

_KNOWN = {
    "weight_kg": ("kg", "total body weight"),
    "height_cm": ("cm", "height"),
    "age_y": ("a", "age"),
    "male": ("1", "1 for the male sex, 0 for the female"),
    "creatinine_mg_per_dl": ("mg/dL", "serum creatinine"),
    "creatinine_clearance_ml_per_min": ("mL/min", "creatinine clearance, Cockcroft-Gault on total weight"),
    "creatinine_clearance_ml_per_min_per_1_73m2": (
        "mL/min/{1.73_m2}",
        "creatinine clearance for 1.73 m² of body surface",
    ),
    "gfr_ml_per_min_per_1_73m2": ("mL/min/{1.73_m2}", "estimated glomerular filtration rate"),
    "gfr_ml_per_min": ("mL/min", "estimated glomerular filtration rate"),
    "cystatin_c_gfr_ml_per_min": ("mL/min", "glomerular filtration rate by CKD-EPI from cystatin C"),
    "haemodialysis": ("1", "1 on haemodialysis, else 0"),
    "fat_free_mass_kg": ("kg", "fat-free mass"),
    "lean_body_weight_kg": ("kg", "lean body weight"),
    "body_surface_area_m2": ("m2", "body surface area"),
    "postmenstrual_age_weeks": ("wk", "postmenstrual age"),
    "postnatal_age_days": ("d", "age since birth"),
    "albumin_g_per_l": ("g/L", "serum albumin"),
    "haematocrit": ("1", "haematocrit as a fraction"),
    "hours_since_first_dose": ("h", "hours since the first dose"),
    "cyp3a5_expresser": ("1", "1 with a CYP3A5*1 allele, else 0"),
    "cyp3a4_22_carrier": ("1", "1 with a CYP3A4*22 allele, else 0"),
}


def covariate(
    name: str,
    low: float | None = None,
    high: float | None = None,
    median: float | None = None,
    *,
    default: float | None = None,
    meaning: str = "",
    unit: str = "",
) -> CovariateRange:
    """A covariate by its shared name, with the range of one model's population; `meaning` where it is narrower."""
    known_unit, known_meaning = _KNOWN.get(name, (unit, meaning))
    return CovariateRange(name, unit or known_unit, meaning or known_meaning, low, high, median, default)


def flag(name: str, meaning: str, *, default: float | None = 0.0) -> CovariateRange:
    """A covariate that is 1 or 0; 0 where nothing is charted."""
    return CovariateRange(name, "1", meaning, 0.0, 1.0, default=default)


def constant(value: float, like: Array) -> Array:
    """`value` in the shape of another array."""
    return np.full_like(like, value)
