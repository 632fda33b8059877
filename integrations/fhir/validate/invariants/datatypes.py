"""Invariants of the data types but for Timing. https://hl7.org/fhir/R4/datatypes.html"""

import re

from integrations.fhir.validate.moments import not_after
from integrations.fhir.validate.rule import Json, Rule, has, there
from integrations.fhir.validate.units import SYSTEM, is_unit, misspelled

_SAMPLE = re.compile(r"(?:[EUL]|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)", re.ASCII)


def _is_ucum(quantity: Json) -> bool:
    return quantity.get("system") != SYSTEM or "code" not in quantity or is_unit(quantity["code"])


def _measures(quantity: Json) -> bool:
    """age-1, dis-1, and the first half of cnt-3: a code where there is a value, and UCUM as its system."""
    return (there(quantity, "code") or not there(quantity, "value")) and quantity.get("system", SYSTEM) == SYSTEM


def _counts(quantity: Json) -> bool:
    value = quantity.get("value", 0)
    return _measures(quantity) and quantity.get("code", "1") == "1" and value == int(value)


def _ordered(a_range: Json) -> bool:
    low, high = a_range.get("low", {}), a_range.get("high", {})
    if "value" not in low or "value" not in high or low.get("code") != high.get("code"):
        return True
    return bool(low["value"] <= high["value"])


def _both_or_neither(ratio: Json) -> bool:
    numerator, denominator = "numerator" in ratio, "denominator" in ratio
    return numerator == denominator and (numerator or "extension" in ratio)


def _samples(sampled: Json) -> bool:
    data = sampled.get("data")
    if data is None:
        return True
    points = data.split()
    return len(points) % sampled["dimensions"] == 0 and all(map(_SAMPLE.fullmatch, points))


def _says_something(reference: Json) -> bool:
    return any(name.lstrip("_") in ("reference", "identifier", "display", "extension") for name in reference)


def _triggers(trigger: Json) -> bool:
    kind = trigger.get("type", "")
    return (
        (kind != "named-event" or there(trigger, "name"))
        and (kind != "periodic" or has(trigger, "timing"))
        and (not kind.startswith("data-") or "data" in trigger)
    )


def _hint(quantity: Json) -> str:
    """What a well-known misspelling of a unit probably means, for its sentence."""
    meant = misspelled(quantity.get("code", ""))
    return f" (probably {meant} is meant)" if meant else ""


_MEASURE = "has a value without a code, or a system that is not UCUM; send both system and code of UCUM"

DATATYPES: dict[str, tuple[Rule, ...]] = {
    "BackboneElement": (
        # https://hl7.org/fhir/R4/extensibility.html#modifierExtension: not to be acted on without being understood.
        Rule(
            "modifier",
            lambda e: "modifierExtension" not in e,
            "has a modifierExtension that may turn its meaning around and is not understood here; send it without",
            severity="warning",
            code="extension",
        ),
    ),
    "Extension": (
        Rule(
            "ext-1",
            lambda e: ("extension" in e) != has(e, "value"),
            "must have either a value or extensions of its own, not both and not neither; send one of them",
            ("url",),
        ),
    ),
    "Quantity": (
        Rule("qty-3", lambda e: not there(e, "code") or there(e, "system"), "has no system; send it", ("code",)),
        Rule(
            "UCUM",
            _is_ucum,
            "has a code that is no unit of UCUM; send one such as mg/L, or leave system and code out",
            ("code",),
            code="code-invalid",
            hint=_hint,
        ),
    ),
    "SimpleQuantity": (
        Rule(
            "sqty-1", lambda e: not there(e, "comparator"), "may have no comparator here; leave it out", ("comparator",)
        ),
    ),
    "Age": (
        Rule("age-1", lambda e: _measures(e) and e.get("value", 1) > 0, f"{_MEASURE}, the value above 0", ("value",)),
    ),
    "Distance": (Rule("dis-1", _measures, _MEASURE, ("value", "system")),),
    "Count": (Rule("cnt-3", _counts, "must be a whole number of the unit 1 of UCUM; send it so", ("value", "code")),),
    "Duration": (
        Rule(
            "drt-1",
            lambda e: not there(e, "code") or (e.get("system") == SYSTEM and there(e, "value")),
            "has a code without a value or without UCUM as its system; send all three",
            ("value", "system", "code"),
        ),
    ),
    "Range": (Rule("rng-2", _ordered, "has a low value above its high one; send the lower as low"),),
    "Ratio": (
        Rule("rat-1", _both_or_neither, "must have both a numerator and a denominator, or only extensions; send both"),
    ),
    "Period": (
        Rule(
            "per-1",
            lambda e: not_after(e.get("start"), e.get("end")),
            "starts after its end; send the earlier time as start",
            ("start", "end"),
        ),
    ),
    "SampledData": (
        Rule(
            "data",
            _samples,
            "has data that are not decimals, E, U or L between spaces, as many as its dimensions ask for; send them so",
            ("dimensions", "data"),
            code="value",
        ),
    ),
    "Attachment": (
        Rule(
            "att-1", lambda e: not there(e, "data") or there(e, "contentType"), "has data without contentType; send it"
        ),
    ),
    "ContactPoint": (
        Rule("cpt-2", lambda e: not there(e, "value") or there(e, "system"), "has no system; send it", ("value",)),
    ),
    "Reference": (
        Rule("ref", _says_something, "has none of reference, identifier and display; send one of them", ("type",)),
    ),
    "Expression": (
        Rule(
            "exp-1",
            lambda e: there(e, "expression") or there(e, "reference"),
            "has neither an expression nor a reference; send one of them",
            ("language",),
        ),
    ),
    "DataRequirement.codeFilter": (
        Rule("drq-1", lambda e: there(e, "path") != there(e, "searchParam"), "must have a path or a searchParam, one"),
    ),
    "DataRequirement.dateFilter": (
        Rule("drq-2", lambda e: there(e, "path") != there(e, "searchParam"), "must have a path or a searchParam, one"),
    ),
    "TriggerDefinition": (
        Rule("trd-1", lambda e: "data" not in e or not has(e, "timing"), "has both data and timing; leave one out"),
        Rule("trd-2", lambda e: "condition" not in e or "data" in e, "has a condition but no data; send both"),
        Rule("trd-3", _triggers, "lacks what its type needs: a name, a timing or data; send it", ("type",)),
    ),
}
