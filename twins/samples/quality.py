"""What is wrong or doubtful with the data of a course: typed findings, never a silent repair."""

import math
from collections.abc import Callable
from dataclasses import replace

from twins.quantities.dose import Dose
from twins.quantities.sentence import MEASURED, NAME, NOTHING, Sentence, names
from twins.samples.channel import LEVELS
from twins.samples.course import Course, Finding, FindingCode, Level, OrderedRegimen
from twins.samples.gaps import gaps

SOON_AFTER_H = 1.0
"""A level up to this long after a dose's end is still in the distribution phase and probably mis-timed."""
SAME_TIME_H = 1.0 / 60.0
"""Levels within a minute of each other are of one sample."""
SAME_DOSE_H = 0.5
"""House setting: of two equal doses that begin this close, one may be the other charted again, as by a pump and by a
nurse. No drug of the formulary is given at intervals below twice as long."""
SAME_AMOUNT = 0.01
"""Relative: a pump counts what ran, and a chart says what was in the bag."""
STALE_H = {"creatinine_mg_per_dl": 48.0, "weight_kg": 7 * 24.0, "creatinine_clearance_ml_per_min": 48.0}
"""House settings: after this long a covariate that changes in days is called old."""
NEEDED = ("age_y", "male", "weight_kg", "creatinine_mg_per_dl")

_AFTER = names("no dose is charted at all", "an earlier dose may be missing")
_UNIT = (Sentence(" {unit}"), NOTHING)
_BEFORE_FIRST = Sentence(
    "Level of {value:g}{unit} before the first charted dose; {after}.", value=MEASURED, unit=_UNIT, after=_AFTER
)
_IN_FUTURE = Sentence(
    "Level of {value:g}{unit} is dated {late:.1f} h in the future; left out of the fit.", value=MEASURED, unit=_UNIT
)
_AFTER_END = Sentence("{minutes:d} min after the end of an infusion")
_AFTER_DOSE = Sentence("{minutes:d} min after the dose")
_RUNNING = Sentence("while an infusion was running")
_SOON = Sentence(
    "Level of {value:g}{unit} taken {when}; probably mis-timed, check the times.",
    value=MEASURED,
    unit=_UNIT,
    when=(_AFTER_END, _AFTER_DOSE, _RUNNING),
)
_TWICE = Sentence("Level of {value:g}{unit} is charted twice; counted once.", value=MEASURED, unit=_UNIT)
_SAME_TIME = Sentence(
    "Two levels at the same time: {other:g} and {value:g}{unit}; both are used, check which is right.",
    other=MEASURED,
    value=MEASURED,
    unit=_UNIT,
)
_AT_THE_SAME_TIME = Sentence("at the same time as")
_MINUTES_AFTER = Sentence("{minutes:d} min after")
_DOSE_AGAIN = Sentence(
    "A dose of {amount:g} mg is charted {when} another of {other:g} mg, under another name; both count, check whether "
    "one was given.",
    when=(_AT_THE_SAME_TIME, _MINUTES_AFTER),
)
_NOT_GIVEN = Sentence("{amount:g} mg was ordered for this time and no dose is charted; taken as not given.")
_MISSING = Sentence("No {name} is charted.", name=NAME)
_OLD = Sentence("The last {name} is {age:.0f} h old; it is carried forward.", name=NAME)

_WORDS = {
    "age_y": "age",
    "male": "sex",
    "weight_kg": "body weight",
    "creatinine_mg_per_dl": "serum creatinine",
    "creatinine_clearance_ml_per_min": "creatinine clearance",
}
NAMES = names(*_WORDS.values())


def find(course: Course, *, needed: tuple[str, ...] = NEEDED) -> tuple[Finding, ...]:
    """All findings that follow from the course itself, in order of time, those without a time last.

    `needed` names the covariates without which no twin can be made; a given creatinine clearance stands in for age, sex
    and creatinine.
    """
    found = [
        *_levels_before_the_first_dose(course),
        *_levels_in_the_future(course),
        *_levels_soon_after_a_dose(course),
        *_duplicate_levels(course),
        *_duplicate_doses(course),
        *(finding for order in course.orders for finding in _not_given(course, order)),
        *_covariates(course, needed),
    ]
    return tuple(sorted(found, key=_order))


def examine(course: Course, *, needed: tuple[str, ...] = NEEDED) -> Course:
    """The course with its findings added to those it came with; examining twice changes nothing."""
    known = {(finding.code, finding.source, finding.time_h) for finding in course.findings}
    new = [f for f in find(course, needed=needed) if (f.code, f.source, f.time_h) not in known]
    return replace(course, findings=tuple(sorted((*course.findings, *new), key=_order)))


def usable_levels(course: Course) -> tuple[Level, ...]:
    """The levels that a fit may use: none from the future, and a sample that was charted twice counted once."""
    kept: list[Level] = []
    for level in course.levels:
        if level.time_h > course.until_h:
            continue
        if any(_same_sample(level, other) for other in kept):
            continue
        kept.append(level)
    return tuple(kept)


def _order(finding: Finding) -> tuple[float, str, str, str]:
    time = math.inf if finding.time_h is None else finding.time_h
    return (time, finding.code, finding.source, finding.sentence)


def _same_sample(one: Level, other: Level) -> bool:
    return abs(one.time_h - other.time_h) <= SAME_TIME_H and one.value == other.value


def _flag(course: Course, code: FindingCode, say: Callable[[Level], str | None]) -> list[Finding]:
    said = [(level, say(level)) for level in course.levels]
    return [Finding(code, words, level.time_h, level.source) for level, words in said if words]


def _unit(course: Course) -> str:
    """Of its levels, behind a space; nothing of a drug whose levels have no channel."""
    return next((f" {channel.unit}" for channel in LEVELS if channel == course.drug), "")


def _levels_before_the_first_dose(course: Course) -> list[Finding]:
    first = course.doses[0].start_h if course.doses else math.inf

    def say(level: Level) -> str | None:
        if level.time_h > min(first, course.until_h):
            return None
        return _BEFORE_FIRST(value=level.value, unit=_unit(course), after=_AFTER[0 if first == math.inf else 1]())

    return _flag(course, FindingCode.LEVEL_BEFORE_FIRST_DOSE, say)


def _levels_in_the_future(course: Course) -> list[Finding]:
    def say(level: Level) -> str | None:
        late = level.time_h - course.until_h
        if late <= 0:
            return None
        return _IN_FUTURE(value=level.value, unit=_unit(course), late=late)

    return _flag(course, FindingCode.LEVEL_IN_FUTURE, say)


def _levels_soon_after_a_dose(course: Course) -> list[Finding]:
    def say(level: Level) -> str | None:
        for dose in reversed(course.doses):
            if dose.start_h < level.time_h <= dose.end_h + SOON_AFTER_H:
                minutes = round((level.time_h - dose.end_h) * 60)
                after = _AFTER_END if dose.duration_h else _AFTER_DOSE
                when = after(minutes=minutes) if minutes >= 0 else _RUNNING()
                return _SOON(value=level.value, unit=_unit(course), when=when)
        return None

    return _flag(course, FindingCode.LEVEL_SOON_AFTER_DOSE, say)


def _duplicate_levels(course: Course) -> list[Finding]:
    found = []
    for k, level in enumerate(course.levels):
        for other in course.levels[:k]:
            if abs(level.time_h - other.time_h) > SAME_TIME_H:
                continue
            if _same_sample(level, other):
                words = _TWICE(value=level.value, unit=_unit(course))
            else:
                words = _SAME_TIME(other=other.value, value=level.value, unit=_unit(course))
            found.append(Finding(FindingCode.DUPLICATE_LEVEL, words, level.time_h, level.source))
            break
    return found


def _duplicate_doses(course: Course) -> list[Finding]:
    """Of each dose the last one before it that it may be the double of."""
    found = []
    for k, dose in enumerate(course.doses):
        other = next((one for one in reversed(course.doses[:k]) if _may_be_same_dose(one, dose)), None)
        if other is None:
            continue
        minutes = round((dose.start_h - other.start_h) * 60)
        when = _MINUTES_AFTER(minutes=minutes) if minutes else _AT_THE_SAME_TIME()
        words = _DOSE_AGAIN(amount=dose.amount_mg, when=when, other=other.amount_mg)
        found.append(Finding(FindingCode.DUPLICATE_DOSE, words, dose.start_h, dose.source))
    return found


def _may_be_same_dose(one: Dose, other: Dose) -> bool:
    """Whether both may be records of one dose: `other` begins at most `SAME_DOSE_H` later, and while `one` still runs.

    Two records of one infusion overlap; a bag hung as the one before it ended does not.
    """
    if other.start_h - one.start_h > SAME_DOSE_H or (one.route, one.into) != (other.route, other.into):
        return False
    if one.duration_h and other.duration_h and other.start_h >= one.end_h - SAME_TIME_H:
        return False
    return math.isclose(one.amount_mg, other.amount_mg, rel_tol=SAME_AMOUNT)


def _not_given(course: Course, order: OrderedRegimen) -> list[Finding]:
    """Doses that were due half an interval ago or longer, with none given within half an interval of their time."""
    half = order.interval_h / 2
    end = course.until_h if order.end_h is None else min(order.end_h, course.until_h)
    count = max(0, math.floor((end - order.start_h) / order.interval_h) + 1)
    found = []
    for k in range(count):
        due = order.start_h + k * order.interval_h
        stopped = order.end_h is not None and due >= order.end_h
        if stopped or due + half > course.until_h:
            break
        if any(due - half <= dose.start_h < due + half for dose in course.doses):
            continue
        words = _NOT_GIVEN(amount=order.amount_mg)
        found.append(Finding(FindingCode.ORDERED_NOT_GIVEN, words, due, order.source))
    return found


def _covariates(course: Course, needed: tuple[str, ...]) -> list[Finding]:
    given = {value.name for value in course.covariates}
    clearance = "creatinine_clearance_ml_per_min"
    if clearance in given:
        needed = tuple(name for name in needed if name == "weight_kg")
    found = [
        Finding(FindingCode.COVARIATE_MISSING, _MISSING(name=_WORDS.get(name, name)))
        for name in needed
        if name not in given
    ]
    for name in (*needed, clearance):
        if name not in STALE_H or name not in given:
            continue
        times = [value.time_h for value in course.covariates if value.name == name]
        latest = max((time for time in times if time <= course.until_h), default=min(times))
        for gap in gaps(times, start_h=min(latest, course.until_h), until_h=course.until_h, allowed_h=STALE_H[name]):
            found.append(
                Finding(
                    FindingCode.COVARIATE_STALE,
                    _OLD(name=_WORDS[name], age=gap.hours),
                    latest,
                    next(c.source for c in course.covariates if c.name == name and c.time_h == latest),
                )
            )
    return found
