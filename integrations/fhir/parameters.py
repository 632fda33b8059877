"""Search parameters: how each kind is read from a query, and when a resource answers it."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from integrations.fhir.identity import FHIR_ID
from integrations.fhir.interval import Interval, IntervalError, interval, satisfies
from integrations.fhir.outcome import Refusal, bad_value, too_costly

MOST_ALTERNATIVES = 100
"""Values joined by commas in one parameter; each is compared with every resource that the database lets through."""


class Kind(StrEnum):
    TOKEN = "token"  # noqa: S105 - FHIR's name of a kind of search parameter
    STRING = "string"
    DATE = "date"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Token:
    """``system|code``, each None where it does not matter; an empty system means that there is none."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    prefix: str
    time: Interval


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one type.

    Attributes
    ----------
    values
        What of a resource is compared: `Token`, text, `Interval` by kind; None where the database alone decides.
    private
        The value may name a person; the audit trail does not keep it.
    definition
        Canonical address of FHIR's own definition, where it has one.
    """

    name: str
    kind: Kind
    documentation: str
    values: Callable[[dict[str, Any]], Iterable[Any]] | None = None
    private: bool = False
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of one query; `alternatives` are joined by or, criteria by and.

    Text is folded (`fold`) once, when it is read, unless the modifier is ``exact``.
    """

    parameter: Parameter
    modifier: str
    alternatives: tuple[Any, ...]

    def answered_by(self, resource: dict[str, Any]) -> bool:
        if self.parameter.values is None:
            return True
        found = list(self.parameter.values(resource))
        if self.parameter.kind is Kind.STRING and self.modifier != "exact":
            found = [fold(text) for text in found]
        return any(_answers(self, wanted, one) for wanted in self.alternatives for one in found)


_MODIFIERS = {Kind.STRING: ("exact", "contains"), Kind.REFERENCE: ("Patient",)}


def read(parameter: Parameter, modifier: str, text: str, base: str) -> Criterion:
    """One occurrence of a parameter in a query; `base` is this server's address, which references may begin with.

    Raises
    ------
    Refusal
        400 for a modifier or a value that cannot be used, or for too many values.
    """
    if modifier and modifier not in _MODIFIERS.get(parameter.kind, ()):
        raise Refusal(
            400, "not-supported", f"{parameter.name}:{modifier} is not supported; leave the modifier out",
            expression=f"http.{parameter.name}",
        )  # fmt: skip
    if "\x00" in text:
        raise bad_value(parameter.name, text, "leave the NUL character out")
    parts = re.findall(r"(?:[^,\\]+|\\.)++", text)
    if not parts:
        raise bad_value(parameter.name, text, "give a value")
    if len(parts) > MOST_ALTERNATIVES:
        raise too_costly(f"{parameter.name} has {len(parts)} values", MOST_ALTERNATIVES, parameter.name)
    values = tuple(_value(parameter, part, base) for part in parts)
    if parameter.kind is Kind.STRING and modifier != "exact":
        values = tuple(fold(value) for value in values)
    return Criterion(parameter, modifier, values)


def fold(text: str) -> str:
    """Text without case and accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def moment(name: str, text: str) -> Moment:
    """A date with its prefix; a plus sign that arrived as a space is one again."""
    match = re.fullmatch(r"(eq|ne|gt|ge|lt|le|sa|eb)?(\d.*)", text.strip(), re.ASCII | re.DOTALL)
    try:
        if match is None:
            raise IntervalError(text)
        return Moment(match[1] or "eq", interval(match[2].replace(" ", "+")))
    except IntervalError as error:
        raise bad_value(
            name, text, "give a date such as 2026, 2026-03-01 or ge2026-03-01T10:00:00Z (eq ne gt ge lt le sa eb)"
        ) from error


def _value(parameter: Parameter, text: str, base: str) -> Any:
    if parameter.kind is Kind.DATE:
        return moment(parameter.name, text)
    if parameter.kind is Kind.TOKEN:
        fields = [_unescaped(field) for field in re.split(r"(?<!\\)\|", text)]
        if len(fields) > 2 or not any(fields):
            raise bad_value(parameter.name, text, "give a code, system|code, |code or system|")
        return Token(None, fields[0]) if len(fields) == 1 else Token(fields[0], fields[1] or None)
    if parameter.kind is Kind.REFERENCE:
        name = _unescaped(text).removeprefix(base).removeprefix("Patient/")
        if not FHIR_ID.fullmatch(name):
            raise bad_value(parameter.name, text, "give the id of a Patient of this server, or Patient/id")
        return name
    return _unescaped(text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\,|$])", r"\1", text)


def _answers(criterion: Criterion, wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Moment):
        return satisfies(wanted.prefix, wanted.time, found)
    if isinstance(wanted, Token):
        system_fits = wanted.system is None or wanted.system == (found.system or "")
        return system_fits and (wanted.code is None or wanted.code == found.code)
    if criterion.modifier == "exact":
        return bool(found == wanted)
    if criterion.modifier == "contains":
        return wanted in found
    return bool(found.startswith(wanted))
