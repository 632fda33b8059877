"""Every invariant of R4 that is checked, each kept by one resource and broken by another."""

from typing import Any

import pytest

from integrations.fhir.validate.invariants import RULES
from tests.integrations.fhir.validate import workflow as made
from tests.integrations.fhir.validate.clinical import (
    TERMINOLOGY,
    Json,
    administration,
    allergy,
    condition,
    observation,
    patient,
)
from tests.integrations.fhir.validate.found import extended, found
from tests.integrations.resources import LOINC, UCUM, concept, quantity

MEASURE = {"value": 2, "unit": "x", "system": UCUM}
ERROR_ALLERGY = concept(f"{TERMINOLOGY}/allergyintolerance-verification", "entered-in-error")
ERROR_CONDITION = concept(f"{TERMINOLOGY}/condition-ver-status", "entered-in-error")
ACTIVE = concept(f"{TERMINOLOGY}/condition-clinical", "active")


def _without(resource: Json, *names: str, **changes: Any) -> Json:
    return {**{name: item for name, item in resource.items() if name not in names}, **changes}


def _repeat(**repeat: Any) -> Json:
    return extended("Timing", {"repeat": repeat})


def _bundle(kind: str, *entries: Json, **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": kind, **({"entry": list(entries)} if entries else {}), **more}


def _document(first: str = "Composition", **more: Any) -> Json:
    return _bundle("document", {"fullUrl": made.URN, "resource": {"resourceType": first}}, **more)


def _parameter(**parameter: Any) -> Json:
    return {**made.operation(), "parameter": [{"name": "x", "use": "in", "min": 0, "max": "1", **parameter}]}


def _trigger(**trigger: Any) -> Json:
    return extended("TriggerDefinition", trigger)


def _filter(name: str, **filtered: Any) -> Json:
    return extended("DataRequirement", {"type": "Observation", name: [{**filtered}]})


def _risk(**prediction: Any) -> Json:
    return {**made.risk(), "prediction": [prediction]}


PERCENT, MILLIGRAM = quantity(5, "%"), quantity(5, "mg")
SOURCE = {"origin": quantity(0, "1"), "period": 1}
ID = {"system": "http://a", "value": "1"}
GET = {"method": "GET", "url": "Patient/1"}
DONE = {"status": "200"}
P1, P2 = _without(patient(), id="p1"), _without(patient(), id="p2")
NOT = {"url": "http://a/not", "valueBoolean": True}
DATA = [{"type": "Observation"}]
LATER = "2026-03-03T00:00:00Z"

# Invariant, a resource that keeps it, a resource that breaks it.
CASES: list[tuple[str, Json, Json]] = [
    ("modifier", observation(), {**observation(), "modifierExtension": [NOT]}),
    ("modifier", patient(), {**patient(), "contact": [{"name": {"text": "x"}, "modifierExtension": [NOT]}]}),
    ("ext-1", extended("Code", "x"), {**extended("Code", "x"), "extension": [{"url": "x"}]}),
    (
        "ext-1",
        extended("Code", "x"),
        {
            **extended("Code", "x"),
            "extension": [{"url": "x", "valueCode": "y", "extension": [{"url": "x", "valueCode": "z"}]}],
        },
    ),
    ("qty-3", extended("Quantity", MEASURE), extended("Quantity", {"value": 1, "code": "mg"})),
    ("UCUM", extended("Quantity", MILLIGRAM), extended("Quantity", quantity(1, "frogs"))),
    ("sqty-1", extended("Range", {"low": MILLIGRAM}), extended("Range", {"low": {**MILLIGRAM, "comparator": "<"}})),
    ("age-1", extended("Age", {**MEASURE, "code": "a"}), extended("Age", MEASURE)),
    ("age-1", extended("Age", {**MEASURE, "code": "a"}), extended("Age", {**MEASURE, "code": "a", "value": 0})),
    ("dis-1", extended("Distance", {**MEASURE, "code": "m"}), extended("Distance", {"value": 1})),
    ("cnt-3", extended("Count", {**MEASURE, "code": "1"}), extended("Count", {**MEASURE, "code": "1", "value": 1.5})),
    ("drt-1", extended("Duration", {**MEASURE, "code": "h"}), extended("Duration", {"system": UCUM, "code": "h"})),
    (
        "rng-2",
        extended("Range", {"low": PERCENT, "high": PERCENT}),
        extended("Range", {"low": PERCENT, "high": quantity(4.9, "%")}),
    ),
    (
        "rng-2",
        extended("Range", {"low": PERCENT, "high": quantity(0.1, "mg")}),
        extended("Range", {"low": quantity(2, "%"), "high": quantity(1, "%")}),
    ),
    (
        "rat-1",
        extended("Ratio", {"numerator": PERCENT, "denominator": PERCENT}),
        extended("Ratio", {"numerator": PERCENT}),
    ),
    (
        "per-1",
        extended("Period", {"start": "2026-03-02T10:00:00Z", "end": "2026-03"}),
        extended("Period", {"start": "2026-03-02", "end": "2026-03-01"}),
    ),
    (
        "per-1",
        extended("Period", {"start": "2026-03-02T10:00:00+02:00", "end": "2026-03-02T09:00:00Z"}),
        extended("Period", {"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T11:00:00+02:00"}),
    ),
    (
        "data",
        extended("SampledData", {**SOURCE, "dimensions": 2, "data": "1 -2.5 E U"}),
        extended("SampledData", {**SOURCE, "dimensions": 2, "data": "1 2 3"}),
    ),
    (
        "data",
        extended("SampledData", {**SOURCE, "dimensions": 1, "data": "1e-3 L"}),
        extended("SampledData", {**SOURCE, "dimensions": 1, "data": "1 x"}),
    ),
    ("att-1", extended("Attachment", {"data": "AQID", "contentType": "a/b"}), extended("Attachment", {"data": "AQID"})),
    ("cpt-2", extended("ContactPoint", {"value": "1", "system": "phone"}), extended("ContactPoint", {"value": "1"})),
    ("ref", extended("Reference", {"display": "x", "type": "Patient"}), extended("Reference", {"type": "Patient"})),
    (
        "exp-1",
        extended("Expression", {"language": "text/cql", "expression": "1"}),
        extended("Expression", {"language": "text/cql"}),
    ),
    ("drq-1", _filter("codeFilter", path="code"), _filter("codeFilter", path="code", searchParam="code")),
    ("drq-2", _filter("dateFilter", path="date"), _filter("dateFilter", valueDateTime="2026")),
    ("trd-1", _trigger(type="data-added", data=DATA), _trigger(type="data-added", data=DATA, timingDate="2026")),
    (
        "trd-2",
        _trigger(type="data-added", data=DATA, condition={"language": "x", "expression": "1"}),
        _trigger(type="periodic", timingDate="2026", condition={"language": "x", "expression": "1"}),
    ),
    ("trd-3", _trigger(type="named-event", name="x"), _trigger(type="named-event")),
    ("trd-3", _trigger(type="periodic", timingDate="2026"), _trigger(type="data-modified")),
    ("tim-1", _repeat(duration=1, durationUnit="h"), _repeat(duration=1)),
    ("tim-2", _repeat(period=1, periodUnit="h"), _repeat(period=1)),
    ("tim-4", _repeat(duration=0, durationUnit="h"), _repeat(duration=-1, durationUnit="h")),
    ("tim-5", _repeat(period=0, periodUnit="h"), _repeat(period=-0.5, periodUnit="h")),
    ("tim-6", _repeat(period=1, periodMax=2, periodUnit="h"), _repeat(periodMax=2)),
    ("tim-7", _repeat(duration=1, durationMax=2, durationUnit="h"), _repeat(durationMax=2)),
    ("tim-8", _repeat(count=1, countMax=2), _repeat(countMax=2)),
    ("tim-9", _repeat(offset=30, when=["AC"]), _repeat(offset=30)),
    ("tim-9", _repeat(when=["C"]), _repeat(offset=30, when=["CM"])),
    ("tim-10", _repeat(timeOfDay=["08:00:00"]), _repeat(timeOfDay=["08:00:00"], when=["MORN"])),
    ("pat-1", patient(), {**patient(), "contact": [{"gender": "female"}]}),
    ("org-1", made.organization(), _without(made.organization(), "name")),
    ("org-2", made.organization(), {**made.organization(), "address": [{"use": "home", "city": "x"}]}),
    ("org-3", made.organization(), {**made.organization(), "telecom": [{"use": "home", "system": "phone"}]}),
    ("ait-1", allergy(), _without(allergy(), "clinicalStatus")),
    (
        "ait-2",
        _without(allergy(), "clinicalStatus", verificationStatus=ERROR_ALLERGY),
        {**allergy(), "verificationStatus": ERROR_ALLERGY},
    ),
    ("con-1", condition(), {**condition(), "stage": [{"type": {"text": "x"}}]}),
    ("con-2", condition(), {**condition(), "evidence": [{"extension": [{"url": "x", "valueCode": "y"}]}]}),
    ("con-3", condition(), _without(condition(), "clinicalStatus", "abatementDateTime")),
    ("con-4", condition(), {**condition(), "clinicalStatus": ACTIVE}),
    ("con-5", condition(), {**condition(), "verificationStatus": ERROR_CONDITION}),
    ("obs-3", observation(), {**observation(), "referenceRange": [{"type": {"text": "x"}}]}),
    (
        "obs-6",
        {**observation(), "dataAbsentReason": {"text": "x"}},
        {**observation(), "dataAbsentReason": {"text": "x"}, "valueInteger": 1},
    ),
    (
        "obs-7",
        {**observation(), "valueString": "x"},
        {**observation(), "valueString": "x", "code": concept(LOINC, "8480-6")},
    ),
    ("mad-1", administration(), {**administration(), "dosage": {"text": "1 g"}}),
    ("ras-1", _risk(probabilityRange={"low": PERCENT}), _risk(probabilityRange={"low": MILLIGRAM})),
    ("ras-2", _risk(probabilityDecimal=100), _risk(probabilityDecimal=100.1)),
    (
        "cpl-3",
        made.plan(),
        {**made.plan(), "activity": [{"detail": {"status": "unknown"}, "reference": {"display": "x"}}]},
    ),
    ("inv-1", made.task(), {**made.task(), "authoredOn": LATER}),
    ("grp-1", made.group(), {**made.group(), "actual": False}),
    ("sev-1", made.audit(), {**made.audit(), "entity": [{"name": "x", "query": "AQID"}]}),
    ("inv-1", made.parameters(), {"resourceType": "Parameters", "parameter": [{"name": "x"}]}),
    (
        "inv-1",
        made.parameters(),
        {"resourceType": "Parameters", "parameter": [{"name": "x", "valueCode": "y", "resource": P1}]},
    ),
    ("opd-0", made.operation(), {**made.operation(), "name": "twin state"}),
    ("opd-1", made.operation(), _parameter()),
    ("opd-2", made.operation(), _parameter(type="code", searchType="token")),
    (
        "opd-3",
        _parameter(type="Reference", targetProfile=["http://a"]),
        _parameter(type="code", targetProfile=["http://a"]),
    ),
    ("lib-0", made.library(), {**made.library(), "name": "9"}),
    ("bdl-1", _bundle("searchset", total=0), _bundle("collection", total=0)),
    (
        "bdl-2",
        _bundle("searchset", {"resource": P1, "search": {"mode": "match"}}),
        _bundle("collection", {"resource": P1, "search": {"mode": "match"}}),
    ),
    ("bdl-3", _bundle("batch", {"request": GET}), _bundle("batch", {"resource": P1})),
    ("bdl-3", _bundle("collection", {"resource": P1}), _bundle("collection", {"resource": P1, "request": GET})),
    ("bdl-4", _bundle("batch-response", {"response": DONE}), _bundle("batch-response", {"resource": P1})),
    ("bdl-5", _bundle("collection", {"resource": P1}), _bundle("collection", {"fullUrl": made.URN})),
    (
        "bdl-7",
        _bundle("collection", {"fullUrl": made.URN, "resource": P1}),
        _bundle("collection", *[{"fullUrl": made.URN, "resource": P1}] * 2),
    ),
    (
        "bdl-8",
        _bundle("collection", {"fullUrl": "http://a/Patient/p1", "resource": P1}),
        _bundle("collection", {"fullUrl": "http://a/Patient/p1/_history/1", "resource": P1}),
    ),
    (
        "fullUrl",
        _bundle("collection", {"fullUrl": "http://a/Patient/p1", "resource": P1}),
        _bundle("collection", {"fullUrl": "http://a/Patient/p1", "resource": P2}),
    ),
    ("bdl-9", _document(identifier=ID), _document()),
    ("bdl-10", _document(timestamp=LATER), _document()),
    ("bdl-11", _document(), _document("Patient")),
    (
        "bdl-12",
        _bundle("message", {"resource": {"resourceType": "MessageHeader"}}),
        _bundle("message", {"resource": P1}),
    ),
]


def _keys(resource: Json) -> set[str]:
    return {fault.sentence.rsplit("(", 1)[1][:-1] for fault in found(resource) if fault.sentence.endswith(")")}


@pytest.mark.parametrize(("key", "keeps", "breaks"), CASES, ids=[f"{key}-{at}" for at, (key, _, _) in enumerate(CASES)])
def test_an_invariant_holds_for_one_resource_and_not_for_the_other(key: str, keeps: Json, breaks: Json) -> None:
    assert key not in _keys(keeps)
    assert key in _keys(breaks)


def test_every_invariant_has_a_case() -> None:
    assert {rule.key for rules in RULES.values() for rule in rules} == {key for key, _, _ in CASES}


@pytest.mark.parametrize("key", ["con-3", "opd-0", "lib-0", "modifier"])
def test_what_r4_only_advises_is_a_warning(key: str) -> None:
    breaks = next(breaks for name, _, breaks in CASES if name == key)
    assert [fault.severity for fault in found(breaks) if key in fault.sentence] == ["warning"]


def test_the_place_of_a_broken_invariant_is_its_element() -> None:
    (fault,) = found({**administration(), "dosage": {"text": "1 g"}})
    assert (fault.code, fault.expression) == ("invariant", "MedicationAdministration.dosage")
