"""Provenance of what is published: the exact versions it is of, who or what made it, and from what."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from integrations.fhir.publish.keep import Made
from integrations.fhir.publish.naming import OPERATOR, lasting_id

_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_ACTIVITIES = {"CREATE": "create", "UPDATE": "revise"}


def provenance(
    targets: Sequence[Made],
    *,
    about: Sequence[object],
    activity: str,
    words: str,
    occurred: datetime,
    recorded: datetime,
    device: str,
    subject: UUID,
    by: dict[str, Any] | None = None,
    verified_by: dict[str, Any] | None = None,
    sources: Iterable[tuple[str, str]] = (),
) -> Made:
    """The Provenance of `targets`.

    Parameters
    ----------
    about
        What names it for ever: the row that the targets were made of.
    activity, words
        ``CREATE`` or ``UPDATE``, and in words what was done.
    device
        Reference to the software.
    by, verified_by
        The person who decided, and the one who signed second, as References.
    sources
        Role (``source``, ``revision``) and reference of what was used.
    """
    agents = [{"type": _type("assembler", "Assembler"), "who": {"reference": device}}]
    if by is not None:
        agents.insert(0, {"type": _type("author", "Author"), "who": by})
    if verified_by is not None:
        agents.insert(1, {"type": _type("verifier", "Verifier"), "who": verified_by})
    entities = [{"role": role, "what": {"reference": name}} for role, name in dict.fromkeys(sources)]
    content = {
        "resourceType": "Provenance",
        "target": [{"reference": made.reference} for made in targets],
        "occurredDateTime": occurred.isoformat(),
        "recorded": recorded.isoformat(),
        "activity": {
            "coding": [{"system": _OPERATION, "code": activity, "display": _ACTIVITIES[activity]}],
            "text": words,
        },
        "agent": [{**agent, "onBehalfOf": OPERATOR} for agent in agents],
        **({"entity": entities} if entities else {}),
    }
    return Made(lasting_id("provenance", *about), "1", content, subject, occurred)


def _type(code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": _PARTICIPANT, "code": code, "display": display}]}
