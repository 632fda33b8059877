"""DetectedIssue: a danger that was found, and what it lies in."""

from integrations.fhir.resources.declare import OURS, date, identifier, patient, reference, token
from integrations.fhir.resources.stored import StoredType

DETECTED_ISSUE = StoredType(
    "DetectedIssue",
    (
        patient("patient"),
        identifier(),
        token("code", "The kind of issue", indexed=True),
        token("status", "The status", definition=OURS),
        date("identified", "When it was found", "identifiedDateTime identifiedPeriod", dated=True),
        reference("implicated", "What the issue lies in", ""),
        reference("author", "Who or what found it", "Practitioner Device", indexed=False),
    ),
)
