"""Open mHealth data points inside an Observation, as JupyterHealth sends them, into values of channels.

The Observation's code is the schema id (``omh:heart-rate:2.0`` of https://w3id.org/openmhealth); the data point is JSON
in `valueAttachment` (base64) or `valueString`, with or without its header. Names, units and specimen sources are those
of the schemas at https://github.com/openmhealth/schemas.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.codes import loinc, ucum
from integrations.readings.coding import codings
from integrations.readings.door import decode
from integrations.readings.models import QuarantineReason
from integrations.readings.moment import instant
from integrations.readings.quantity import number
from integrations.readings.refusal import Refused, shown
from twins.samples.channel import Channel

SYSTEM = "https://w3id.org/openmhealth"
_SCHEMA = re.compile(r"omh:([a-z0-9\-]{1,60})(?::\d{1,3}\.[0-9x]{1,3})?", re.ASCII)
_LARGEST_BYTES = 1024 * 1024
_UNITS = {"beats/min": "/min", "breaths/min": "/min", "mmHg": "mm[Hg]", "C": "Cel", "F": "[degF]", "K": "K"}
_UNITS |= {"lb": "[lb_av]", "oz": "[oz_av]", "in": "[in_i]", "ft": "[ft_i]"}
"""Synonyms that Open mHealth uses in place of UCUM codes; all other units of these schemas are UCUM codes."""

SCHEMAS: Mapping[str, tuple[tuple[str, Channel], ...]] = {
    "heart-rate": (("heart_rate", Channel.HEART_RATE),),
    "respiratory-rate": (("respiratory_rate", Channel.RESPIRATORY_RATE),),
    "oxygen-saturation": (("oxygen_saturation", Channel.OXYGEN_SATURATION),),
    "blood-pressure": (
        ("systolic_blood_pressure", Channel.SYSTOLIC_PRESSURE),
        ("diastolic_blood_pressure", Channel.DIASTOLIC_PRESSURE),
    ),
    "body-temperature": (("body_temperature", Channel.TEMPERATURE),),
    "body-weight": (("body_weight", Channel.WEIGHT),),
    "body-height": (("body_height", Channel.HEIGHT),),
    "blood-glucose": (("blood_glucose", Channel.GLUCOSE),),
}
"""For each schema the fields of the body that hold a value, and their channels."""

_BLOOD = frozenset({"capillary blood", "plasma", "serum", "whole blood", "arterial blood", "venous blood"})


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a data point, in its channel's unit."""

    field: str
    channel: Channel
    value: float
    time: datetime


def schema_of(data: Mapping[str, Any]) -> str:
    """The name of the Open mHealth schema of the data point in an Observation; empty if it holds none."""
    if not {"valueAttachment", "valueString"} & data.keys():
        return ""
    for system, code in codings(data.get("code")):
        match = _SCHEMA.fullmatch(code) if system == SYSTEM else None
        if match:
            return match[1]
    return ""


def read_points(data: Mapping[str, Any], schema: str) -> Iterator[Point]:
    """The values of the data point in an Observation.

    Raises
    ------
    Refused
        UNKNOWN_CODE for a schema without a channel, or a value that is a statistic over many; MISSING_VALUE,
        MISSING_TIME, UNKNOWN_UNIT or INVALID_RESOURCE.
    """
    fields = SCHEMAS.get(schema)
    if fields is None:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"Observation.code is omh:{schema}, which no channel is mapped to; read here are {', '.join(SCHEMAS)}",
        )
    place, body = _body(data)
    statistic = body.get("descriptive_statistic")
    if statistic is not None:
        raise Refused(
            QuarantineReason.UNKNOWN_CODE,
            f"{place}.descriptive_statistic is {shown(statistic)}; send single measurements, not a statistic of many",
        )
    time = _time(body.get("effective_time_frame"), f"{place}.effective_time_frame")
    for name, channel in fields:
        if channel is Channel.GLUCOSE:
            channel = _glucose(body.get("specimen_source"), place)
        yield Point(name, channel, _value(body.get(name), channel, f"{place}.{name}"), time)


def acquired_by(data: Mapping[str, Any]) -> str:
    """What the header of a data point calls the device or the app that it came from; empty where it does not say."""
    try:
        header = decode(_text(data)[1]).get("header")
    except Refused:
        return ""
    acquired = header.get("acquisition_provenance") if isinstance(header, dict) else None
    name = acquired.get("source_name") if isinstance(acquired, dict) else None
    return name if isinstance(name, str) else ""


def _glucose(source: Any, place: str) -> Channel:
    """Where none is said it is blood, after which the schema is called."""
    if source is None or source in _BLOOD:
        return Channel.GLUCOSE
    if source == "interstitial fluid":
        return Channel.SENSOR_GLUCOSE
    raise Refused(
        QuarantineReason.UNKNOWN_CODE,
        f"{place}.specimen_source is {shown(source)}; only glucose of blood and interstitial fluid is used here",
    )


def _body(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The data point without its header, and where it was found."""
    place, text = _text(data)
    try:
        point = decode(text)
    except Refused as refused:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE, f"{place} holds no Open mHealth data point ({refused.detail})"
        ) from refused
    body = point.get("body", point)
    if not isinstance(body, dict):
        raise Refused(QuarantineReason.INVALID_RESOURCE, f"{place}.body is {shown(body)}; send a JSON object")
    return place, body


def _text(data: Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(data.get("valueString"), str):
        return "Observation.valueString", data["valueString"]
    place = "Observation.valueAttachment"
    attachment = data.get("valueAttachment")
    if not isinstance(attachment, dict) or not isinstance(attachment.get("data"), str):
        raise Refused(
            QuarantineReason.MISSING_VALUE, f"{place}.data is missing; send the data point in it, not an address"
        )
    kind = str(attachment.get("contentType", "")).split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(QuarantineReason.INVALID_RESOURCE, f"{place}.contentType is {shown(kind)}; send application/json")
    if len(attachment["data"]) > _LARGEST_BYTES:
        raise Refused(QuarantineReason.INVALID_RESOURCE, f"{place}.data is longer than {_LARGEST_BYTES} characters")
    try:
        return place, base64.b64decode("".join(attachment["data"].split()), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Refused(QuarantineReason.INVALID_RESOURCE, f"{place}.data is not base64 of UTF-8 ({error})") from error


def _value(measure: Any, channel: Channel, field: str) -> float:
    if not isinstance(measure, dict):
        raise Refused(QuarantineReason.MISSING_VALUE, f"{field} is {shown(measure)}; send value and unit")
    value = number(measure.get("value"), f"{field}.value")
    unit = measure.get("unit")
    if not isinstance(unit, str):
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field}.unit is {shown(unit)}; send the unit of the schema")
    try:
        mass = loinc.MOLAR_MASS_G_PER_MOL.get(channel)
        return float(ucum.convert(value, _UNITS.get(unit, unit), channel.unit, molar_mass_g_per_mol=mass))
    except (ucum.UnitError, OverflowError) as error:
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field}.unit: {error}") from error


def _time(frame: Any, field: str) -> datetime:
    """The instant, or where the interval begins: by `Observation.effective*` this product does the same."""
    if not isinstance(frame, dict):
        raise Refused(QuarantineReason.MISSING_TIME, f"{field} is {shown(frame)}; send date_time or time_interval")
    if "date_time" in frame:
        return instant(frame["date_time"], f"{field}.date_time")
    interval = frame.get("time_interval")
    start = interval.get("start_date_time") if isinstance(interval, dict) else None
    return instant(start, f"{field}.time_interval.start_date_time")
