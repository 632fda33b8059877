"""What kept a proposed plan from being better: doses on the other side of a limit, tried."""

from dataclasses import replace

from twins.forecasts.score import Scored, Search, score_of
from twins.forecasts.wording import CHANCE, percent
from twins.pharmacology.regimen import Plan
from twins.quantities.sentence import MEASURED, Sentence

_INTERVALS = Sentence("the intervals that are kept, {hours} h")
_UPPER_END = Sentence(
    "the upper end of the target, {high:g}: {more:g} mg would lie above it with a chance of {chance}",
    high=MEASURED,
    chance=CHANCE,
)
_BINDS = 0.01
"""A limit is said to bind where a dose on its other side would score better by this."""


def bound_by(search: Search, item: Scored) -> tuple[str, ...]:
    """The limits on whose other side a dose would score better."""
    regimen = item.plan.regimen
    if regimen is None:
        return ()
    score = item.score if search.coarse is None else score_of(search, item.plan).score
    found: list[str] = []
    for amount in search.limits.probes(regimen.amount_mg):
        # Of a larger dose the infusion is longer, at the same rate.
        length = regimen.duration_h * (1.0 if regimen.continuous else max(1.0, amount / regimen.amount_mg))
        reason = search.limits.refusal(amount, regimen.interval_h, length)
        if not reason or reason in found:
            continue
        other = replace(regimen, amount_mg=amount, duration_h=min(length, regimen.interval_h))
        if score_of(search, Plan("", other)).score > score + _BINDS:
            found.append(reason)
    return tuple(found)


def held_by(search: Search, item: Scored) -> tuple[str, ...]:
    """Whether another interval would score better, and whether more would meet the target more often but for harm."""
    regimen, limits, target = item.plan.regimen, search.limits, search.target
    if regimen is None:
        return ()
    scored = item if search.coarse is None else score_of(search, item.plan)
    found: list[str] = []
    for interval in limits.odd_intervals(regimen.interval_h):
        length = interval if regimen.continuous else regimen.duration_h
        if limits.refusal(regimen.amount_mg, interval, length):
            continue
        other = replace(regimen, interval_h=interval, duration_h=length)
        if score_of(search, Plan("", other)).score > scored.score + _BINDS:
            kept = ", ".join(f"{hours:g}" for hours in sorted(limits.intervals_h))
            found.append(_INTERVALS(hours=kept))
            break
    more = limits.next_amount(regimen.amount_mg)
    if target.has_limit and more is not None:
        length = max(regimen.duration_h, limits.shortest(more))
        if not limits.refusal(more, regimen.interval_h, length):
            larger = score_of(search, Plan("", replace(regimen, amount_mg=more, duration_h=length)))
            gained = larger.headline.p_in_target > scored.headline.p_in_target
            if gained and larger.score < scored.score:
                chance = percent(max(larger.headline.p_above, larger.settled.p_above))
                found.append(_UPPER_END(high=target.high, more=more, chance=chance))
    return tuple(found)
