"""One call of a service, checked before anything is looked up."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.conf import settings

from integrations.cds_hooks.offered import Service
from integrations.cds_hooks.trust import Client
from integrations.fhir.outcome import Refusal
from integrations.readings.refusal import shown

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)
_USER = re.compile(r"(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9.\-]{1,64}", re.ASCII)
_SELECTION = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9.\-]{1,64}", re.ASCII)
_MOST_ORDERS = 50
"""Draft orders of one call; more than anybody writes at once, and each may be computed."""

Json = dict[str, Any]
_exact = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Call:
    """What a client asks: by which user, about which patient, with which orders and which data sent along.

    `drafts` are the MedicationRequests to be judged and `others` the further resources among the draft orders, both as
    received, decimals exact. `fhir_server` is without a slash at the end.
    """

    service: Service
    client: Client
    hook_instance: UUID
    user: str
    patient_id: str
    fhir_server: str
    drafts: tuple[Json, ...]
    others: tuple[Json, ...]
    prefetch: Json


def read_call(body: bytes, service: Service, client: Client) -> Call:
    """The call in `body`.

    Raises
    ------
    Refusal
        400 where it breaks a rule of CDS Hooks, naming the field and the remedy; 403 for a FHIR server that is not the
        client's.
    """
    data = read_object(body)
    instance = data.get("hookInstance")
    if not isinstance(instance, str) or not _UUID.fullmatch(instance):
        raise bad("hookInstance", instance, "send a UUID that is new for each call")
    if data.get("hook") != service.hook:
        raise bad("hook", data.get("hook"), f"this service answers {service.hook}")
    server = _fhir_server(data, client)
    context = data.get("context")
    if not isinstance(context, dict):
        raise bad("context", context, "send the context of the hook as an object")
    user, patient_id = context.get("userId"), context.get("patientId")
    if not isinstance(user, str) or not _USER.fullmatch(user):
        raise bad("context.userId", user, "send a reference such as Practitioner/1")
    if not isinstance(patient_id, str) or not _ID.fullmatch(patient_id):
        raise bad("context.patientId", patient_id, "send the id of the Patient, without its type")
    orders = _orders(context, patient_id) if "draftOrders" in service.context else []
    if "selections" in service.context:
        orders = _selected(context, orders)
    prefetch = data.get("prefetch", {})
    if not isinstance(prefetch, dict):
        raise bad("prefetch", prefetch, "send an object, or leave it out")
    return Call(
        service=service,
        client=client,
        hook_instance=UUID(instance),
        user=user,
        patient_id=patient_id,
        fhir_server=server,
        drafts=tuple(order for order in orders if order["resourceType"] == "MedicationRequest"),
        others=tuple(order for order in orders if order["resourceType"] != "MedicationRequest"),
        prefetch=prefetch,
    )


def read_object(body: bytes) -> Json:
    """The JSON object in `body`, decimals exactly as written; nulls are kept, since in prefetch they say something."""
    try:
        text = body.decode("utf-8-sig")
        data = _exact.decode(text)
    except UnicodeDecodeError as error:
        raise Refusal(400, "invalid", f"Byte {error.start} is not UTF-8; send JSON in UTF-8.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(400, "invalid", f"The body is not JSON ({error}); send a JSON object.") from error
    if not isinstance(data, dict) or "\\u0000" in text:
        raise Refusal(400, "invalid", "The body is no JSON object, or holds the character U+0000; send neither.")
    return data


def bad(field: str, value: object, remedy: str) -> Refusal:
    """400 for one field of a request."""
    return Refusal(400, "value", f"{field} is {shown(value)}; {remedy}.", expression=field)


def _fhir_server(data: Json, client: Client) -> str:
    """The client's own server, whether it is named or not. Nothing is ever fetched from it."""
    server = data.get("fhirServer")
    if server is None:
        return client.fhir_server
    if not isinstance(server, str):
        raise bad("fhirServer", server, "send the base address of the FHIR server as text")
    try:
        scheme = urlsplit(server).scheme
    except ValueError as error:
        raise bad("fhirServer", server, "send the base address of the FHIR server") from error
    if scheme != "https" and not (scheme == "http" and settings.CDS_ALLOW_HTTP):
        raise Refusal(403, "forbidden", "fhirServer is no https address; send the one that was agreed on.")
    if server.rstrip("/") != client.fhir_server:
        raise Refusal(403, "forbidden", "fhirServer is not the one agreed on with this client; send that one.")
    return client.fhir_server


def _orders(context: Json, patient_id: str) -> list[Json]:
    bundle = context.get("draftOrders")
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise bad("context.draftOrders", bundle, "send a Bundle of the draft orders")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or len(entries) > _MOST_ORDERS:
        raise bad("context.draftOrders.entry", entries, f"send a list of up to {_MOST_ORDERS} entries")
    orders = []
    for position, entry in enumerate(entries):
        field = f"context.draftOrders.entry[{position}].resource"
        order = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(order, dict) or not isinstance(order.get("resourceType"), str):
            raise bad(field, order, "send a resource")
        if order["resourceType"] == "MedicationRequest":
            _check_draft(order, field, patient_id)
        orders.append(order)
    return orders


def _check_draft(order: Json, field: str, patient_id: str) -> None:
    if not isinstance(order.get("id"), str) or not _ID.fullmatch(order["id"]):
        raise bad(f"{field}.id", order.get("id"), "give each draft an id, so that an answer can name it")
    subject = order.get("subject")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    if not names_patient(reference, patient_id):
        raise bad(f"{field}.subject", reference, f"send orders of Patient/{patient_id}, whom context.patientId names")


def names_patient(reference: object, patient_id: str) -> bool:
    """Whether a reference names the patient of the context, relative or on whatever server."""
    return isinstance(reference, str) and (f"/{reference}".split("/_history/")[0]).endswith(f"/Patient/{patient_id}")


def _selected(context: Json, orders: list[Json]) -> list[Json]:
    """The selected orders; those that are not selected stay where a selected one refers to them."""
    selections = context.get("selections")
    if not isinstance(selections, list) or not all(
        isinstance(item, str) and _SELECTION.fullmatch(item) for item in selections
    ):
        raise bad("context.selections", selections, "send a list of references such as MedicationRequest/1")
    known = {f"{order['resourceType']}/{order.get('id')}" for order in orders}
    for item in selections:
        if item not in known:
            raise bad("context.selections", item, "name orders that are in context.draftOrders")
    return [
        order
        for order in orders
        if order["resourceType"] != "MedicationRequest" or f"MedicationRequest/{order['id']}" in selections
    ]
