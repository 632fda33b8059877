"""What a client sent along: for each template data, or that there are none, or that it could not; or nothing at all."""

from enum import Enum
from typing import Any

from integrations.cds_hooks.call import Call, Json, bad, names_patient
from integrations.cds_hooks.offered import prefetch


class Sent(Enum):
    """What became of one prefetch template."""

    DATA = "sent"
    NONE = "there are no such data"
    FAILED = "the client could not fetch it"
    ABSENT = "not sent"


def sent(call: Call, name: str) -> Sent:
    """How template `name` was answered."""
    if name not in call.prefetch:
        return Sent.ABSENT
    value = call.prefetch[name]
    if value is None:
        return Sent.NONE
    return Sent.FAILED if value.get("resourceType") == "OperationOutcome" else Sent.DATA


def check_prefetch(call: Call) -> None:
    """Let pass prefetched data that are resources, and of the patient of the context alone.

    Raises
    ------
    Refusal
        400.
    """
    for name in prefetch():
        value = call.prefetch.get(name)
        if value is None:
            continue
        if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
            raise bad(f"prefetch.{name}", value, "send a resource, or null where there are no data")
    if sent(call, "patient") is Sent.DATA:
        patient = call.prefetch["patient"]
        if patient["resourceType"] != "Patient" or patient.get("id") != call.patient_id:
            found = f"{patient['resourceType']}/{patient.get('id')}"
            raise bad("prefetch.patient", found, f"send Patient/{call.patient_id}, whom context.patientId names")
    for name in ("observations", "administrations", "conditions"):
        for resource in resources(call, name):
            if resource.get("resourceType") == "Medication":
                continue
            subject = resource.get("subject")
            reference = subject.get("reference") if isinstance(subject, dict) else None
            if not names_patient(reference, call.patient_id):
                raise bad(f"prefetch.{name}", reference, f"send data of Patient/{call.patient_id} alone")


def resources(call: Call, name: str) -> list[Json]:
    """The matches of a prefetched search, without remarks of the server about it.

    Raises
    ------
    Refusal
        400 where it is no Bundle of resources.
    """
    if sent(call, name) is not Sent.DATA:
        return []
    bundle = call.prefetch[name]
    entries: Any = bundle.get("entry", [])
    if bundle["resourceType"] != "Bundle" or not isinstance(entries, list):
        raise bad(f"prefetch.{name}", bundle["resourceType"], "send the Bundle of the search")
    found = []
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            raise bad(f"prefetch.{name}.entry", entry, "send a resource in each entry")
        if resource.get("resourceType") != "OperationOutcome":
            found.append(resource)
    return found
