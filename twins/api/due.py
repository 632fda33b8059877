"""When a regimen that is asked of a twin begins: never with a dose that the course holds already."""

import math
from dataclasses import replace

from twins.pharmacology.regimen import Regimen
from twins.samples.course import Course

_SAME_DOSE = 0.5
"""House setting: a dose of the rhythm asked for that is nearer than this share of the interval to the last dose given,
is that dose."""


def placed(asked: Regimen, course: Course) -> Regimen:
    """The regimen from its first dose that is still to be given.

    One that begins after the course's end stays as it is. One whose start was not said (hour 0) begins an interval
    after the last dose given, as the plan in force and the regimens proposed do, but not in the past. One that was said
    to have begun earlier keeps that rhythm, without the dose that was given last, were it given a little early.
    """
    now = course.until_h
    if asked.start_h > now or (asked.start_h == now and now > 0):
        return asked
    last = last_dose_h(course)
    if asked.start_h == 0.0:
        return replace(asked, start_h=now if last is None else max(now, last + asked.interval_h))
    due = asked.start_h + asked.interval_h * math.ceil((now - asked.start_h) / asked.interval_h - 1e-9)
    if last is not None and due - last < _SAME_DOSE * asked.interval_h:
        due += asked.interval_h
    return replace(asked, start_h=due)


def last_dose_h(course: Course) -> float | None:
    """When the last dose up to the course's end began, of a series its last; None without a dose."""
    begun = []
    for dose in course.doses:
        if dose.start_h <= course.until_h:
            passed = math.floor((course.until_h - dose.start_h) / dose.interval_h + 1e-9) if dose.additional else 0
            begun.append(dose.start_h + min(passed, dose.additional) * dose.interval_h)
    return max(begun, default=None)
