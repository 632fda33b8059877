"""Whose data it was, what exactly, by which request, and the event's place in the chain."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from clinic.audit.models import AuditEvent
from integrations.fhir.balp.asked import Asked
from integrations.fhir.balp.kind import DOOR
from integrations.fhir.identity import FHIR_ID
from integrations.smart.resource_types import R4_TYPES

SUBJECT_SYSTEM = "urn:patient-twin:subject"
CHAIN_SYSTEM = "urn:patient-twin:audit-chain"
_ENTITY_TYPES = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_PERSON = {"system": _ENTITY_TYPES, "code": "1", "display": "Person"}
_OBJECT = {"system": _ENTITY_TYPES, "code": "2", "display": "System Object"}
_REQUEST = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "code": "XrequestId"}
_LINK = {"system": "urn:patient-twin:audit-entity-type", "code": "chain-link", "display": "Link of the audit chain"}
_ROLES = "http://terminology.hl7.org/CodeSystem/object-role"
_PATIENT = {"system": _ROLES, "code": "1", "display": "Patient"}
_RESOURCE = {"system": _ROLES, "code": "4", "display": "Domain Resource"}
_QUERY = {"system": _ROLES, "code": "24", "display": "Query"}
Entity = dict[str, Any]


def subjects(event: AuditEvent) -> list[str]:
    """The subject keys that an event names."""
    several = event.detail.get("subjects", [])
    several = several if isinstance(several, list) else []
    return [event.subject_key] if event.subject_key else [key for key in several if isinstance(key, str) and key]


def entities(event: AuditEvent, patients: Mapping[str, str], request: Asked | None) -> Iterator[Entity]:
    """AuditEvent.entity; `patients` maps subject keys to the ids of Patients here, `request` is that of a search.

    One entity of the type System Object at most, as BALP wants it: what else left or changed has the type of its
    resource.
    """
    for subject in subjects(event):
        yield _whose(subject, patients)
    if request is not None:
        text = base64.b64encode(request.text.encode()).decode()
        yield {"type": _OBJECT, "role": _QUERY, "description": request.note, "query": text}
    elif event.entity_id:
        yield _what(event)
    yield from _listed(event)
    if event.request_id:
        yield {"what": {"identifier": {"value": event.request_id}}, "type": _REQUEST}
    yield {
        "what": {"identifier": {"system": CHAIN_SYSTEM, "value": event.hash}},
        "type": _LINK,
        "name": "link of the audit chain",
        "detail": [{"type": "previous hash", "valueString": event.previous_hash}],
    }


def _whose(subject: str, patients: Mapping[str, str]) -> Entity:
    what: Entity = {"type": "Patient", "identifier": {"system": SUBJECT_SYSTEM, "value": subject}}
    if subject in patients:
        what["reference"] = f"Patient/{patients[subject]}"
    return {"what": what, "type": _PERSON, "role": _PATIENT}


def _what(event: AuditEvent) -> Entity:
    kind, identifier, version = event.entity_type, event.entity_id, event.entity_version
    in_words = f", version {version}" if version else ""
    what: Entity = {"identifier": {"value": _printable(identifier)}}
    if event.activity.startswith(DOOR) and (name := _reference(kind, identifier, version)):
        what = {"reference": name, "type": kind}
    entity: Entity = {"what": what, "type": _OBJECT, "name": _printable(kind) or "entity"}
    if kind != "page":
        entity["role"] = _RESOURCE
    return entity | {"description": _printable(f"{kind} {identifier}{in_words}".strip())}


def _listed(event: AuditEvent) -> Iterator[Entity]:
    """What a search, history, batch, transaction or operation showed and wrote."""
    for field, said in (("ids", "shown"), ("shown", "shown"), ("written", "written")):
        names = event.detail.get(field, [])
        for name in names if isinstance(names, list) else []:
            if not isinstance(name, str):
                continue
            kind, _, rest = name.partition("/") if "/" in name else (event.entity_type, "", name)
            identifier, _, version = rest.partition("/_history/")
            if reference := _reference(kind, identifier, version):
                coding = {"system": "http://hl7.org/fhir/resource-types", "code": kind}
                yield {
                    "what": {"reference": reference, "type": kind},
                    "type": coding,
                    "role": _RESOURCE,
                    "description": said,
                }


def _printable(text: str) -> str:
    """Without the signs that FHIR allows in no string."""
    return "".join(sign if sign >= " " else "\ufffd" for sign in text)


def _reference(kind: str, identifier: str, version: str) -> str:
    """``Type/id`` or ``Type/id/_history/version``, or "" where the parts are no such name."""
    if kind not in R4_TYPES or not FHIR_ID.fullmatch(identifier):
        return ""
    return f"{kind}/{identifier}" + (f"/_history/{version}" if FHIR_ID.fullmatch(version) else "")
