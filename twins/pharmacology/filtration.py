"""Glomerular filtration per 1.73 m² of body surface, from creatinine or cystatin C, age and sex.

All functions take numbers or arrays that broadcast against each other, under the names that charts use, and give
arrays of float64 in mL/min per 1.73 m² unless they say otherwise. `male` is 1 or 0. A value that no patient can have,
or that an equation cannot be computed for, raises `CovariateError`, which names it. The ages that an equation was
drawn up in are stated, not enforced. Articles were at hand as abstracts only: coefficients were compared with two
public implementations or tables each (National Kidney Foundation, kidney.org; InsightRX/clinPK; egfr.app).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.domain import is_male, not_negative, positive, positive_result, within

Array = NDArray[np.float64]

UMOL_PER_L_IN_MG_PER_DL = 88.4
"""Creatinine, 113.12 g/mol."""


def _two_slopes(ratio: Array, below: ArrayLike, above: float) -> Array:
    """min(ratio, 1)^below · max(ratio, 1)^above: the spline with one knot of all CKD-EPI equations."""
    return np.asarray(np.minimum(ratio, 1.0) ** np.asarray(below) * np.maximum(ratio, 1.0) ** above)


def ckd_epi_2009(
    age_y: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike, *, black: ArrayLike = 0.0
) -> Array:
    """CKD-EPI of 2009, mL/min/1.73 m²; adults, creatinine traceable to IDMS.

    141 · min(Cr/k, 1)^a · max(Cr/k, 1)^-1.209 · 0.993^age, with k 0.9 and a -0.411 in men, 0.7 and -0.329 in women,
    times 1.018 in women.

    Parameters
    ----------
    black
        1 multiplies by the article's 1.159. It is 0 unless asked for: laboratories no longer report by race, and
        `ckd_epi_2021` was fitted without it.

    References
    ----------
    Levey AS et al. Ann Intern Med 2009;150:604-612, doi 10.7326/0003-4819-150-9-200905050-00006.
    """
    (creatinine,) = positive(creatinine_mg_per_dl=creatinine_mg_per_dl)
    (age,) = not_negative(age_y=age_y)
    man = is_male(male)
    slopes = _two_slopes(creatinine / np.where(man, 0.9, 0.7), np.where(man, -0.411, -0.329), -1.209)
    return np.asarray(141.0 * slopes * 0.993**age * np.where(man, 1.0, 1.018) * _race(black, 1.159))


def ckd_epi_2021(age_y: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike) -> Array:
    """CKD-EPI of 2021, fitted without race, mL/min/1.73 m²; adults, creatinine traceable to IDMS.

    142 · min(Cr/k, 1)^a · max(Cr/k, 1)^-1.2 · 0.9938^age, with k 0.9 and a -0.302 in men, 0.7 and -0.241 in women,
    times 1.012 in women.

    References
    ----------
    Inker LA et al. N Engl J Med 2021;385:1737-1749, doi 10.1056/NEJMoa2102953.
    """
    (creatinine,) = positive(creatinine_mg_per_dl=creatinine_mg_per_dl)
    (age,) = not_negative(age_y=age_y)
    man = is_male(male)
    slopes = _two_slopes(creatinine / np.where(man, 0.9, 0.7), np.where(man, -0.302, -0.241), -1.2)
    return np.asarray(142.0 * slopes * 0.9938**age * np.where(man, 1.0, 1.012))


def ckd_epi_2012_cystatin_c(age_y: ArrayLike, cystatin_c_mg_per_l: ArrayLike, male: ArrayLike) -> Array:
    """CKD-EPI of 2012 from cystatin C alone, mL/min/1.73 m²; adults.

    133 · min(C/0.8, 1)^-0.499 · max(C/0.8, 1)^-1.328 · 0.996^age, times 0.932 in women.

    References
    ----------
    Inker LA et al. N Engl J Med 2012;367:20-29, doi 10.1056/NEJMoa1114248.
    """
    (cystatin,) = positive(cystatin_c_mg_per_l=cystatin_c_mg_per_l)
    (age,) = not_negative(age_y=age_y)
    slopes = _two_slopes(cystatin / 0.8, -0.499, -1.328)
    return np.asarray(133.0 * slopes * 0.996**age * np.where(is_male(male), 1.0, 0.932))


def hoek_cystatin_c(cystatin_c_mg_per_l: ArrayLike) -> Array:
    """-4.32 + 80.35 / cystatin C, mL/min/1.73 m².

    Raises
    ------
    CovariateError
        From 18.6 mg/L on, where it is not positive.

    References
    ----------
    Hoek FJ, Kemperman FA, Krediet RT. Nephrol Dial Transplant 2003;18:2024-2031; read in InsightRX/clinPK alone.
    """
    (cystatin,) = positive(cystatin_c_mg_per_l=cystatin_c_mg_per_l)
    return positive_result(-4.32 + 80.35 / cystatin, "cystatin_c_mg_per_l", cystatin)


def mdrd(
    age_y: ArrayLike,
    creatinine_mg_per_dl: ArrayLike,
    male: ArrayLike,
    *,
    black: ArrayLike = 0.0,
    standardised: bool = True,
) -> Array:
    """MDRD with four variables, mL/min/1.73 m²: 175 · Cr^-1.154 · age^-0.203, times 0.742 in women.

    Drawn up in adults with chronic kidney disease; too low above 60 mL/min/1.73 m².

    Parameters
    ----------
    black
        1 multiplies by the article's 1.212; 0 unless asked for.
    standardised
        False takes the 186 of 2000, for creatinine that is not traceable to IDMS.

    References
    ----------
    Levey AS et al. Clin Chem 2007;53:766-772, doi 10.1373/clinchem.2006.077180 (175); Manjunath G, Sarnak MJ, Levey
    AS. Curr Opin Nephrol Hypertens 2001;10:785-792, PMID 11706306 (186).
    """
    age, creatinine = positive(age_y=age_y, creatinine_mg_per_dl=creatinine_mg_per_dl)
    scale = 175.0 if standardised else 186.0
    sex = np.where(is_male(male), 1.0, 0.742)
    return np.asarray(scale * creatinine**-1.154 * age**-0.203 * sex * _race(black, 1.212))


def lund_malmo_revised(age_y: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike) -> Array:
    """Revised Lund-Malmö, mL/min/1.73 m²: exp(X - 0.0158 · age + 0.438 · ln(age)); adults, without race.

    With creatinine c in µmol/L: women X = 2.50 + 0.0121 · (150 - c) below 150, else 2.50 - 0.926 · ln(c/150); men
    X = 2.56 + 0.00968 · (180 - c) below 180, else 2.56 - 0.926 · ln(c/180).

    References
    ----------
    Nyman U et al. Clin Chem Lab Med 2014;52:815-824, doi 10.1515/cclm-2013-0741; Björk J et al. Scand J Clin Lab
    Invest 2011;71:232-239, doi 10.3109/00365513.2011.557086.
    """
    age, creatinine = positive(age_y=age_y, creatinine_mg_per_dl=creatinine_mg_per_dl)
    man = is_male(male)
    knot = np.where(man, 180.0, 150.0)
    micromolar = creatinine * UMOL_PER_L_IN_MG_PER_DL
    below = np.where(man, 0.00968, 0.0121) * (knot - micromolar)
    x = np.where(man, 2.56, 2.50) + np.where(micromolar < knot, below, -0.926 * np.log(micromolar / knot))
    return np.asarray(np.exp(x - 0.0158 * age + 0.438 * np.log(age)))


def wright(age_y: ArrayLike, surface_m2: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike) -> Array:
    """Glomerular filtration of adults with cancer, mL/min (not per 1.73 m²); creatinine by the Jaffe assay.

    (6580 - 38.8 · age) · BSA · (1 - 0.168 in women) / creatinine in µmol/L.

    Raises
    ------
    CovariateError
        From 169.6 years on, where it is not positive.

    References
    ----------
    Wright JG et al. Br J Cancer 2001;84:452-459, doi 10.1054/bjoc.2000.1643.
    """
    surface, creatinine = positive(surface_m2=surface_m2, creatinine_mg_per_dl=creatinine_mg_per_dl)
    (age,) = within(0.0, 169.0, age_y=age_y)
    sex = np.where(is_male(male), 1.0, 1.0 - 0.168)
    return np.asarray((6580.0 - 38.8 * age) * surface * sex / (creatinine * UMOL_PER_L_IN_MG_PER_DL))


def schwartz_bedside(height_cm: ArrayLike, creatinine_mg_per_dl: ArrayLike) -> Array:
    """0.413 · height / creatinine, mL/min/1.73 m²; children of 1 to 16 years with kidney disease, enzymatic assay.

    References
    ----------
    Schwartz GJ et al. J Am Soc Nephrol 2009;20:629-637, doi 10.1681/ASN.2008030287.
    """
    height, creatinine = positive(height_cm=height_cm, creatinine_mg_per_dl=creatinine_mg_per_dl)
    return np.asarray(0.413 * height / creatinine)


def schwartz(
    age_y: ArrayLike,
    height_cm: ArrayLike,
    creatinine_mg_per_dl: ArrayLike,
    male: ArrayLike,
    *,
    preterm: ArrayLike = 0.0,
) -> Array:
    """The original k · height / creatinine, mL/min/1.73 m²; creatinine by the Jaffe assay.

    k is 0.45 in the first year (0.33 if born preterm), 0.7 in boys above 13 years and 0.55 in all others.

    References
    ----------
    Schwartz GJ et al. Pediatrics 1976;58:259-263, PMID 951142; the constants of infants and adolescents are later and
    were read in InsightRX/clinPK and public calculators.
    """
    height, creatinine = positive(height_cm=height_cm, creatinine_mg_per_dl=creatinine_mg_per_dl)
    (age,) = not_negative(age_y=age_y)
    (early,) = within(0.0, 1.0, preterm=preterm)
    child = np.where(is_male(male) & (age > 13.0), 0.7, 0.55)
    k = np.where(age < 1.0, np.where(early > 0.5, 0.33, 0.45), child)
    return np.asarray(k * height / creatinine)


def _race(black: ArrayLike, factor: float) -> Array:
    (values,) = within(0.0, 1.0, black=black)
    return np.asarray(np.where(values > 0.5, factor, 1.0))
