"""How kidneys are staged by KDIGO: acute injury by creatinine, and the category of a filtration rate."""

from collections.abc import Sequence
from dataclasses import dataclass

RISE_MG_PER_DL, RISE_WITHIN_H = 0.3, 48.0
RISE_RATIO, RATIO_WITHIN_H = 1.5, 7 * 24.0
"""Acute kidney injury by creatinine: a rise of 0.3 mg/dL within 48 h, or to 1.5 times the baseline within 7 days.

KDIGO Clinical Practice Guideline for Acute Kidney Injury. Kidney Int Suppl 2012;2:1-138. doi:10.1038/kisup.2012.1
"""
_SEVERE_MG_PER_DL = 4.0
_ROUNDING = 1e-9
"""A rise from 0.9 to 1.2 mg/dL is one of 0.3, whatever its last binary digit."""
_CATEGORIES = ((90.0, "G1"), (60.0, "G2"), (45.0, "G3a"), (30.0, "G3b"), (15.0, "G4"), (0.0, "G5"))


@dataclass(frozen=True, slots=True)
class Rise:
    """Acute kidney injury by creatinine: from which value it rose, for how many hours, and to which stage, 1 to 3."""

    before_mg_per_dl: float
    hours: float
    stage: int


def rise(times_h: Sequence[float], creatinine_mg_per_dl: Sequence[float]) -> Rise | None:
    """The acute rise up to the last value; None where there is none. Whoever says from where creatinine rose asks here.

    It rose from the lowest value of the 7 days before where that is what it is an injury by, else from the lowest of
    48 h; of several as low from the first.

    Parameters
    ----------
    times_h
        Hours, ascending.
    creatinine_mg_per_dl
        Urine output and the start of renal replacement, which stage injury too, are not known here.

    References
    ----------
    KDIGO 2012, table 2, doi 10.1038/kisup.2012.1.
    """
    *before, (time, latest) = zip(times_h, creatinine_mg_per_dl, strict=True)
    in_a_week = [(value, t) for t, value in before if time - t <= RATIO_WITHIN_H]
    in_two_days = [(value, t) for value, t in in_a_week if time - t <= RISE_WITHIN_H]
    steep = bool(in_a_week) and latest >= RISE_RATIO * min(in_a_week)[0] - _ROUNDING
    soon = bool(in_two_days) and latest - min(in_two_days)[0] >= RISE_MG_PER_DL - _ROUNDING
    if not (steep or soon):
        return None
    lowest, since = min(in_a_week if steep else in_two_days)
    return Rise(lowest, time - since, kdigo_stage(latest / lowest, latest))


def injury_stages(times_h: Sequence[float], creatinine_mg_per_dl: Sequence[float]) -> tuple[int, ...]:
    """The stage of acute kidney injury at each value: 0 (none) to 3.

    Parameters
    ----------
    times_h, creatinine_mg_per_dl
        As of `rise`.
    """
    upto = range(1, len(times_h) + 1)
    found = [rise(times_h[:k], creatinine_mg_per_dl[:k]) for k in upto]
    return tuple(0 if one is None else one.stage for one in found)


def kdigo_stage(ratio: float, creatinine_mg_per_dl: float) -> int:
    """Stage of an acute kidney injury whose criteria are met, by creatinine alone: KDIGO 2012, table 2.

    1 from 1.5 times the baseline or a rise of 0.3 mg/dL, 2 from twice, 3 from three times or 4.0 mg/dL; doi as above.
    """
    if ratio >= 3.0 - _ROUNDING or creatinine_mg_per_dl >= _SEVERE_MG_PER_DL:
        return 3
    return 2 if ratio >= 2.0 - _ROUNDING else 1


def filtration_category(filtration_ml_per_min_per_1_73_m2: float) -> str:
    """``G1`` to ``G5`` of an estimated filtration rate.

    It names a chronic category only where it has held for three months.

    References
    ----------
    KDIGO 2024 Clinical Practice Guideline for CKD, Kidney Int 2024;105(4S):S117-S314, doi 10.1016/j.kint.2023.10.018.
    """
    rate = max(filtration_ml_per_min_per_1_73_m2, 0.0)
    return next(name for least, name in _CATEGORIES if rate >= least)
