"""Calls as a client would send them."""

from typing import Any
from uuid import uuid4

from tests.integrations.resources import bundle, quantity, request

ISSUER = "https://ehr.test"
SERVER = "https://ehr.test/fhir"
Json = dict[str, Any]


def call(hook: str = "patient-view", *, context: Json | None = None, **changes: Any) -> Json:
    return {
        "hook": hook,
        "hookInstance": str(uuid4()),
        "context": {"userId": "Practitioner/dr", "patientId": "p1", **(context or {})},
        **changes,
    }


def draft(
    identifier: str = "d1",
    amount: Any = 1250,
    *,
    start: str | None = "2026-03-02T22:00:00Z",
    every: Any = 12,
    **changes: Any,
) -> Json:
    """A draft of vancomycin over 90 minutes; by default from an hour after the clock of the tests."""
    repeat = {"frequency": 1, "period": every, "periodUnit": "h", "duration": 90, "durationUnit": "min"}
    if start:
        repeat["boundsPeriod"] = {"start": start}
    return request(
        identifier,
        status="draft",
        version=None,
        repeat=repeat,
        instruction={"doseAndRate": [{"doseQuantity": quantity(amount, "mg")}]},
        **changes,
    )


def sign_call(*orders: Json, context: Json | None = None, **changes: Any) -> Json:
    orders = orders or (draft(),)
    return call("order-sign", context={"draftOrders": bundle(*orders, kind="collection"), **(context or {})}, **changes)


def select_call(*orders: Json, selections: list[str] | None = None, **changes: Any) -> Json:
    orders = orders or (draft(),)
    chosen = selections or [f"MedicationRequest/{order['id']}" for order in orders]
    context = {"draftOrders": bundle(*orders, kind="collection"), "selections": chosen}
    return call("order-select", context=context, **changes)
