"""Observation: readings, laboratory values, and what the twins estimate."""

from collections.abc import Iterator
from typing import Any

from integrations.fhir.elements import at, moments
from integrations.fhir.resources.declare import (
    composite,
    date,
    identifier,
    patient,
    quantity,
    reference,
    string,
    subject,
    token,
)
from integrations.fhir.resources.stored import US_CORE, StoredType

_CODE = token("code", "What was observed", indexed=True)
_OF_COMPONENT = token("code", "What the component tells", under=("component-code",))
_OF_EITHER = token("code", "What it tells", under=("code", "component-code"))
_VALUE = quantity("value-quantity", "The value", "valueQuantity")
_CONCEPT = token("value-concept", "The coded value", "valueCodeableConcept")
_components = at("component")


def _itself(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield resource


def _parts(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Elements that have a code and a value of their own: the components."""
    yield from (one for one in _components(resource) if isinstance(one, dict))


def _all(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield resource
    yield from _parts(resource)


OBSERVATION = StoredType(
    "Observation",
    (
        patient(),
        subject("Patient Group Device"),
        identifier("The identifier, such as a gateway's for one measurement"),
        _CODE,
        token("component-code", "What a component tells", "component.code", indexed=True),
        token("combo-code", "What it or a component tells", "code component.code", under=("code", "component-code")),
        token("category", "The kind of observation", indexed=True),
        date("date", "When it was so", moments("effective"), dated=True),
        token("status", "The status"),
        _VALUE,
        quantity("component-value-quantity", "The value of a component", "component.valueQuantity"),
        quantity("combo-value-quantity", "Its value or a component's", "valueQuantity component.valueQuantity"),
        _CONCEPT,
        token("component-value-concept", "The coded value of a component", "component.valueCodeableConcept"),
        token(
            "combo-value-concept",
            "Its coded value or a component's",
            "valueCodeableConcept component.valueCodeableConcept",
        ),
        string("value-string", "The value as text", "valueString"),
        date("value-date", "The value as a time", "valueDateTime valuePeriod"),
        token("data-absent-reason", "Why there is no value", "dataAbsentReason"),
        token("method", "How it was done"),
        composite("code-value-quantity", "Code and value", _itself, _CODE, _VALUE),
        composite("code-value-concept", "Code and coded value", _itself, _CODE, _CONCEPT),
        composite("component-code-value-quantity", "Code and value of one component", _parts, _OF_COMPONENT, _VALUE),
        composite(
            "component-code-value-concept", "Code and coded value of one component", _parts, _OF_COMPONENT, _CONCEPT
        ),
        composite("combo-code-value-quantity", "Code and value of it or of one component", _all, _OF_EITHER, _VALUE),
        composite(
            "combo-code-value-concept", "Code and coded value of it or of one component", _all, _OF_EITHER, _CONCEPT
        ),
        reference("encounter", "The encounter of it", "Encounter"),
        reference("device", "What measured it", "Device DeviceMetric"),
        reference("performer", "Who is responsible", "Practitioner Organization Patient", indexed=False),
        reference("based-on", "What it fulfils", "CarePlan MedicationRequest", "basedOn"),
        reference("part-of", "What it is part of", "MedicationAdministration MedicationStatement", "partOf"),
        reference("has-member", "What it summarises", "Observation", "hasMember"),
        reference("derived-from", "What it was made from", "Observation DocumentReference", "derivedFrom"),
        reference("focus", "What it is about, where that is not the subject", "", indexed=False),
        reference("specimen", "The specimen", "", indexed=False),
    ),
    profiles=(
        f"{US_CORE}us-core-vital-signs",
        f"{US_CORE}us-core-observation-lab",
    ),
)
