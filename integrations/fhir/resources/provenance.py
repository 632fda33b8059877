"""Provenance: where a resource came from, and by whom or what."""

from integrations.fhir.resources.declare import OURS, date, reference, token
from integrations.fhir.resources.stored import US_CORE, StoredType

PROVENANCE = StoredType(
    "Provenance",
    (
        reference("target", "What it tells the origin of", ""),
        reference(
            "patient",
            "Whose the targets are: a patient, or what is about one",
            "Patient",
            "target",
            whose=True,
            by_subject=True,
            definition=OURS,
        ),
        reference(
            "agent", "Who or what did it", "Practitioner Organization Patient Device", "agent.who", indexed=False
        ),
        token("agent-type", "How they took part", "agent.type"),
        token("agent-role", "As what they took part", "agent.role"),
        reference("entity", "What it was made from", "", "entity.what"),
        date("recorded", "When it was written down", "recorded", dated=True),
        date("when", "When it was done", "occurredDateTime occurredPeriod"),
        token("signature-type", "Why it was signed", "signature.type"),
    ),
    profiles=(f"{US_CORE}us-core-provenance",),
)
