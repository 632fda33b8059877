"""Why a patient needs attention: reasons in words, the most pressing first. Pure: facts in, reasons out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from clinic.charts import words
from clinic.charts.twin_facts import STALE_AFTER
from clinic.charts.unused_rows import what_words, why_words
from clinic.measures.numbers import plain
from clinic.measures.units import unit_of
from clinic.patients.device import DeviceFault
from clinic.patients.unused import Unused
from clinic.twin_words.said import said
from clinic.worklist.reason import Reason, Urgency, Why
from twins.pharmacology.kdigo import RATIO_WITHIN_H, RISE_RATIO, rise
from twins.samples.channel import Channel

LEVEL_DUE = timedelta(hours=48)
"""House setting: from then on the first level is called overdue."""

NEXT_LEVEL_DUE = timedelta(days=7)
"""House setting: on the drug for so long after the last level, another is called due."""
SILENT_AFTER, SILENT_TIMES, FORGOTTEN_AFTER = timedelta(hours=2), 5, timedelta(days=1)
"""House settings: a device silent for hours, and for five times as long as usual, may be off or at fault; after a day
it was taken off."""

MOST_KINDS = 3
"""So many kinds of what is not used are named in the list; the patient's page names all."""

_HOUR = timedelta(hours=1)
RATIO_WITHIN = RATIO_WITHIN_H * _HOUR


@dataclass(frozen=True, slots=True)
class DayChance:
    """What the current plan does in one day: probabilities over the twin's draws."""

    day: int
    p_in: float
    p_above: float
    p_below: float
    high: float
    low: float
    of_auc24: bool = True
    """Whether the target is the area over a day, whose limits say something by themselves."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the values of one channel come: when the last was taken, and how long apart they usually are."""

    last: datetime
    apart: timedelta

    def is_broken(self, now: datetime) -> bool:
        """Whether it has been silent for hours and for much longer than usual, but not since days."""
        silent = now - self.last
        return max(SILENT_AFTER, SILENT_TIMES * self.apart) <= silent < FORGOTTEN_AFTER


@dataclass(frozen=True, slots=True)
class NotFollowed:
    """What differs from the signed plan since: so many of all doses that were due or given, by more than their time."""

    letter: str
    against: int
    total: int


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the list looks at of one patient. `outcome` is the name of a `FitOutcome`, empty without a twin.

    Levels and limits of a target are in the unit that pages show, which `level_unit` names.
    """

    on_drug: bool = False
    level_unit: str = "mg/L"
    levels_come: bool = True
    """Whether levels of the drug are taken in at all."""
    outcome: str = ""
    cannot_reason: str = ""
    days: tuple[DayChance, ...] = ()
    creatinine: tuple[tuple[datetime, float], ...] = ()
    haemodialysis: bool = False
    first_dose: datetime | None = None
    last_level: datetime | None = None
    surprise: tuple[float, float, float] | None = None
    """The last level, and the 5 % and 95 % ends of what the twin had said of it before it came."""
    last_dose: datetime | None = None
    last_data: datetime | None = None
    devices: Mapping[str, Rhythm] = field(default_factory=dict)
    """What devices measure by themselves, in words, and how it comes."""
    device_faults: tuple[DeviceFault, ...] = ()
    """What is on record against the devices whose values came within the last day."""
    unsigned: bool = False
    decided_on_older: datetime | None = None
    """`data_until` of the decision's comparison, where the twin was computed again since."""
    signed_change: str = ""
    """The letter of the plan, other than the current one, that was signed on the newest data."""
    awaiting_second: str = ""
    """The letter of the plan that was signed once and awaits another person's signature."""
    not_followed: NotFollowed | None = None
    unused: tuple[Unused, ...] = ()
    """What was received of the drug, or may have been, and could not be read."""
    doubts: int = 0
    updating: bool = False
    update_failed: bool = False


def reasons(situation: Situation, now: datetime) -> tuple[Reason, ...]:
    """Every reason to look at the patient, the most pressing first; none where there is no drug and no twin."""
    if not situation.on_drug:
        return ()
    found = [
        *_no_forecast(situation),
        *_target(situation),
        *_contradiction(situation),
        *(() if situation.haemodialysis else renal(situation.creatinine)),
        *_unused(situation),
        *_level_due(situation, now),
        *_faults(situation),
        *_silence(situation, now),
        *_staleness(situation, now),
        *_decision(situation),
        *_not_followed(situation),
    ]
    if situation.doubts:
        count = situation.doubts
        sentence = ngettext("{count} doubtful entry in the data.", "{count} doubtful entries in the data.", count)
        found.append(Reason(Why.DOUBT, Urgency.LOOK, 20, sentence.format(count=count)))
    return tuple(sorted(found, key=lambda reason: (-reason.urgency, -reason.weight)))


def _no_forecast(situation: Situation) -> list[Reason]:
    if situation.outcome in ("CANNOT", "NOT_CONVERGED"):
        why = said(situation.cannot_reason) or _("the twin could not be made")
        sentence = _("Cannot forecast: {reason}").format(reason=words.inside(why))
        return [Reason(Why.FORECAST, Urgency.ACT, 80, sentence)]
    if situation.update_failed:
        return [Reason(Why.FORECAST, Urgency.ACT, 79, _("The twin could not be updated with the newest data."))]
    if not situation.outcome:
        if situation.updating:
            return [Reason(Why.FORECAST, Urgency.NOTE, 30, _("The twin is being made."))]
        return [Reason(Why.FORECAST, Urgency.LOOK, 45, _("No twin yet."))]
    return []


def _target(situation: Situation) -> list[Reason]:
    """The first day on which the current plan more likely misses the target than meets it."""
    for chance in situation.days:
        if chance.p_in >= 0.5:
            continue
        likely = max(chance.p_above, chance.p_below) >= 0.5
        if not likely:
            sentence = _("The current plan may miss the target: {chance}.")
        elif chance.day == 0:
            sentence = _("The current plan misses the target: {chance}.")
        else:
            sentence = _("The current plan is about to miss the target: {chance}.")
        urgency = Urgency.ACT if likely else Urgency.LOOK
        weight = (90 if chance.p_above >= chance.p_below else 85) - 5 * chance.day
        return [Reason(Why.TARGET, urgency, weight, sentence.format(chance=_chance(chance)))]
    return []


def _chance(chance: DayChance) -> str:
    """The likelier side of a miss, and when."""
    if not chance.of_auc24:
        return _chance_of_other(chance)
    if chance.p_above >= chance.p_below:
        sentence = (
            _("{share} chance of AUC24 above {limit} in the next 24 h")
            if chance.day == 0
            else _("{share} chance of AUC24 above {limit} on day {day}")
        )
        share, limit = chance.p_above, chance.high
    else:
        sentence = (
            _("{share} chance of AUC24 below {limit} in the next 24 h")
            if chance.day == 0
            else _("{share} chance of AUC24 below {limit} on day {day}")
        )
        share, limit = chance.p_below, chance.low
    return sentence.format(share=words.percent(share), limit=plain(limit), day=chance.day + 1)


def _chance_of_other(chance: DayChance) -> str:
    above = chance.p_above >= chance.p_below
    if chance.day == 0:
        sentence = (
            _("{share} chance of lying above the target in the next 24 h")
            if above
            else _("{share} chance of lying below the target in the next 24 h")
        )
    else:
        sentence = (
            _("{share} chance of lying above the target on day {day}")
            if above
            else _("{share} chance of lying below the target on day {day}")
        )
    return sentence.format(share=words.percent(chance.p_above if above else chance.p_below), day=chance.day + 1)


def _contradiction(situation: Situation) -> list[Reason]:
    if situation.surprise is None:
        return []
    level, low, high = (words.concentration(value) for value in situation.surprise)
    # xgettext:no-python-format
    sentence = _("The last level, {level} {unit}, contradicts the forecast: {low} to {high} was expected in 90 %.")
    told = sentence.format(level=level, unit=situation.level_unit, low=low, high=high)
    return [Reason(Why.CONTRADICTED, Urgency.LOOK, 58, told)]


def renal(values: Sequence[tuple[datetime, float]]) -> list[Reason]:
    """Whether creatinine, in order of time, rose by KDIGO's criteria up to its last value, or fell as far.

    Not for patients on haemodialysis: theirs rises and falls with the sessions.
    """
    if len(values) < 2:
        return []
    last_time, last = values[-1]
    found = rise([(time - last_time) / _HOUR for time, _value in values], [value for _time, value in values])
    if found is not None:
        rose = _(
            "Renal function is moving: creatinine rose from {before} to {last} {unit} in {hours} h, "
            "KDIGO stage {stage}."
        )
        weight = 88 if last >= RISE_RATIO * found.before_mg_per_dl - 1e-9 else 87
        return [_moved(rose, found.before_mg_per_dl, last, found.hours, Urgency.ACT, weight, found.stage)]
    in_a_week = [(v, t) for t, v in values[:-1] if last_time - t <= RATIO_WITHIN]
    if in_a_week and max(in_a_week)[0] >= RISE_RATIO * last - 1e-9:
        before, since = max(in_a_week)
        fell = _("Renal function is moving: creatinine fell from {before} to {last} {unit} in {hours} h.")
        return [_moved(fell, before, last, (last_time - since) / _HOUR, Urgency.LOOK, 60)]
    return []


def _moved(
    sentence: str, before: float, last: float, hours: float, urgency: Urgency, weight: int, stage: int = 0
) -> Reason:
    """In hours, and from the same value as the twin's own warning of the same rise."""
    unit = unit_of(Channel.CREATININE)
    told = sentence.format(
        before=unit.text(before), last=unit.text(last), unit=unit.name, hours=f"{hours:.0f}", stage=stage
    )
    return Reason(Why.RENAL, urgency, weight, told)


def _level_due(situation: Situation, now: datetime) -> list[Reason]:
    if situation.outcome == "PRIOR_ONLY" and not situation.levels_come:
        sentence = _("The forecast is the population's, not this patient's: no levels of this drug are taken in.")
        return [Reason(Why.LEVEL, Urgency.NOTE, 10, sentence)]
    if situation.outcome == "PRIOR_ONLY":
        since = now - situation.first_dose if situation.first_dose else None
        if since is not None and since >= LEVEL_DUE:
            sentence = _("No level yet, {length} after the first dose.").format(length=words.span(since))
            return [Reason(Why.LEVEL, Urgency.LOOK, 55, sentence)]
        sentence = _("No level yet: the forecast is the population's, not this patient's.")
        return [Reason(Why.LEVEL, Urgency.NOTE, 40, sentence)]
    last = situation.last_level
    going_on = situation.last_dose is not None and now - situation.last_dose < LEVEL_DUE
    if last is not None and going_on and now - last >= NEXT_LEVEL_DUE:
        sentence = _("A level is due: the last is {length} old.").format(length=words.span(now - last))
        return [Reason(Why.LEVEL, Urgency.LOOK, 50, sentence)]
    return []


def _unused(situation: Situation) -> list[Reason]:
    """Doses, levels and the like that the forecast does not know of, each kind and cause once."""
    kinds = list(dict.fromkeys((what_words(one), why_words(one)) for one in situation.unused))
    if not kinds:
        return []
    told = "; ".join(f"{words.inside(what)} ({why})" for what, why in kinds[:MOST_KINDS])
    count = len(situation.unused)
    sentence = ngettext(
        "{count} record received that is not used: {what}.",
        "{count} records received that are not used: {what}.",
        count,
    )
    return [Reason(Why.UNUSED, Urgency.LOOK, 59, sentence.format(count=count, what=told))]


def _faults(situation: Situation) -> list[Reason]:
    """What the devices' own records say; two devices of one name that say the same are told of once."""
    told = dict.fromkeys(
        _("{device} reports {state}").format(device=fault.name, state=_device_state(fault.state))
        for fault in situation.device_faults
    )
    if not told:
        return []
    return [Reason(Why.DEVICE, Urgency.LOOK, 39, _("Device fault: {faults}.").format(faults="; ".join(told)))]


def _device_state(code: str) -> str:
    return {
        "off": pgettext("state of a device", "off"),
        "standby": pgettext("state of a device", "standby"),
        "inactive": pgettext("state of a device", "out of use"),
        "not-calibrated": pgettext("state of a device", "not calibrated"),
        "entered-in-error": pgettext("state of a device", "entered in error"),
    }.get(code, pgettext("state of a device", "unknown state"))


def _silence(situation: Situation, now: datetime) -> list[Reason]:
    """Devices that sent within the last day, and have stopped while other data went on coming."""
    if situation.last_data is None or now - situation.last_data >= SILENT_AFTER:
        return []  # nothing comes at all: then the data are stale, whatever the device
    silent = sorted((rhythm.last, name) for name, rhythm in situation.devices.items() if rhythm.is_broken(now))
    if not silent:
        return []
    names = ", ".join(f"{name} ({words.ago(last, now)})" for last, name in silent)
    sentence = _("A device may be off or at fault; last came {names}.").format(names=names)
    return [Reason(Why.DEVICE, Urgency.LOOK, 38, sentence)]


def _staleness(situation: Situation, now: datetime) -> list[Reason]:
    if situation.last_data is None:
        return [Reason(Why.STALE, Urgency.LOOK, 35, _("No data have come for this patient."))]
    if now - situation.last_data >= STALE_AFTER:
        sentence = _("Data are stale: the last came {ago}.").format(ago=words.ago(situation.last_data, now))
        return [Reason(Why.STALE, Urgency.LOOK, 40, sentence)]
    return []


def _not_followed(situation: Situation) -> list[Reason]:
    found = situation.not_followed
    if found is None:
        return []
    sentence = ngettext(
        "The signed plan {letter} is not followed: {against} of {total} dose since differs from it.",
        "The signed plan {letter} is not followed: {against} of {total} doses since differ from it.",
        found.total,
    )
    told = sentence.format(letter=found.letter, against=found.against, total=found.total)
    return [Reason(Why.FOLLOWED, Urgency.LOOK, 34, told)]


def _decision(situation: Situation) -> list[Reason]:
    if situation.awaiting_second:
        sentence = _("Plan {letter} is signed once and awaits a second signature.")
        if situation.decided_on_older is not None:
            sentence = _("Plan {letter} is signed once and awaits a second signature, but the data changed since.")
        return [Reason(Why.DECISION, Urgency.LOOK, 32, sentence.format(letter=situation.awaiting_second))]
    if situation.decided_on_older is not None:
        return [Reason(Why.DECISION, Urgency.LOOK, 30, _("The last decision was made before the data changed."))]
    if situation.signed_change:
        sentence = _("Plan {letter} is signed; the order has not changed yet.").format(letter=situation.signed_change)
        return [Reason(Why.DECISION, Urgency.LOOK, 25, sentence)]
    if situation.unsigned:
        return [Reason(Why.DECISION, Urgency.NOTE, 20, _("The comparison is not signed."))]
    return []
