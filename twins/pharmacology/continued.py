"""A plan that was made for one course, as what is left of it in a later course of the same patient."""

import math
from dataclasses import replace

from twins.pharmacology.regimen import Plan, Regimen


def continued(plan: Plan, *, shift_h: float, from_h: float, label: str = "") -> Plan:
    """The same doses at the same moments, from `from_h` of the later course on.

    Parameters
    ----------
    shift_h
        From the start of the later course to that of the plan's.
    from_h
        Where the later course ends; the plan goes on with its first dose that is not earlier. A loading dose that was
        due before is over.
    label
        What it is called now; by default as before.
    """
    name = label or plan.label
    if plan.regimen is None:
        return Plan(name, None)
    moved = replace(plan.regimen, start_h=plan.regimen.start_h + shift_h)
    if moved.start_h >= from_h - 1e-9:
        return Plan(name, moved)
    return Plan(name, replace(moved, start_h=_next(moved, from_h), loading_mg=None, loading_h=None))


def _next(regimen: Regimen, from_h: float) -> float:
    """When the first regular dose at or after `from_h` is due."""
    begin = regimen.start_h
    if regimen.loading_mg is not None:
        begin = next((dose.start_h for dose in regimen.doses(begin + 2 * regimen.interval_h)[1:]), begin)
    missed = max(0, math.ceil((from_h - begin) / regimen.interval_h - 1e-9))
    return begin + missed * regimen.interval_h


def same_doses(one: Plan, other: Plan) -> bool:
    """Whether two plans give equal doses equally often, whenever they begin and with whatever first dose."""
    if one.regimen is None or other.regimen is None:
        return one.regimen is other.regimen
    a, b = one.regimen, other.regimen
    return (a.amount_mg, a.interval_h, a.duration_h, a.route) == (b.amount_mg, b.interval_h, b.duration_h, b.route)
