"""Whether a plan was followed: the doses that were due by it beside those that were given since.

What counts as on time is ISMP's (Acute Care Guidelines for Timely Administration of Scheduled Medications, 2011, for
medications that are not time-critical): within 1 h of a dose that is due more often than daily, within 2 h of others.
How much an amount may differ is a house setting. How long an infusion ran is not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from twins.pharmacology.regimen import LATE_DOSE_H, Plan
from twins.quantities.dose import Dose
from twins.quantities.sentence import names

AMOUNT_TOLERANCE = 0.05
"""House setting, relative."""
TIME_TOLERANCE_H = 1.0
DAILY_TIME_TOLERANCE_H = 2.0
"""Of doses that are due daily or more rarely."""
DAILY_H = 24.0


class Outcome(StrEnum):
    """What became of one dose, due or given."""

    AS_PLANNED = "as planned"
    OTHER_AMOUNT = "another amount"
    OTHER_TIME = "another time"
    OTHER_AMOUNT_AND_TIME = "another amount at another time"
    NOT_GIVEN = "not given"
    NOT_PLANNED = "given, not planned"


class Verdict(StrEnum):
    """All doses together."""

    NOTHING_DUE = "nothing was due yet"
    FOLLOWED = "followed"
    PARTLY = "partly followed"
    NOT_FOLLOWED = "not followed"


OUTCOMES, VERDICTS = names(Outcome), names(Verdict)


@dataclass(frozen=True, slots=True)
class Step:
    """A dose that was due, the one given for it, or either alone."""

    outcome: Outcome
    due: Dose | None
    given: Dose | None

    @property
    def time_h(self) -> float:
        dose = self.due or self.given
        assert dose is not None, "a step is of a dose"  # noqa: S101
        return dose.start_h


AGAINST = (Outcome.OTHER_AMOUNT, Outcome.OTHER_AMOUNT_AND_TIME, Outcome.NOT_GIVEN, Outcome.NOT_PLANNED)
"""What differs by more than the time."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The steps in order of time, and the moment up to which it is known what was given."""

    steps: tuple[Step, ...]
    until_h: float
    verdict: Verdict

    def count(self, *outcomes: Outcome) -> int:
        return sum(step.outcome in outcomes for step in self.steps)

    @property
    def is_against(self) -> bool:
        """Whether something else was done than what was signed, and not only at another time."""
        return self.verdict is not Verdict.FOLLOWED and self.count(*AGAINST) > 0


def time_tolerance_h(interval_h: float) -> float:
    """How far from its time a dose counts as on time."""
    return TIME_TOLERANCE_H if interval_h < DAILY_H else DAILY_TIME_TOLERANCE_H


def followed(plan: Plan, given: Sequence[Dose], *, from_h: float, decided_h: float, until_h: float) -> Followed:
    """What became of `plan`. All times are hours since the start of the course that the plan counts from.

    A dose given is taken for the due dose that is nearest in time, at most half an interval away. A dose that is due is
    missed once `until_h` lies further behind it than a dose may be late (`LATE_DOSE_H`, at least the tolerance).

    Parameters
    ----------
    given
        All doses that are known; those before `from_h` are left out.
    from_h
        Where the plan's forecast began; from there on doses are the plan's.
    decided_h
        When the plan was signed. What was given or left out before that, and fits the plan not, was not against it.
    until_h
        Up to where it is known what was given, or when the plan was replaced.
    """
    known = [dose for dose in given if from_h <= dose.start_h <= until_h]
    if plan.regimen is None:
        stray = [Step(Outcome.NOT_PLANNED, None, dose) for dose in known if dose.start_h > decided_h]
        idle = Verdict.FOLLOWED if until_h > decided_h else Verdict.NOTHING_DUE
        return Followed(tuple(stray), until_h, Verdict.NOT_FOLLOWED if stray else idle)
    regimen = plan.regimen
    tolerance = time_tolerance_h(regimen.interval_h)
    due = [dose for dose in regimen.doses(until_h + tolerance) if dose.start_h >= from_h - tolerance]
    pairs = {
        k: j
        for k, j in _pairs(due, known, regimen.interval_h / 2.0).items()
        if known[j].start_h >= decided_h or _outcome(due[k], known[j], tolerance) is Outcome.AS_PLANNED
    }
    steps = [Step(_outcome(due[k], known[j], tolerance), due[k], known[j]) for k, j in pairs.items()]
    late = max(tolerance, LATE_DOSE_H)
    steps += [
        Step(Outcome.NOT_GIVEN, dose, None)
        for k, dose in enumerate(due)
        if k not in pairs and dose.start_h >= decided_h and dose.start_h + late <= until_h
    ]
    taken = set(pairs.values())
    steps += [
        Step(Outcome.NOT_PLANNED, None, dose)
        for j, dose in enumerate(known)
        if j not in taken and dose.start_h > decided_h
    ]
    steps.sort(key=lambda step: step.time_h)
    return Followed(tuple(steps), until_h, _verdict(steps))


def _pairs(due: Sequence[Dose], given: Sequence[Dose], reach_h: float) -> dict[int, int]:
    """Position of the dose given for each due dose that one was given for; the nearest find each other first."""
    near = sorted(
        (abs(one.start_h - other.start_h), k, j)
        for k, one in enumerate(due)
        for j, other in enumerate(given)
        if abs(one.start_h - other.start_h) <= reach_h
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, k, j in near:
        if k not in found and j not in taken:
            found[k] = j
            taken.add(j)
    return found


def _outcome(due: Dose, given: Dose, tolerance_h: float) -> Outcome:
    amount = abs(given.amount_mg - due.amount_mg) <= AMOUNT_TOLERANCE * due.amount_mg
    time = abs(given.start_h - due.start_h) <= tolerance_h + 1e-9
    if amount:
        return Outcome.AS_PLANNED if time else Outcome.OTHER_TIME
    return Outcome.OTHER_AMOUNT if time else Outcome.OTHER_AMOUNT_AND_TIME


def _verdict(steps: Sequence[Step]) -> Verdict:
    """Not followed is what has no dose as planned, and more wrong with it than the time."""
    outcomes = {step.outcome for step in steps}
    if not outcomes:
        return Verdict.NOTHING_DUE
    if outcomes == {Outcome.AS_PLANNED}:
        return Verdict.FOLLOWED
    if Outcome.AS_PLANNED in outcomes or outcomes == {Outcome.OTHER_TIME}:
        return Verdict.PARTLY
    return Verdict.NOT_FOLLOWED
