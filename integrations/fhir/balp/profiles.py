"""The profiles of BALP that an event keeps; one that is only nearly kept is not named."""

from typing import Any

from clinic.audit.models import AuditEvent, Outcome
from integrations.fhir.balp.agents import jti
from integrations.fhir.balp.asked import Asked
from integrations.fhir.balp.entities import subjects
from integrations.fhir.balp.kind import DOOR, REFUSED_TOKEN, interaction

BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
_BY_INTERACTION = {
    "read": "Read",
    "vread": "Read",
    "search-type": "Query",
    "create": "Create",
    "update": "Update",
    "patch": "Update",
    "delete": "Delete",
}
PROFILES = tuple(
    f"{BALP}{name}"
    for name in (
        *(f"{whose}{done}" for done in ("Create", "Read", "Update", "Delete", "Query") for whose in ("", "Patient")),
        "OAUTHaccessTokenUse.Minimal",
    )
)
"""All that an event of this server may keep."""


def profiles(event: AuditEvent, agents: list[dict[str, Any]], request: Asked | None) -> list[str]:
    """What AuditEvent.meta.profile says.

    Of a success whose client, server and resource or request are known, that of its interaction: the patient's variant
    where one patient is concerned, none where there are several, since BALP wants an event for each of them.
    """
    found = []
    if event.activity.startswith(DOOR) and event.activity != REFUSED_TOKEN and jti(event):
        found.append(f"{BALP}OAUTHaccessTokenUse.Minimal")
    done = _BY_INTERACTION.get(interaction(event))
    named = sum("network" in agent for agent in agents if not agent["requestor"])
    what_is_known = request.whole if request is not None else bool(event.entity_id)
    concerned = len(subjects(event))
    if done and event.outcome == Outcome.SUCCESS and named == 2 and what_is_known and concerned <= 1:
        found.insert(0, f"{BALP}{'Patient' if concerned else ''}{done}")
    return found
