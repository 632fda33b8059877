"""Flag: what to look out for in a patient."""

from integrations.fhir.resources.declare import OURS, date, identifier, patient, reference, subject, token
from integrations.fhir.resources.stored import StoredType

FLAG = StoredType(
    "Flag",
    (
        patient(),
        subject("Patient Group Organization Practitioner Medication"),
        identifier(),
        token("code", "What to look out for", indexed=True, definition=OURS),
        token("category", "The kind of flag", definition=OURS),
        token("status", "The status", definition=OURS),
        date("date", "When it holds", "period", dated=True),
        reference("encounter", "The encounter of it", "Encounter"),
        reference("author", "Who or what raised it", "Device Organization Patient Practitioner", indexed=False),
    ),
)
