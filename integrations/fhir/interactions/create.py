"""Create, and create unless it is there already."""

import uuid

from integrations.fhir.interactions.ask import Answer, Ask, marks
from integrations.fhir.interactions.checked import checked
from integrations.fhir.interactions.conditional import condition_of, one
from integrations.fhir.interactions.drafts import Draft, lock, write
from integrations.fhir.interactions.permitted import permitted
from integrations.fhir.interactions.returned import returned


def create(ask: Ask) -> Answer:
    """``POST [base]/[type]``, with If-None-Exist too: nothing is written where one such resource is there.

    Raises
    ------
    Refusal
        400, 403, 412 where several are there, 422.
    """
    permitted(ask, "create")
    lock()
    condition = condition_of(ask)
    if condition is not None:
        known = one(ask, condition)
        if known is not None:
            return Answer(
                200, returned(ask, known), marks(known, ask.base, location=True), [known], activity="fhir.read"
            )
    body = checked(ask.body, ask.resource_type)
    draft = Draft(ask.resource_type, new_id(), body.text, body.status, "POST")
    (made,) = write([draft], ask)
    return Answer(
        201, returned(ask, made), marks(made, ask.base, location=True), written=[made], activity="fhir.create"
    )


def new_id() -> str:
    """An id that nobody has."""
    return str(uuid.uuid4())
