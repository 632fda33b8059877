"""How models compute covariates that the chart does not give, each with its equation's name and source."""

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.body_size import (
    du_bois,
    fat_free_mass_al_sallami,
    fat_free_mass_janmahasatian,
    lean_weight_james,
)
from twins.pharmacology.filtration import ckd_epi_2009, ckd_epi_2012_cystatin_c, mdrd
from twins.pharmacology.population import Derived
from twins.pharmacology.renal import absolute, cockcroft_gault, jelliffe, relative

Array = NDArray[np.float64]

_SIZE = ("weight_kg", "height_cm", "male")


def _normalised(weight_kg: Array, height_cm: Array, age_y: Array, creatinine_mg_per_dl: Array, male: Array) -> Array:
    clearance = cockcroft_gault(age_y, weight_kg, creatinine_mg_per_dl, male)
    return relative(clearance, du_bois(weight_kg, height_cm))


def _of_the_body(weight_kg: Array, height_cm: Array, age_y: Array, creatinine_mg_per_dl: Array, male: Array) -> Array:
    return absolute(jelliffe(age_y, creatinine_mg_per_dl, male), du_bois(weight_kg, height_cm))


def _weeks(age_y: Array) -> Array:
    return np.asarray(40.0 + 52.0 * age_y)


def _days(age_y: Array) -> Array:
    return np.asarray(365.25 * age_y)


FAT_FREE_MASS = Derived(
    _SIZE, fat_free_mass_janmahasatian, "fat-free mass by Janmahasatian, doi 10.2165/00003088-200544100-00004"
)
FAT_FREE_MASS_OF_ALL_AGES = Derived(
    (*_SIZE, "age_y"), fat_free_mass_al_sallami, "fat-free mass by Al-Sallami, doi 10.1007/s40262-015-0277-z"
)
BODY_SURFACE_AREA = Derived(
    ("weight_kg", "height_cm"), du_bois, "body surface by Du Bois, doi 10.1001/archinte.1916.00080130010002"
)
JAMES = Derived(_SIZE, lean_weight_james, "lean body weight by James, as in doi 10.1093/bja/aep143")
NORMALISED_CLEARANCE = Derived(
    ("weight_kg", "height_cm", "age_y", "creatinine_mg_per_dl", "male"),
    _normalised,
    "Cockcroft-Gault on total body weight, doi 10.1159/000180580, for 1.73 m² of body surface by Du Bois",
)
JELLIFFE = Derived(
    ("weight_kg", "height_cm", "age_y", "creatinine_mg_per_dl", "male"),
    _of_the_body,
    "Jelliffe of 1973, rescaled to the patient's own body surface by Du Bois",
)
POSTMENSTRUAL_AGE = Derived(("age_y",), _weeks, "40 weeks and 52 weeks for each year of age: birth at term is assumed")
POSTNATAL_AGE = Derived(("age_y",), _days, "365.25 days for each year of age")
CKD_EPI = Derived(
    ("age_y", "creatinine_mg_per_dl", "male"),
    ckd_epi_2009,
    "CKD-EPI of 2009 without race, doi 10.7326/0003-4819-150-9-200905050-00006",
)
MDRD = Derived(("age_y", "creatinine_mg_per_dl", "male"), mdrd, "MDRD without race, doi 10.1373/clinchem.2006.077180")
CYSTATIN_C = Derived(
    ("age_y", "cystatin_c_mg_per_l", "male"),
    ckd_epi_2012_cystatin_c,
    "CKD-EPI of 2012 from cystatin C, doi 10.1056/NEJMoa1114248",
)
