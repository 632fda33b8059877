"""MedicationStatement: what a patient is said to take."""

from integrations.fhir.elements import moments
from integrations.fhir.resources.declare import date, identifier, patient, reference, subject, token
from integrations.fhir.resources.stored import StoredType

MEDICATION_STATEMENT = StoredType(
    "MedicationStatement",
    (
        patient(),
        subject("Patient Group"),
        identifier(),
        token("code", "What is taken", "medicationCodeableConcept", indexed=True),
        reference("medication", "The product that is taken", "Medication", "medicationReference"),
        token("status", "The status"),
        token("category", "Inpatient, outpatient …"),
        date("effective", "When it was taken", moments("effective"), dated=True),
        reference("context", "The encounter of it", "Encounter"),
        reference(
            "part-of", "What it is part of", "MedicationAdministration MedicationStatement Observation", "partOf"
        ),
        reference("source", "Who says so", "Patient Practitioner Organization", "informationSource", indexed=False),
    ),
)
