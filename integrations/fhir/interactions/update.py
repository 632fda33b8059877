"""Update, update as create, and both by a query instead of an id."""

import hashlib
from dataclasses import replace

from integrations.fhir.interactions.ask import Answer, Ask, marks
from integrations.fhir.interactions.checked import Checked, checked, names_this_address, own_id
from integrations.fhir.interactions.conditional import Criteria, check_version, one
from integrations.fhir.interactions.create import new_id
from integrations.fhir.interactions.drafts import Draft, beyond_scope, lock, write
from integrations.fhir.interactions.found import Found, absent, current, hidden, reaches
from integrations.fhir.interactions.permitted import permitted
from integrations.fhir.interactions.returned import returned
from integrations.fhir.outcome import Refusal
from integrations.fhir.resources.body import FIELDS, Bodies
from integrations.fhir.resources.served import Served
from integrations.readings.models import Resource
from integrations.readings.ours import DOOR


def update(ask: Ask) -> Answer:
    """``PUT [base]/[type]/[id]``, or ``PUT [base]/[type]?…`` for the one that answers, or a new one.

    The same text as the newest version's makes no new version.

    Raises
    ------
    Refusal
        400, 403, 405 for what another system owns, 412 for another version than If-Match names, 422.
    """
    permitted(ask, "update")
    lock()
    if ask.identifier:
        own_id(ask.identifier)
    body = checked(ask.body, ask.resource_type)
    identifier = ask.identifier or own_id(by_query(ask, body))
    if ask.identifier:
        names_this_address(body.data, identifier)
    return put(ask, identifier, body, "PUT")


def put(ask: Ask, identifier: str, body: Checked, method: str) -> Answer:
    """Write `body` as the next version of the resource."""
    newest = newest_of(ask.resource_type, identifier)
    check_standing(ask, newest)
    check_version(ask, newest.version if newest and not newest.deleted else None)
    if newest and not newest.deleted and says_the_same(newest, body):
        found = current_of(ask, identifier)
        return Answer(
            200, returned(ask, found.served), marks(found.served, ask.base, location=True), [found.served],
            activity="fhir.read",
        )  # fmt: skip
    (made,) = write([Draft(ask.resource_type, identifier, body.text, body.status, method)], ask)
    status = 200 if newest and not newest.deleted else 201
    return Answer(
        status, returned(ask, made), marks(made, ask.base, location=True), written=[made], activity="fhir.update"
    )


def check_standing(ask: Ask, newest: Resource | None) -> None:
    """Raise 403 where what is to be changed is beyond the scope, whatever it is to become."""
    if newest is not None and not newest.deleted:
        reach = ask.caller.reach(ask.resource_type, "u")
        there = Bodies().served({name: getattr(newest, name) for name in FIELDS})
        if not reaches(reach, ask.resource_type, newest.subject_id) or hidden(reach, there):
            raise beyond_scope()


def by_query(ask: Ask, body: Checked) -> str:
    """The id of the one resource that answers the query; else the one that the body brings, or a new one."""
    if not ask.query:
        raise Refusal(400, "value", f"put to {ask.resource_type}/[id], or give search parameters")
    known = one(ask, list(ask.query))
    brought = body.data.get("id")
    if known is None:
        return str(brought) if brought else new_id()
    if brought and brought != known.id:
        raise Refusal(
            400, "invalid", f"id is {brought!r:.80}, and {known.id} answers the query; leave the id out or send that",
            expression=f"{ask.resource_type}.id",
        )  # fmt: skip
    return known.id


def says_the_same(stored: Resource, body: Checked) -> bool:
    """Whether the text is that of the version, to the last character."""
    return stored.sha256 == hashlib.sha256(body.text.encode()).hexdigest()


def newest_of(resource_type: str, identifier: str) -> Resource | None:
    key = f"{DOOR}/{resource_type}/{identifier}"
    return Resource.objects.filter(source_key=key, is_current=True).first()


def current_of(ask: Ask, identifier: str, letter: str = "u") -> Found:
    """The newest version under that id, for a caller whose scope reaches it."""
    found = current(replace(ask, identifier=identifier), letter)
    if found is None:
        raise absent(ask)
    return found


def queried(ask: Ask, criteria: Criteria) -> Served | None:
    """The one resource that a conditional patch or deletion means."""
    if not criteria:
        raise Refusal(400, "value", f"name {ask.resource_type}/[id], or give search parameters")
    return one(ask, criteria)
