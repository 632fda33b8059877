"""The resource that an address names, as far as the caller may know of it."""

from dataclasses import dataclass
from typing import Any

import msgspec

from integrations.fhir import visible
from integrations.fhir.authentication import Reach
from integrations.fhir.identity import FHIR_ID, source_key
from integrations.fhir.interactions.ask import Ask
from integrations.fhir.outcome import Refusal
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.body import FIELDS, Bodies
from integrations.fhir.resources.served import Served
from integrations.readings.models import Resource
from integrations.readings.ours import DOOR

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Found:
    """A version of a stored resource, and whether it says that the resource is gone."""

    row: dict[str, Any]
    served: Served

    @property
    def deleted(self) -> bool:
        return bool(self.row["deleted"])

    @property
    def is_ours(self) -> bool:
        """Whether it was written at this door, and can be changed here."""
        return str(self.row["source_key"]).startswith(f"{DOOR}/")


def key_of(resource_type: str, identifier: str) -> str | None:
    """The source key of an address, or None where it can be none."""
    return source_key(resource_type, identifier) if FHIR_ID.fullmatch(identifier) else None


def current(ask: Ask, interaction: str) -> Found | None:
    """The newest version of what `ask` names, deleted or not; None where it is not there for this caller."""
    key = key_of(ask.resource_type, ask.identifier)
    rows = Resource.objects.filter(source_key=key, resource_type=ask.resource_type, is_current=True)
    row = rows.values(*FIELDS).first() if key else None
    return within(ask, interaction, row)


def versioned(ask: Ask, interaction: str) -> Found | None:
    """One version of what `ask` names, whatever came after it."""
    key = key_of(ask.resource_type, ask.identifier)
    if key is None or not FHIR_ID.fullmatch(ask.version):
        return None
    rows = Resource.objects.filter(source_key=key, resource_type=ask.resource_type, version=ask.version)
    return within(ask, interaction, rows.values(*FIELDS).first())


def within(ask: Ask, interaction: str, row: dict[str, Any] | None) -> Found | None:
    """The row as found, if the caller's scope reaches whom it is about."""
    reach = ask.caller.reach(ask.resource_type, interaction)
    if row is None or not reaches(reach, ask.resource_type, row["subject_id"]) or not _owns(reach, row):
        return None
    found = Found(row, Bodies().served(row))
    return None if hidden(reach, found.served) else found


def _owns(reach: Reach, row: dict[str, Any]) -> bool:
    """Whether the row is the caller's, where it is of a type of which each sees its own alone."""
    own = getattr(TYPES[row["resource_type"]], "own", None)
    return own is None or Resource.objects.filter(own(reach), pk=row["pk"]).exists()


def hidden(reach: Reach, served: Served) -> bool:
    """Whether the scope is narrowed by search parameters that this version does not answer.

    A version that says that the resource is deleted answers none, so that a narrowed scope does not hear of it.
    """
    if not reach.queries:
        return False
    allowed = visible.asked(reach.queries, TYPES[served.resource_type])
    return allowed is None or not served.body or not visible.answers(allowed, _decode(served.body))


def reaches(reach: Reach, resource_type: str, subject: Any) -> bool:
    """Whether a caller of that reach may touch a resource about `subject`, or about nobody."""
    if reach.everyone:
        return True
    if subject is None:
        return bool(getattr(TYPES[resource_type], "of_nobody", False))
    return reach.subjects is not None and bool(reach.subjects.filter(pk=subject).exists())


def absent(ask: Ask) -> Refusal:
    """404, in the same words whether it is not there or not there for this caller."""
    what = f"{ask.resource_type}/{ask.identifier[:64]}" + (f" version {ask.version[:64]}" if ask.version else "")
    return Refusal(404, "not-found", f"There is no {what} here.")


def gone(found: Found) -> Refusal:
    served = found.served
    return Refusal(410, "deleted", f"{served.resource_type}/{served.id} was deleted.", ETag=f'W/"{served.version}"')
