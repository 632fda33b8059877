"""Which interaction an `Ask` is."""

from collections.abc import Callable
from urllib.parse import urljoin

import msgspec
from django.urls import reverse

from integrations.fhir.capability import statement
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.batch import batch
from integrations.fhir.interactions.create import create
from integrations.fhir.interactions.delete import delete
from integrations.fhir.interactions.entries import steps_of
from integrations.fhir.interactions.history import history
from integrations.fhir.interactions.operate import operate
from integrations.fhir.interactions.own_way import OWN_WAY
from integrations.fhir.interactions.patch import patch
from integrations.fhir.interactions.permitted import unknown_type
from integrations.fhir.interactions.read import read
from integrations.fhir.interactions.search_type import search_type
from integrations.fhir.interactions.transaction import transaction
from integrations.fhir.interactions.update import update
from integrations.fhir.outcome import Refusal
from integrations.fhir.registry import TYPES

WRITES = {"POST": create, "PUT": update, "PATCH": patch, "DELETE": delete}


def answering(ask: Ask) -> Answer:
    """One interaction with resources of a type; a write is called in a database transaction.

    Raises
    ------
    Refusal
        Whatever stands in its way.
    """
    if ask.called:
        return _called(ask)
    if ask.history:
        return history(ask)
    if ask.compartment:
        return search_type(ask)
    if ask.resource_type not in TYPES:
        raise unknown_type(ask.resource_type)
    if ask.method in WRITES:
        return OWN_WAY.get(ask.resource_type, WRITES).get(ask.method, WRITES[ask.method])(ask)
    return read(ask) if ask.identifier else search_type(ask)


def _called(ask: Ask) -> Answer:
    if ask.called == "metadata":
        body = msgspec.json.encode(statement(ask.base, urljoin(ask.base, reverse("oauth-token"))))
        return Answer(200, body, activity="fhir.request")
    return search_type(ask) if ask.called == "_search" else operate(ask)


def bundle(ask: Ask, count: Callable[[int], None] = lambda _: None) -> Answer:
    """``POST [base]`` with a batch or a transaction; `count` takes note of how many requests a batch stands for."""
    kind, steps = steps_of(ask)
    if kind == "batch":
        count(len(steps))
        return batch(steps, answering)
    return transaction(ask, steps, _reading)


def _reading(ask: Ask) -> Answer:
    if ask.method in WRITES:
        raise Refusal(400, "value", f"{ask.method} has been done; only what reads is left")
    return answering(ask)
