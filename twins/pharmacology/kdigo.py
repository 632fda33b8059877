"""How kidneys are staged by KDIGO: acute injury by creatinine, and the category of a filtration rate."""

from collections.abc import Sequence

RISE_MG_PER_DL, RISE_WITHIN_H = 0.3, 48.0
RISE_RATIO, RATIO_WITHIN_H = 1.5, 7 * 24.0
"""Acute kidney injury by creatinine: a rise of 0.3 mg/dL within 48 h, or to 1.5 times the baseline within 7 days.

KDIGO Clinical Practice Guideline for Acute Kidney Injury. Kidney Int Suppl 2012;2:1-138. doi:10.1038/kisup.2012.1
"""
_SEVERE_MG_PER_DL = 4.0
_ROUNDING = 1e-9
"""A rise from 0.9 to 1.2 mg/dL is one of 0.3, whatever its last binary digit."""
_CATEGORIES = ((90.0, "G1"), (60.0, "G2"), (45.0, "G3a"), (30.0, "G3b"), (15.0, "G4"), (0.0, "G5"))


def injury_stages(times_h: Sequence[float], creatinine_mg_per_dl: Sequence[float]) -> tuple[int, ...]:
    """The stage of acute kidney injury at each value: 0 (none) to 3.

    Parameters
    ----------
    times_h
        Hours, ascending.
    creatinine_mg_per_dl
        The baseline of each value is the lowest of the 7 days before it, itself included. Urine output and the start of
        renal replacement, which stage injury too, are not known here.

    References
    ----------
    KDIGO 2012, table 2, doi 10.1038/kisup.2012.1.
    """
    stages = []
    for k, (time, value) in enumerate(zip(times_h, creatinine_mg_per_dl, strict=True)):
        before = list(zip(times_h[: k + 1], creatinine_mg_per_dl[: k + 1], strict=True))
        lowest = min(v for t, v in before if time - t <= RATIO_WITHIN_H)
        recent = min(v for t, v in before if time - t <= RISE_WITHIN_H)
        ratio = (value + _ROUNDING) / lowest
        injured = ratio >= RISE_RATIO or value - recent >= RISE_MG_PER_DL - _ROUNDING
        stages.append(kdigo_stage(ratio, value) if injured else 0)
    return tuple(stages)


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
