"""What a caller asks of the door, and what it answers: the same for a request and for an entry of a Bundle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.utils.http import http_date

from integrations.fhir.authentication import Caller
from integrations.fhir.resources.served import Served


@dataclass(frozen=True, slots=True)
class Ask:
    """One interaction.

    Attributes
    ----------
    base
        The door's address with a slash at its end.
    headers
        Names in small letters.
    body
        As it came; for an entry of a Bundle the text of its resource. Headers of a Subscription are marked (`sealed`).
    secrets
        What stood where the marks are; it lives as long as the request.
    beforehand
        What was found out before the database was held for the request (`own_way.prepared`).
    compartment
        Type and id of whose resources are searched; empty for everybody's.
    history
        Whether the versions are asked for, not the resource.
    called
        ``metadata``, ``_search`` or an operation with its dollar, where one is asked for; for an entry of a batch.
    """

    method: str
    base: str
    caller: Caller
    resource_type: str
    identifier: str = ""
    version: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    beforehand: Mapping[str, str] = field(default_factory=dict)
    compartment: tuple[str, ...] = ()
    history: bool = False
    called: str = ""

    @property
    def origin(self) -> str:
        """``PUT Observation/x?…``, and the condition: all that is needed to ask it again."""
        place = f"{self.resource_type}/{self.identifier}" if self.identifier else self.resource_type
        query = f"?{urlencode(self.query)}" if self.query else ""
        condition = self.headers.get("if-none-exist", "")
        return f"{self.method} {place}{query}" + (f" if-none-exist {condition}" if condition else "")

    @property
    def returns(self) -> str:
        """What the caller wants back of a write: ``minimal``, ``representation`` or ``OperationOutcome``."""
        for part in self.headers.get("prefer", "").replace(";", ",").split(","):
            name, _, value = part.strip().partition("=")
            if name.strip().lower() == "return":
                return value.strip()
        return "representation"


@dataclass(slots=True)
class Answer:
    """Status, body and headers; the rest is for the audit trail.

    `shown` and `written` say what of whom left or changed; `about` are the subject keys of the patients whose data was
    asked for, whether or not any was found.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    shown: list[Served] = field(default_factory=list)
    written: list[Served] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    activity: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """``201 Created``, as a Bundle's entry says it."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def marks(served: Served, base: str, *, location: bool = False) -> dict[str, str]:
    """The headers that name a version."""
    headers = {"ETag": f'W/"{served.version}"', "Last-Modified": http_date(served.last_updated.timestamp())}
    if location:
        headers["Location"] = f"{base}{served.resource_type}/{served.id}/_history/{served.version}"
    return headers
