"""A twin's levels: which to take next, and which to doubt."""

from twins.api.ahead import Ask, planned
from twins.api.named import needed
from twins.api.twin import Twin
from twins.estimation import next_level as advice
from twins.estimation import suspects as doubted
from twins.estimation.next_level import Advice, Criterion
from twins.estimation.suspects import Suspect


def next_level(
    twin: Twin,
    plan: Ask = None,
    *,
    from_h: float,
    until_h: float,
    window_h: tuple[float, float] | None = None,
    every_h: float = 0.5,
    levels: int = 1,
    criterion: Criterion = Criterion.EXPOSURE,
) -> Advice:
    """When the next level, or the next few, says most; hours since the course's start.

    Parameters
    ----------
    plan : Regimen, Plan or None
        What is given from the course's end on.
    window_h
        What the exposure is asked of; the 24 h after the course's end where left out.

    Raises
    ------
    NextLevelError
        If no time is left to choose from, or the model states no error of its levels.
    """
    needed("twin", twin, Twin, "give what twins.individualise returns")
    ahead = planned(plan, twin.course)
    end = max(until_h, *(window_h or (twin.course.until_h + 24.0,)))
    return advice.next_level(
        twin.model,
        twin.course,
        twin.fit,
        from_h=from_h,
        until_h=until_h,
        ahead=ahead.regimen.doses(end) if ahead is not None and ahead.regimen is not None else (),
        window_h=window_h,
        every_h=every_h,
        levels=levels,
        criterion=criterion,
    )


def suspects(twin: Twin) -> tuple[Suspect, ...]:
    """Levels that the others contradict, with the mistake that would explain each; empty where all fit."""
    needed("twin", twin, Twin, "give what twins.individualise returns")
    return doubted.suspects(twin.model, twin.course)
