"""MedicationAdministration, as its source sent it."""

from integrations.fhir.elements import moments
from integrations.fhir.resources.declare import OURS, date, identifier, patient, reference, subject, token
from integrations.fhir.resources.stored import StoredType

MEDICATION_ADMINISTRATION = StoredType(
    "MedicationAdministration",
    (
        patient(documentation="Who was given it"),
        subject("Patient Group", "Who was given it"),
        identifier(),
        token("code", "What was given", "medicationCodeableConcept", indexed=True),
        reference("medication", "The product that was given", "Medication", "medicationReference"),
        date("effective-time", "When it was given", moments("effective"), dated=True),
        date("date", "When it was given: the same as effective-time", moments("effective"), definition=OURS),
        token("status", "The status"),
        token("reason-given", "Why it was given, by code", "reasonCode"),
        token("reason-not-given", "Why it was not given", "statusReason"),
        reference("context", "The encounter of it", "Encounter"),
        reference("device", "What gave it", "Device"),
        reference("performer", "Who gave it", "Practitioner Patient Device", "performer.actor", indexed=False),
        reference("request", "The order", "MedicationRequest"),
    ),
)
