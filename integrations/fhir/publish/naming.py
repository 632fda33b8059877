"""The names of what is published: code systems of ours, ids that stay, and how other resources are referred to."""

import uuid
from typing import Any

from integrations.codes.drugs import DRUGS, RXNORM
from integrations.fhir.identity import server_id
from integrations.readings.ours import TWIN
from twins.pharmacology import formulary

PARAMETER = "urn:patient-twin:parameter"
STATISTIC = "urn:patient-twin:statistic"
CATEGORY = "urn:patient-twin:category"
MODEL = "urn:patient-twin:model"
TARGET = "urn:patient-twin:target-attainment"
FINDING = "urn:patient-twin:finding"
TWIN_VERSION = "urn:patient-twin:twin-version"
COMPARISON = "urn:patient-twin:comparison"
DECISION = "urn:patient-twin:decision"
PERSON = "urn:patient-twin:person"
"""System of the opaque keys that the audit trail knows people by."""
UCUM = "http://unitsofmeasure.org"
OPERATOR = {"type": "Organization", "display": "The organization that runs this server"}
"""On whose behalf software and people act here: US Core's Provenance wants it said."""
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:patient-twin:published")


def lasting_id(*parts: object) -> str:
    """The same id for the same thing, for ever."""
    return str(uuid.uuid5(_SPACE, "|".join(map(str, parts))))


def here(resource_type: str, identifier: str, version: str = "") -> str:
    """``Type/twin.<id>/_history/<version>``: a reference to what is published, or to one version of it."""
    name = f"{resource_type}/{server_id(f'{TWIN}/{resource_type}/{identifier}')}"
    return f"{name}/_history/{version}" if version else name


def concept(system: str, code: str, display: str = "", text: str = "") -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return {"coding": [coding], "text": text or display or code}


def quantity(value: float, code: str) -> dict[str, Any]:
    """A Quantity in a unit of UCUM; the number keeps every digit."""
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def method(model_id: str, version: str, code_version: str) -> dict[str, Any]:
    """The model, its version, and the code that computed."""
    return {
        "coding": [{"system": MODEL, "version": version, "code": model_id}],
        "text": f"{model_id}, version {version}, computed by {code_version}",
    }


def drug_concept(drug: str) -> dict[str, Any]:
    """The drug with the codes of its ingredient that are read at the doors."""
    codes = [{"system": system, "code": code} for (system, code), name in DRUGS.items() if name == drug]
    title = formulary.drug(drug).title if drug in formulary.drugs() else drug.capitalize()
    for coding in codes:
        if coding["system"] == RXNORM:
            coding["display"] = title.lower()
    return {**({"coding": codes} if codes else {}), "text": title}


def person(key: str) -> dict[str, Any]:
    """Somebody by the opaque key; never by name."""
    return {"type": "Practitioner", "identifier": {"system": PERSON, "value": key}}
