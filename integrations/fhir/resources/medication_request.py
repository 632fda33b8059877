"""MedicationRequest: what was ordered."""

from integrations.fhir.resources.declare import date, identifier, patient, reference, subject, token
from integrations.fhir.resources.stored import US_CORE, StoredType

MEDICATION_REQUEST = StoredType(
    "MedicationRequest",
    (
        patient(),
        subject("Patient Group"),
        identifier(),
        token("code", "What was ordered", "medicationCodeableConcept", indexed=True),
        reference("medication", "The product that was ordered", "Medication", "medicationReference"),
        token("status", "The status"),
        token("intent", "Order, plan, proposal …"),
        token("category", "Inpatient, outpatient …"),
        token("priority", "How urgent it is"),
        date("authoredon", "When it was written", "authoredOn", dated=True),
        date("date", "When it is to be given", "dosageInstruction.timing"),
        reference("encounter", "The encounter of it", "Encounter"),
        reference("requester", "Who ordered it", "Practitioner Organization Patient Device", indexed=False),
        reference("intended-performer", "Who is to give it", "Practitioner Organization", "performer", indexed=False),
    ),
    profiles=(f"{US_CORE}us-core-medicationrequest",),
)
