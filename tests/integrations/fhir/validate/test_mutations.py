"""However a valid resource is broken: never an exception, and never less strict than the classes of fhir.resources."""

import copy
import json
from decimal import Decimal
from typing import Any

import msgspec
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.fhir.validate.fault import Fault
from integrations.fhir.validate.faults import faults
from integrations.fhir.validate.outcome import outcome
from tests.integrations.fhir.validate.clinical import Json
from tests.integrations.fhir.validate.found import found
from tests.integrations.fhir.validate.test_examples import EXAMPLES

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
ODD: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        2.5,
        10**30,
        "",
        " ",
        "x",
        "²",
        "\x00",
        "a" * 70,
        "final",
        "Patient",
        "2026-13-45",
        "2026-02-30",
    ),
    *("2026-03-02T06:00:00", "2026-03-02T06:00:00Z", "2026-03-02", "06:00:00", "#x", "#", "Patient/", "Patient/1"),
    *("Medication/1", "urn:uuid:", "http://a/b", "<div/>", [], {}, [None], [[]], [{}], ["x"], {"x": 1}, {"id": "x"}),
    *({"reference": 7}, {"reference": "Frog/1"}, {"start": "2026", "end": "2025"}, {"value": 5, "code": "x"}),
    *({"coding": [{"code": 5}]}, {"coding": {}}, {"text": "x"}, {"resourceType": "Frog"}, {"resourceType": "Location"}),
    *({"extension": [{"url": "x"}]}, {"system": "http://unitsofmeasure.org", "code": "x"}, {"system": [], "code": {}}),
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *_places(item, (*path, key)))]


NAMES = sorted({key for example in EXAMPLES for place in _places(example) for key in place if isinstance(key, str)})


@st.composite
def broken(draw: st.DrawFn, most: int = 3) -> Json:
    """An example of which some parts were removed, renamed, repeated or replaced."""
    resource = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, most))):
        places = [place for place in _places(resource) if place != ("resourceType",)]
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        holder: Any = resource
        for key in path:
            holder = holder[key]
        match draw(st.sampled_from(["remove", "replace", "replace", "rename", "wrap", "add"])):
            case "remove":
                del holder[last]
            case "rename" if isinstance(holder, dict):
                holder[draw(st.sampled_from(NAMES))] = holder.pop(last)
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "wrap":
                holder[last] = [holder[last]]
            case _:
                holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return resource


def _seen(resource: Json, text: str) -> list[Fault]:
    """As the door sees it, which knows from elsewhere of what type a resource should be where it does not say."""
    kind = resource.get("resourceType")
    return faults(kind if isinstance(kind, str) else "Patient", text, _decode(text))


def _faulty(seen: list[Fault]) -> bool:
    return any(fault.severity == "error" for fault in seen)


@settings(max_examples=400, deadline=None)
@given(broken())
def test_a_broken_resource_gets_faults_and_no_exception(resource: Json) -> None:
    text = json.dumps(resource)
    seen = _seen(resource, text)
    for fault in seen:
        assert fault.sentence.startswith(fault.expression)
        assert fault.severity in ("error", "warning")
    assert not _faulty(found(_decode(msgspec.json.encode(outcome(seen)))))


@settings(max_examples=400, deadline=None)
@given(broken(most=1))
@example({**EXAMPLES[0], "resourceType": {"versionId": "1"}})
def test_what_the_r4b_classes_refuse_is_refused(resource: Json) -> None:
    text = json.dumps(resource)
    if "null" in text:  # the classes take a null for an element that is not there
        return
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate_json(text)
    except Exception:  # noqa: BLE001 - whatever they raise is their way to refuse
        assert _faulty(_seen(resource, text))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EXAMPLES), st.sampled_from(ODD))
def test_any_json_value_in_place_of_a_resource_is_refused(example: Json, odd: Any) -> None:
    text = json.dumps(odd)
    assert _faulty(faults(example["resourceType"], text, odd))
