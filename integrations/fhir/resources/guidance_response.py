"""GuidanceResponse: what advice was given to whom."""

from integrations.fhir.resources.declare import OURS, date, identifier, patient, subject, token
from integrations.fhir.resources.stored import StoredType

GUIDANCE_RESPONSE = StoredType(
    "GuidanceResponse",
    (
        patient(),
        subject("Patient Group"),
        identifier(),
        token("request", "The request that was answered", "requestIdentifier", indexed=True),
        token("status", "The status", definition=OURS),
        date("date", "When the advice was given", "occurrenceDateTime", dated=True, definition=OURS),
    ),
)
