"""One parameter of a query, read into a criterion; what cannot be used is refused by name and with its remedy."""

import re
from dataclasses import replace
from typing import Any

from django.utils import timezone

from integrations.fhir.elements import Token
from integrations.fhir.identity import FHIR_ID
from integrations.fhir.interval import Interval, IntervalError, about, interval
from integrations.fhir.measure import MeasureError, Wanted, wanted
from integrations.fhir.outcome import Refusal, bad_value, too_costly
from integrations.fhir.parameters import Criterion, Kind, Moment, Parameter, Target, fold

MOST_ALTERNATIVES = 100
"""Values joined by commas in one parameter; each is compared with every resource that the database lets through."""
_MODIFIERS = {
    Kind.STRING: ("exact", "contains", "missing"),
    Kind.TOKEN: ("not", "text", "missing"),
    Kind.REFERENCE: ("identifier", "missing"),
    Kind.URI: ("below", "missing"),
    Kind.DATE: ("missing",),
    Kind.NUMBER: ("missing",),
    Kind.QUANTITY: ("missing",),
    Kind.COMPOSITE: (),
}
_TYPED = re.compile(r"([A-Z][A-Za-z]{1,63})/([^/]+)(?:/_history/[^/]+)?", re.ASCII)


def read(parameter: Parameter, modifier: str, text: str, base: str) -> Criterion:
    """One occurrence of a parameter in a query; `base` is this server's address, which references may begin with.

    Raises
    ------
    Refusal
        400 for a modifier or a value that cannot be used, or for too many values.
    """
    modifier = _modifier(parameter, modifier)
    if "\x00" in text:
        raise bad_value(parameter.name, text, "leave the NUL character out")
    parts = re.findall(r"(?:[^,\\]+|\\.)++", text)
    if not parts:
        raise bad_value(parameter.name, text, "give a value")
    if len(parts) > MOST_ALTERNATIVES:
        raise too_costly(f"{parameter.name} has {len(parts)} values", MOST_ALTERNATIVES, parameter.name)
    if modifier == "missing":
        return Criterion(parameter, modifier, (_missing(parameter, text),))
    values = tuple(_value(parameter, modifier, part, base) for part in parts)
    return Criterion(parameter, "" if modifier in parameter.targets else modifier, values)


def moment(name: str, text: str) -> Moment:
    """A date with its prefix, widened where that is ``ap``; a plus sign that arrived as a space is one again."""
    match = re.fullmatch(r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?(\d.*)", text.strip(), re.ASCII | re.DOTALL)
    try:
        if match is None:
            raise IntervalError(text)
        time = interval(match[2].replace(" ", "+"))
        return Moment(match[1] or "eq", about(time, timezone.now()) if match[1] == "ap" else time)
    except IntervalError as error:
        raise bad_value(
            name, text, "give a date such as 2026, 2026-03-01 or ge2026-03-01T10:00:00Z (eq ne gt ge lt le sa eb ap)"
        ) from error


def time_of(name: str, text: str) -> Interval:
    """A date that stands for itself: 400 for one with a prefix."""
    found = moment(name, text)
    if found.prefix != "eq" or text.strip().startswith("eq"):
        raise bad_value(name, text, "give a date or a moment without a prefix")
    return found.time


def _modifier(parameter: Parameter, modifier: str) -> str:
    """The modifier, if the parameter takes it; where the database decides alone there is only the type of a target."""
    usual = () if parameter.values is None or parameter.by_subject else _MODIFIERS[parameter.kind]
    if not modifier or modifier in usual or modifier in parameter.targets:
        return modifier
    taken = ", ".join((*usual, *parameter.targets)) or "none"
    raise Refusal(
        400, "not-supported", f"{parameter.name}:{modifier[:60]} is not supported; leave the modifier out, or use one"
        f" that {parameter.name} takes ({taken})", expression=f"http.{parameter.name}",
    )  # fmt: skip


def _missing(parameter: Parameter, text: str) -> bool:
    if text not in ("true", "false"):
        raise bad_value(parameter.name, text, "give true or false for :missing")
    return text == "true"


def _value(parameter: Parameter, modifier: str, text: str, base: str) -> Any:
    match parameter.kind:
        case Kind.DATE:
            return moment(parameter.name, text)
        case Kind.TOKEN:
            return fold(_unescaped(text)) if modifier == "text" else _token(parameter, text)
        case Kind.REFERENCE:
            if modifier == "identifier":
                return _token(parameter, text)
            return _target(parameter, modifier, _unescaped(text), base)
        case Kind.NUMBER | Kind.QUANTITY:
            return _measure(parameter, text)
        case Kind.COMPOSITE:
            return _parts(parameter, text, base)
        case Kind.STRING:
            return _unescaped(text) if modifier == "exact" else fold(_unescaped(text))
        case _:
            return _unescaped(text)


def _token(parameter: Parameter, text: str) -> Token:
    fields = _split(text, "|")
    if len(fields) > 2 or not any(fields):
        raise bad_value(parameter.name, text, "give a code, system|code, |code or system|")
    return Token(None, fields[0]) if len(fields) == 1 else Token(fields[0], fields[1] or None)


def _target(parameter: Parameter, modifier: str, text: str, base: str) -> Target:
    name = text.removeprefix(base)
    typed = _TYPED.fullmatch(name)
    kind = modifier if modifier in parameter.targets else None
    if typed is not None and FHIR_ID.fullmatch(typed[2]) and kind in (None, typed[1]):
        if not parameter.targets or typed[1] in parameter.targets:
            return Target(typed[1], typed[2])
    elif FHIR_ID.fullmatch(name):
        return Target(kind or (parameter.targets[0] if len(parameter.targets) == 1 else None), name)
    elif re.match(r"(https?://|urn:)[!-~]{1,500}\Z", name):
        return Target(None, "", name)
    types = ", ".join(parameter.targets) or "any type"
    raise bad_value(parameter.name, text, f"give the id of a resource of this server, or Type/id ({types})")


def _measure(parameter: Parameter, text: str) -> Wanted:
    fields = _split(text, "|")
    remedy = "give a number such as 5.4 or ge100"
    if parameter.kind is Kind.QUANTITY:
        remedy = "give a number, number|system|code or number||unit, with eq ne gt ge lt le sa eb ap before it"
    try:
        if len(fields) == 1:
            return wanted(fields[0])
        if len(fields) == 3 and parameter.kind is Kind.QUANTITY:
            return wanted(fields[0], fields[1] or None, fields[2] or None)
    except MeasureError as error:
        raise bad_value(parameter.name, text, remedy) from error
    raise bad_value(parameter.name, text, remedy)


def _parts(parameter: Parameter, text: str, base: str) -> tuple[Criterion, ...]:
    texts = re.split(r"(?<!\\)\$", text)
    if len(texts) != len(parameter.parts) or not all(texts):
        shape = "$".join(part.name for part in parameter.parts)
        raise bad_value(parameter.name, text, f"give {shape}")
    return tuple(
        Criterion(part, "", (_value(replace(part, name=parameter.name), "", one, base),))
        for part, one in zip(parameter.parts, texts, strict=True)
    )


def _split(text: str, sign: str) -> list[str]:
    return [_unescaped(field) for field in re.split(rf"(?<!\\)\{sign}", text)]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\,|$])", r"\1", text)
