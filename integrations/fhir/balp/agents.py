"""Who took part: at the FHIR door the client, this server and the user of the token; elsewhere the actor alone.

The roles differ by interaction (https://profiles.ihe.net/ITI/BALP/1.1.4/content.html): the client is the source and the
server the destination of what is created, updated or asked; of what is read it is the other way round; of what is
deleted the client is the application and the server the custodian.
"""

from typing import Any

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from integrations.fhir.balp.kind import Coding, dicom, interaction

ACTOR_SYSTEM = "urn:patient-twin:actor"
CLIENT_SYSTEM = "urn:patient-twin:client"
ROLE_SYSTEM = "urn:patient-twin:role"
JTI = "urn:ietf:params:oauth:jti:"
NAME = "Patient Twin"
_PURPOSES = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_IP_ADDRESS, _URI = "2", "5"
"""Of https://hl7.org/fhir/R4/valueset-network-type.html."""

_SOURCE = dicom("110153", "Source Role ID")
_DESTINATION = dicom("110152", "Destination Role ID")
_APPLICATION = dicom("110150", "Application")
_CUSTODIAN: Coding = {
    "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "code": "custodian",
    "display": "Custodian",
}
_RECIPIENT: Coding = {"system": _PARTICIPATION, "code": "IRCP", "display": "information recipient"}
_AUTHOR: Coding = {"system": _PARTICIPATION, "code": "AUT", "display": "author (originator)"}
_OAUTH_USER: Coding = {
    "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes",
    "code": "UserOauthAgent",
}
_READS = frozenset({"read", "vread", "history-instance", "history-type"})
_GIVES = frozenset({"create", "update", "patch", "delete", "batch", "transaction"})
"""What the user of the token is the author of; of all else they receive."""


def agents(event: AuditEvent, base: str) -> list[dict[str, Any]]:
    """AuditEvent.agent; `base` is the address of the door, empty where the event is of something else."""
    done = interaction(event)
    user = _actor(event)
    client = event.detail.get("client_id")
    if not done or not isinstance(client, str):
        if event.client:
            user["network"] = {"address": event.client, "type": _IP_ADDRESS}
        return [user]
    user["type"] = {"coding": [_AUTHOR if done in _GIVES else _RECIPIENT, *user.pop("type", {}).get("coding", [])]}
    client_role, server_role = _roles(done)
    caller: dict[str, Any] = {
        "type": {"coding": [client_role]},
        "who": {"identifier": {"system": CLIENT_SYSTEM, "value": client}},
        "requestor": False,
    }
    server: dict[str, Any] = {"type": {"coding": [server_role]}, "who": {"display": NAME}, "requestor": False}
    if event.client:
        caller["network"] = {"address": event.client, "type": _IP_ADDRESS}
    if base:
        server["network"] = {"address": base.rstrip("/"), "type": _URI}
    return [caller, server, user]


def purpose(event: AuditEvent) -> list[dict[str, Any]]:
    """The purpose of use as a list of concepts, empty where none is recorded."""
    return [{"coding": [{"system": _PURPOSES, "code": event.purpose}]}] if event.purpose else []


def jti(event: AuditEvent) -> str:
    """The name of the token that was used or issued; the token itself is recorded nowhere."""
    name = event.detail.get("token", event.detail.get("jti", ""))
    return name if isinstance(name, str) else ""


def _actor(event: AuditEvent) -> dict[str, Any]:
    who: dict[str, Any] = {"identifier": {"system": ACTOR_SYSTEM, "value": event.actor}}
    if event.actor.startswith("user-") and Role.INTEGRATION.value not in event.actor_roles:
        who["reference"] = f"Practitioner/{event.actor}"
    agent: dict[str, Any] = {"who": who, "altId": event.actor, "requestor": True}
    if event.actor_roles:
        agent["role"] = [{"coding": [{"system": ROLE_SYSTEM, "code": one}], "text": one} for one in event.actor_roles]
    if name := jti(event):
        agent["type"] = {"coding": [_OAUTH_USER]}
        agent["policy"] = [JTI + name]
    if reasons := purpose(event):
        agent["purposeOfUse"] = reasons
    return agent


def _roles(done: str) -> tuple[Coding, Coding]:
    """Of the client and of the server."""
    if done == "delete":
        return _APPLICATION, _CUSTODIAN
    return (_DESTINATION, _SOURCE) if done in _READS else (_SOURCE, _DESTINATION)
