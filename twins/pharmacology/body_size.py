"""Body surface area, lean and ideal weights from weight, height, sex and age.

All functions take numbers or arrays that broadcast against each other, under the names that charts use, and give
arrays of float64. `male` is 1 or 0. A weight, height or age that is not positive (0 years is taken), or a sex that is
neither, raises `CovariateError`, which names it. The articles themselves were not at hand: coefficients were compared
with two public implementations or tables each.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.domain import CovariateError, is_male, not_negative, positive, within

Array = NDArray[np.float64]

CM_PER_INCH = 2.54
_SHORTEST_CM = 60 * CM_PER_INCH
"""Devine's line was drawn from 5 feet on."""


def _size(weight_kg: ArrayLike, height_cm: ArrayLike) -> tuple[Array, Array]:
    weight, height = positive(weight_kg=weight_kg, height_cm=height_cm)
    return weight, height


def body_mass_index(weight_kg: ArrayLike, height_cm: ArrayLike) -> Array:
    """Weight over height squared, kg/m²."""
    weight, height = _size(weight_kg, height_cm)
    return np.asarray(weight / np.square(height / 100.0))


def du_bois(weight_kg: ArrayLike, height_cm: ArrayLike) -> Array:
    """Body surface area, m²: 0.007184 · weight^0.425 · height^0.725.

    References
    ----------
    Du Bois D, Du Bois EF. Arch Intern Med 1916;17:863-871, doi 10.1001/archinte.1916.00080130010002.
    """
    weight, height = _size(weight_kg, height_cm)
    return np.asarray(0.007184 * weight**0.425 * height**0.725)


def mosteller(weight_kg: ArrayLike, height_cm: ArrayLike) -> Array:
    """Body surface area, m²: √(height · weight / 3600).

    References
    ----------
    Mosteller RD. N Engl J Med 1987;317:1098, doi 10.1056/NEJM198710223171717.
    """
    weight, height = _size(weight_kg, height_cm)
    return np.asarray(np.sqrt(height * weight / 3600.0))


def haycock(weight_kg: ArrayLike, height_cm: ArrayLike) -> Array:
    """Body surface area, m²: 0.024265 · weight^0.5378 · height^0.3964; drawn up in infants, children and adults.

    References
    ----------
    Haycock GB, Schwartz GJ, Wisotsky DH. J Pediatr 1978;93:62-66, doi 10.1016/S0022-3476(78)80601-5.
    """
    weight, height = _size(weight_kg, height_cm)
    return np.asarray(0.024265 * weight**0.5378 * height**0.3964)


def gehan_george(weight_kg: ArrayLike, height_cm: ArrayLike) -> Array:
    """Body surface area, m²: 0.0235 · weight^0.51456 · height^0.42246; 401 people, children and adults.

    References
    ----------
    Gehan EA, George SL. Cancer Chemother Rep 1970;54:225-235 (no DOI).
    """
    weight, height = _size(weight_kg, height_cm)
    return np.asarray(0.0235 * weight**0.51456 * height**0.42246)


def boyd(weight_kg: ArrayLike, height_cm: ArrayLike) -> Array:
    """Body surface area, m²: 0.0003207 · height^0.3 · grams^(0.7285 - 0.0188 · log10(grams)).

    References
    ----------
    Boyd E. The growth of the surface area of the human body. University of Minnesota Press, 1935 (no DOI).
    """
    weight, height = _size(weight_kg, height_cm)
    grams = 1000.0 * weight
    return np.asarray(0.0003207 * height**0.3 * grams ** (0.7285 - 0.0188 * np.log10(grams)))


def ideal_weight(height_cm: ArrayLike, male: ArrayLike) -> Array:
    """Devine's ideal body weight of adults, kg: 50 (women 45.5) and 2.3 for each inch above 5 feet.

    Below 5 feet (152.4 cm) the line is followed downwards, as practice has it; it was not drawn up there.

    Raises
    ------
    CovariateError
        If the line gives no positive weight (men below 97.2 cm, women below 102.2 cm).

    References
    ----------
    Devine BJ. Drug Intell Clin Pharm 1974;8:650-655 (no DOI).
    """
    (height,) = positive(height_cm=height_cm)
    found = np.where(is_male(male), 50.0, 45.5) + 2.3 * (height - _SHORTEST_CM) / CM_PER_INCH
    if not bool(np.all(found > 0)):
        raise CovariateError(
            f"height_cm is {float(np.min(height)):g}, for which Devine's line gives no positive weight; use the "
            "patient's own weight, or an equation for children"
        )
    return np.asarray(found)


def adjusted_weight(weight_kg: ArrayLike, height_cm: ArrayLike, male: ArrayLike, *, factor: float = 0.4) -> Array:
    """Ideal body weight and `factor` of what the patient's weight has beyond it, kg.

    It is the plain formula: where a patient weighs less than the ideal, the result lies between the two; see
    `dosing_weight` for the rule that then takes the patient's own weight.

    A share of 0.4 is usual for aminoglycosides and for Cockcroft-Gault in obesity, 0.25 to 0.3 are met too; there is no
    one source.
    """
    (share,) = within(0.0, 1.0, factor=factor)
    (weight,) = positive(weight_kg=weight_kg)
    ideal = ideal_weight(height_cm, male)
    return np.asarray(ideal + share * (weight - ideal))


def dosing_weight(weight_kg: ArrayLike, height_cm: ArrayLike, male: ArrayLike, *, above: float = 1.2) -> Array:
    """The patient's own weight below the ideal one, the adjusted weight above `above` times it, else the ideal weight.

    A house rule as pharmacies have it; `above` differs between them (1.2 to 1.3).
    """
    (weight,) = positive(weight_kg=weight_kg)
    ideal = ideal_weight(height_cm, male)
    heavy = np.where(weight > above * ideal, adjusted_weight(weight, height_cm, male), ideal)
    return np.asarray(np.where(weight < ideal, weight, heavy))


def lean_weight_james(weight_kg: ArrayLike, height_cm: ArrayLike, male: ArrayLike) -> Array:
    """Lean body weight, kg: 1.1 · weight - 128 · (weight/height)² in men, 1.07 and 148 in women.

    The parabola falls again with weight from a body mass index of about 43 (men) and 36 kg/m² (women) on; such weights
    are refused, for there a heavier patient would be given less lean mass.

    Raises
    ------
    CovariateError
        Beyond the parabola's highest point, too.

    References
    ----------
    James WPT. Research on obesity. HMSO, London 1976; as read in Absalom AR et al. Br J Anaesth 2009;103:26-37,
    doi 10.1093/bja/aep143.
    """
    weight, height = _size(weight_kg, height_cm)
    man = is_male(male)
    slope, bend = np.where(man, 1.1, 1.07), np.where(man, 128.0, 148.0)
    turn = slope * np.square(height) / (2.0 * bend)
    beyond = weight > turn
    if bool(np.any(beyond)):
        heavy, limit = (np.broadcast_to(values, beyond.shape)[beyond].flat[0] for values in (weight, turn))
        raise CovariateError(
            f"weight_kg is {heavy:g}, beyond {limit:.0f} kg, where James's lean weight begins to fall at this height; "
            "use fat_free_mass_janmahasatian"
        )
    return np.asarray(slope * weight - bend * np.square(weight / height))


def lean_weight_boer(weight_kg: ArrayLike, height_cm: ArrayLike, male: ArrayLike) -> Array:
    """Lean body mass, kg: 0.407 · weight + 0.267 · height - 19.2 in men, 0.252, 0.473 and 48.3 in women.

    Raises
    ------
    CovariateError
        If the line, drawn up in adults, gives no positive mass.

    References
    ----------
    Boer P. Am J Physiol 1984;247:F632-F636, doi 10.1152/ajprenal.1984.247.4.F632.
    """
    weight, height = _size(weight_kg, height_cm)
    man = is_male(male)
    found = np.where(man, 0.407, 0.252) * weight + np.where(man, 0.267, 0.473) * height - np.where(man, 19.2, 48.3)
    if not bool(np.all(found > 0)):
        raise CovariateError(
            f"weight_kg of {float(np.min(weight)):g} and height_cm of {float(np.min(height)):g} lie below Boer's line, "
            "which is for adults; use fat_free_mass_al_sallami for children"
        )
    return np.asarray(found)


def fat_free_mass_janmahasatian(weight_kg: ArrayLike, height_cm: ArrayLike, male: ArrayLike) -> Array:
    """Fat-free mass of adults, kg: 9270 · weight / (6680 + 216 · BMI) in men, 8780 and 244 in women.

    From 373 adults of 40.7 to 216.5 kg and 17.1 to 69.9 kg/m².

    References
    ----------
    Janmahasatian S et al. Clin Pharmacokinet 2005;44:1051-1065, doi 10.2165/00003088-200544100-00004.
    """
    weight, height = _size(weight_kg, height_cm)
    man = is_male(male)
    index = body_mass_index(weight, height)
    return np.asarray(9270.0 * weight / (np.where(man, 6680.0, 8780.0) + np.where(man, 216.0, 244.0) * index))


def fat_free_mass_al_sallami(weight_kg: ArrayLike, height_cm: ArrayLike, age_y: ArrayLike, male: ArrayLike) -> Array:
    """Fat-free mass of children and adults, kg: Janmahasatian's times a factor that matures with age.

    Boys: 0.88 + 0.12 / (1 + (age/13.4)^-12.7); girls: 1.11 - 0.11 / (1 + (age/7.1)^-1.1). From 1011 people of 3 to 29
    years.

    References
    ----------
    Al-Sallami HS et al. Clin Pharmacokinet 2015;54:1169-1178, doi 10.1007/s40262-015-0277-z.
    """
    (age,) = not_negative(age_y=age_y)
    adult = fat_free_mass_janmahasatian(weight_kg, height_cm, male)
    # (age/a)^-b / (1 + (age/a)^-b) written so that an age of 0 needs no division by it
    boys = np.power(age / 13.4, 12.7)
    girls = np.power(age / 7.1, 1.1)
    factor = np.where(is_male(male), 0.88 + 0.12 * boys / (1.0 + boys), 1.11 - 0.11 * girls / (1.0 + girls))
    return np.asarray(factor * adult)
