"""Readings of devices: an Observation of the plainest kind, read without an object for each of its elements.

A device says the same again and again: code, patient, category and unit come as the same bytes, and only id, times and
value differ. What repeats is checked once, by the rules of every resource (`door.check`, on an Observation made around
it), and is remembered by its bytes; what differs is checked here, more strictly than FHIR does. Nothing is refused
here: an Observation that is not plain, or not certainly valid, is read as every other resource.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import astuple

from integrations.codes.measured import NOTHING_MEASURED
from integrations.readings.coding import codings, first_code
from integrations.readings.door import check, decode
from integrations.readings.identity import Identity
from integrations.readings.meaning import Meaning, Measured
from integrations.readings.moment import instant
from integrations.readings.observation import channel_measured, read_value
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from integrations.readings.split import Entry
from twins.samples.channel import Channel

_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)
_TIME = re.compile(
    r"(19|20)\d\d-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-3]):[0-5]\d)", re.ASCII
)
_NUMBER = re.compile(rb"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?")
_WORD = re.compile(r"[!-~]{1,200}")
_NUMBERS = re.compile(r"[-0-9.EUL ]+")
_STATUSES = frozenset({"preliminary", "final", "amended", "corrected"})
_LONGEST_PART = 1000
"""Bytes of a part that is remembered; a longer one hardly comes again."""


class _Meta(Struct, forbid_unknown_fields=True):
    versionId: str | UnsetType = UNSET
    lastUpdated: str | UnsetType = UNSET
    profile: Raw | UnsetType = UNSET


class _Identifier(Struct, forbid_unknown_fields=True):
    system: Raw
    value: str


class _Quantity(Struct, forbid_unknown_fields=True):
    value: Raw
    system: Raw
    code: Raw
    unit: Raw | UnsetType = UNSET


class _Sampled(Struct, forbid_unknown_fields=True):
    origin: Raw
    period: Raw
    dimensions: Raw
    data: str
    factor: Raw | UnsetType = UNSET
    lowerLimit: Raw | UnsetType = UNSET
    upperLimit: Raw | UnsetType = UNSET


class _Observation(Struct, forbid_unknown_fields=True):
    resourceType: Literal["Observation"]
    status: str
    code: Raw
    subject: Raw
    effectiveDateTime: str
    id: str | UnsetType = UNSET
    meta: _Meta | UnsetType = UNSET
    identifier: list[_Identifier] | UnsetType = UNSET
    valueQuantity: _Quantity | UnsetType = UNSET
    valueSampledData: _Sampled | UnsetType = UNSET
    issued: str | UnsetType = UNSET
    category: Raw | UnsetType = UNSET
    device: Raw | UnsetType = UNSET
    performer: Raw | UnsetType = UNSET
    encounter: Raw | UnsetType = UNSET
    method: Raw | UnsetType = UNSET
    bodySite: Raw | UnsetType = UNSET


_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_REST = {"code": {"text": "any"}, "subject": {"reference": "Patient/any"}}
"""What an Observation around a part has besides, for the rules want it."""
_SAMPLED = ("origin", "period", "dimensions", "factor", "lowerLimit", "upperLimit")
_REPEATED = ("category", "performer", "encounter", "method", "bodySite")
_read = msgspec.json.Decoder(_Observation).decode
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain Observation: its name and version, whom it is about, and what it says."""

    identity: Identity
    patient_key: str
    meaning: Meaning


class _NotPlainError(Exception):
    """Some part is not plain, or not certainly valid."""


class PlainReader:
    """Reads the plain Observations among the entries of one payload; what references mean is the same for all."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._codes: dict[bytes, tuple[str, Channel]] = {}
        self._patients: dict[bytes, str] = {}
        self._devices: dict[bytes, str] = {}

    def read(self, entry: Entry) -> Plain | None:
        """What `entry` says; None if it is to be read as every other resource."""
        text = entry.text
        if "\\u" in text or "null" in text:  # a character or a nothing that the rules treat apart
            return None
        try:
            return self._plain(_read(text), entry)
        except (msgspec.MsgspecError, RecursionError, _NotPlainError, Refused):
            return None

    def _plain(self, said: _Observation, entry: Entry) -> Plain:
        _need(_keys_said(said) == _keys_in(entry.text.encode()))
        _need(said.status in _STATUSES)
        code, channel = self._measured(bytes(said.code))
        for name in _REPEATED:
            part = getattr(said, name)
            if part is not UNSET:
                _check_part(name, bytes(part))
        if said.identifier is not UNSET:
            _need(said.identifier)
            for identifier in said.identifier:
                _need(_WORD.fullmatch(identifier.value))
                _check_part("identifier", b'[{"system":%b}]' % identifier.system)
        if said.issued is not UNSET:
            _instant(said.issued)
        time = _instant(said.effectiveDateTime)
        measured, skipped = _value(said, channel, time)
        patient_key, device_key = self._patient_key(bytes(said.subject)), ""
        if said.device is not UNSET:
            device_key = self._device_key(bytes(said.device))
        meaning = Meaning(code, time, False, measured, (), (), device_key, skipped)
        return Plain(entry.identity or self._identity(said, entry.text), patient_key, meaning)

    def _measured(self, part: bytes) -> tuple[str, Channel]:
        """``system|code`` and the channel of a code that means one value of one channel."""
        found = self._codes.get(part)
        if found is None:
            _check_part("code", part)
            concept = _decode(part)
            channel = channel_measured(concept)
            if channel is None or any(coding in NOTHING_MEASURED for coding in codings(concept)):
                raise _NotPlainError
            found = self._codes[part] = first_code(concept), channel
        return found

    def _patient_key(self, part: bytes) -> str:
        found = self._patients.get(part)
        if found is None:
            _check_part("subject", part)
            found = self._names.key(_decode(part), "Patient", "Observation.subject")
            self._patients[part] = found
        return found

    def _device_key(self, part: bytes) -> str:
        found = self._devices.get(part)
        if found is None:
            _check_part("device", part)
            found = self._names.device_key(_decode(part), "Observation.device")
            self._devices[part] = found
        return found

    def _identity(self, said: _Observation, text: str) -> Identity:
        """As `identify`, of one that has an id itself."""
        meta = said.meta if isinstance(said.meta, _Meta) else _Meta()
        _need(isinstance(said.id, str) and _ID.fullmatch(said.id))
        digest = hashlib.sha256(text.encode()).hexdigest()
        version, updated = digest, None
        if meta.versionId is not UNSET:
            _need(_ID.fullmatch(meta.versionId))
            version = meta.versionId
        if meta.lastUpdated is not UNSET:
            updated = _instant(meta.lastUpdated)
        if meta.profile is not UNSET:
            _check_part("meta", b'{"profile":%b}' % meta.profile)
        key = f"{self._names.source}/Observation/{said.id}"
        return Identity(key, "Observation", str(said.id), version, updated, said.status, digest)


def _keys_in(text: bytes) -> int:
    """How many keys a JSON text has, and more where its strings look like keys."""
    return text.count(b'":') + text.count(b'" :')


def _keys_said(said: Struct) -> int:
    """As `_keys_in` of the text that was read, had it no key twice: of a key that stands twice, reading keeps one."""
    count = 0
    for value in astuple(said):
        if value is UNSET:
            continue
        count += 1
        kind = type(value)
        if kind is Raw:
            count += _keys_in(bytes(value))
        elif kind is list:
            count += sum(map(_keys_said, value))
        elif kind is not str:
            count += _keys_said(value)
    return count


def _need(true: object) -> None:
    if not true:
        raise _NotPlainError


def _instant(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise _NotPlainError
    return instant(text, "")


def _value(said: _Observation, channel: Channel, time: datetime) -> tuple[list[Measured], int]:
    """The values, and how many numbers are marked as unusable."""
    if isinstance(said.valueQuantity, _Quantity):
        _need(said.valueSampledData is UNSET)
        simple = said.valueQuantity
        unit = b"" if simple.unit is UNSET else bytes(simple.unit)
        value = _converted(bytes(simple.value), bytes(simple.system), bytes(simple.code), unit, channel)
        return [Measured(channel, value, time)], 0
    sampled = said.valueSampledData
    if not isinstance(sampled, _Sampled) or not _NUMBERS.fullmatch(sampled.data):
        raise _NotPlainError
    around = {name: part for name in _SAMPLED if (part := getattr(sampled, name)) is not UNSET}
    _check_part("valueSampledData", _encode({**around, "data": "0"}))
    holder = {"valueSampledData": decode(_encode({**around, "data": sampled.data}).decode())}
    measured, skipped = read_value(holder, "Observation", channel, "", time)
    _need(measured)
    return measured, skipped


@lru_cache(maxsize=65536)
def _converted(number: bytes, system: bytes, code: bytes, unit: bytes, channel: Channel) -> float:
    """The value of a Quantity in the channel's unit: most devices give few different values."""
    _need(_NUMBER.fullmatch(number))
    rest = b'"system":%b,"code":%b%b' % (system, code, b',"unit":%b' % unit if unit else b"")
    _check_part("valueQuantity", b'{"value":1,%b}' % rest)
    holder = {"valueQuantity": _decode(b'{"value":%b,%b}' % (number, rest))}
    measured, _ = read_value(holder, "Observation", channel, "", _ANY_TIME)
    return measured[0].value


@lru_cache(maxsize=8192)
def _check_part(name: str, part: bytes) -> None:
    """Let an element of an Observation pass, if the rules of every resource do; what passed is remembered."""
    _need(len(part) <= _LONGEST_PART)
    parts = {"resourceType": "Observation", "status": "final", **_REST, name: Raw(part)}
    text = _encode(parts).decode()
    check("Observation", text, decode(text))


def _decode(part: bytes) -> Any:
    return decode(f'{{"part":{part.decode()}}}')["part"]
