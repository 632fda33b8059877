"""An Observation into the values of its channels."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from integrations.codes import loinc
from integrations.codes.limits import LIMITS
from integrations.codes.measured import NOTHING_MEASURED, channel_of
from integrations.readings.coding import codings, first_code, words
from integrations.readings.meaning import Meaning, Measured
from integrations.readings.models import QuarantineReason
from integrations.readings.moment import instant, maybe_instant
from integrations.readings.open_mhealth import read_points, schema_of
from integrations.readings.quantity import in_unit
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from integrations.readings.sampled_data import points
from twins.samples.channel import Channel

_NEVER_WAS = frozenset({"entered-in-error", "cancelled"})
_STABLE = frozenset({Channel.WEIGHT, Channel.HEIGHT})
"""Channels whose values hold for a day, so that a day is time enough."""


def read_observation(data: dict[str, Any], names: Names) -> Meaning:
    """What an Observation says.

    Raises
    ------
    Refused
        UNKNOWN_CODE, UNKNOWN_UNIT, MISSING_VALUE, MISSING_TIME, IMPLAUSIBLE_VALUE or INVALID_RESOURCE.
    """
    code = first_code(data.get("code"))
    if data["status"] in _NEVER_WAS:
        return Meaning(code=code, event_time=_any_time(data), withdrawn=True)
    if data["status"] == "registered" and not _has_value(data):
        return Meaning(code=code, event_time=_any_time(data))
    if tells_nothing_of_a_patient(data):
        return Meaning(code=code, event_time=_any_time(data))
    measured: list[Measured] = []
    skipped = 0
    schema = schema_of(data)
    for point in read_points(data, schema) if schema else ():
        _check_limits(point.channel, point.value, point.field)
        measured.append(Measured(point.channel, point.value, point.time, point.field))
    for part, field, channel, holder in () if schema else _values(data):
        found, missed = read_value(holder, field, channel, part, _time(data, channel))
        measured += found
        skipped += missed
    if not measured:
        raise Refused(
            QuarantineReason.MISSING_VALUE,
            f"Observation has no usable value ({words(data.get('dataAbsentReason'))}); send valueQuantity or "
            "valueSampledData when there is one",
        )
    return Meaning(
        code=code,
        event_time=measured[0].time,
        measured=measured,
        device_key=names.device_key(data.get("device"), "Observation.device"),
        skipped_points=skipped,
    )


def _values(data: dict[str, Any]) -> Iterator[tuple[str, str, Channel, dict[str, Any]]]:
    """(part, field, channel, the element that holds the value) of the Observation and of its components."""
    components = data.get("component") or ()
    own = channel_measured(data.get("code"))
    if own is None and not components:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"Observation.code is {words(data.get('code'))}, which no channel is mapped to; send a LOINC code of "
            f"{', '.join(sorted(loinc.MEASUREMENTS))}, or an MDC or Open mHealth one, or have it added",
        )
    if own is not None and (_has_value(data) or not components):
        yield "", "Observation", own, data
    found = own is not None
    for number, component in enumerate(components):
        channel = channel_measured(component.get("code"))
        if channel is None:
            continue
        found = True
        part = _part(component["code"])
        yield part, f"Observation.component[{number}]", channel, component
    if not found:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"Observation.code is {words(data.get('code'))} and none of its components has a code that a channel is "
            "mapped to; send LOINC or MDC codes, or have them added",
        )


def channel_measured(concept: Any) -> Channel | None:
    """The channel that a code means; None where none is mapped to it.

    Raises
    ------
    Refused
        UNKNOWN_CODE if it means several.
    """
    channels = {channel for coding in codings(concept) if (channel := channel_of(*coding)) is not None}
    if len(channels) > 1:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"the code is {words(concept)}, which means {' and '.join(sorted(channels))} at once; send one of them",
        )
    return channels.pop() if channels else None


def _part(concept: Any) -> str:
    """The component's code: of LOINC, if it has one that a channel is mapped to."""
    known = [coding for coding in codings(concept) if channel_of(*coding) is not None]
    return min(known, key=lambda coding: coding[0] != loinc.SYSTEM)[1]


def _has_value(holder: dict[str, Any]) -> bool:
    return any(name.startswith("value") for name in holder)


def read_value(
    holder: dict[str, Any], field: str, channel: Channel, part: str, time: datetime
) -> tuple[list[Measured], int]:
    """The values of one element, and how many numbers it marks as unusable.

    Raises
    ------
    Refused
        UNKNOWN_UNIT, MISSING_VALUE, IMPLAUSIBLE_VALUE or INVALID_RESOURCE.
    """
    molar_mass = loinc.MOLAR_MASS_G_PER_MOL.get(channel)
    if "valueSampledData" in holder:
        field = f"{field}.valueSampledData"
        prefix = f"{part}/" if part else ""
        found: list[Measured] = []
        skipped = 0
        for point in points(holder["valueSampledData"], channel.unit, time, field, molar_mass_g_per_mol=molar_mass):
            if point is None:
                skipped += 1
                continue
            place, moment, value = point
            _check_limits(channel, value, f"{field}.data[{place}]")
            found.append(Measured(channel, value, moment, f"{prefix}{place}"))
        return found, skipped
    if "valueQuantity" not in holder:
        if _has_value(holder):
            kind = next(name for name in holder if name.startswith("value"))
            raise Refused(QuarantineReason.MISSING_VALUE, f"{field} has {kind}; send valueQuantity or valueSampledData")
        return [], 0
    field = f"{field}.valueQuantity"
    value = in_unit(holder["valueQuantity"], channel.unit, field, molar_mass_g_per_mol=molar_mass)
    _check_limits(channel, value, field)
    return [Measured(channel, value, time, part)], 0


def _check_limits(channel: Channel, value: float, field: str) -> None:
    limits = LIMITS[channel]
    if not limits.low <= value <= limits.high:
        raise Refused(
            QuarantineReason.IMPLAUSIBLE_VALUE,
            f"{field} is {value:g} {channel.unit}; a {channel.label.lower()} lies from {limits.low:g} to "
            f"{limits.high:g} {channel.unit}; have the value or its unit corrected at the source",
        )


def _time(data: dict[str, Any], channel: Channel) -> datetime:
    """When it was measured: never `issued`, which is when the result was written."""
    loose = channel in _STABLE
    for name in ("effectiveDateTime", "effectiveInstant"):
        if name in data:
            return instant(data[name], f"Observation.{name}", day_is_enough=loose)
    if "effectivePeriod" in data:
        start = data["effectivePeriod"].get("start")
        return instant(start, "Observation.effectivePeriod.start", day_is_enough=loose)
    return instant(None, "Observation.effectiveDateTime")


def _any_time(data: dict[str, Any]) -> datetime | None:
    period = data.get("effectivePeriod") or {}
    value = data.get("effectiveDateTime") or data.get("effectiveInstant") or period.get("start")
    try:
        return maybe_instant(value, "Observation.effectiveDateTime", day_is_enough=True)
    except Refused:
        return None


def tells_nothing_of_a_patient(data: dict[str, Any]) -> bool:
    """Whether an Observation is one of a device alone, such as its clock."""
    return any(coding in NOTHING_MEASURED for coding in codings(data.get("code")))
