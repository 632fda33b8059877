"""Hostile input is answered with faults, few of them, at a cost that its length bounds."""

import json
from typing import Any

import pytest

from integrations.fhir.validate.faults import LONGEST_TEXT, faults
from integrations.fhir.validate.walk import MOST_FAULTS
from tests.integrations.fhir.validate.clinical import observation, patient
from tests.integrations.fhir.validate.found import found
from tests.integrations.resources import LOINC, concept, quantity

MANY = 200_000


def test_a_text_beyond_the_limit_is_not_looked_at() -> None:
    (fault,) = faults("Patient", " " * (LONGEST_TEXT + 1), {})
    assert fault.code == "too-long"


@pytest.mark.parametrize(
    "change",
    [
        {"name": [1] * MANY},
        {"name": [{"family": 7}] * MANY},
        {"name": [{"given": [None] * MANY}]},
        {f"k{number}": 1 for number in range(MANY)},
        {"extension": [{"url": "x"}] * MANY},
        {
            "contained": [
                {"resourceType": "Organization", "id": f"i{number}", "name": "x"} for number in range(MANY // 10)
            ]
        },
        {"contained": [{"resourceType": "Location", "id": "x", "name": 1}] * 20_000},
        {"link": [{"other": {"reference": "Frog/1"}, "type": "x"}] * MANY},
    ],
    ids=range(8),
)
def test_no_more_than_a_hundred_faults_are_listed(change: dict[str, Any]) -> None:
    seen = found({**patient(), **change})
    assert len(seen) == MOST_FAULTS + 1
    assert (seen[-1].severity, seen[-1].code) == ("warning", "incomplete")


@pytest.mark.parametrize(
    "change",
    [
        {"gender": "x" * 5_000_000},
        {"x" * 5_000_000: 1},
        {"language": "a " * 2_000_000},
        {"managingOrganization": {"reference": "http://" + "a/" * 2_000_000}},
        {"photo": [{"contentType": "a/b", "data": "AAA" * 1_000_000 + "*"}]},
        {"text": {"status": "generated", "div": "<b>" * 1_000_000}},
        {"name": [{"text": "\x00" * 100_000}]},
        {"resourceType": "Patient", "birthDate": "2" * 5_000_000},
    ],
    ids=range(8),
)
def test_huge_values_are_refused_with_short_sentences(change: dict[str, Any]) -> None:
    seen = found({**patient(), **change})
    assert 0 < len(seen) < 5
    assert all(len(fault.sentence) < 1000 and len(fault.expression) < 200 for fault in seen)


@pytest.mark.parametrize("depth", [100, 10_000, 1_000_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    nested = '[{"url":"x","extension":' * depth + "[]" + "}]" * depth
    text = json.dumps(patient()).replace('"active": true', f'"extension": {nested}')
    assert faults("Patient", text, {"resourceType": "Patient"})
    array = json.dumps(patient()).replace('"active": true', f'"active": {"[" * depth}{"]" * depth}')
    assert faults("Patient", array.replace("true", "null"), {"resourceType": "Patient"})


def test_an_other_type_that_is_huge_is_not_given_to_its_class() -> None:
    inside = {"resourceType": "Location", "alias": [1] * 150_000}
    seen = found({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inside}]})
    assert [(fault.code, fault.expression) for fault in seen] == [("too-long", "Bundle.entry[0].resource")]


def test_a_long_strip_is_accepted() -> None:
    strip = {"origin": quantity(0, "mV"), "period": 2, "dimensions": 1, "data": " ".join(["-12.5"] * 150_000)}
    sound = {name: item for name, item in observation().items() if name != "component"}
    assert found({**sound, "code": concept(LOINC, "11524-6"), "valueSampledData": strip}) == []
