"""Condition: diagnoses and problems."""

from integrations.fhir.resources.declare import date, identifier, patient, reference, subject, token
from integrations.fhir.resources.stored import US_CORE, StoredType

CONDITION = StoredType(
    "Condition",
    (
        patient(),
        subject("Patient Group"),
        identifier(),
        token("code", "The diagnosis", indexed=True),
        token("category", "Problem list item or diagnosis of an encounter"),
        token("clinical-status", "Active, resolved …", "clinicalStatus"),
        token("verification-status", "Confirmed, refuted …", "verificationStatus"),
        token("severity", "How severe it is"),
        date("onset-date", "When it began", "onsetDateTime onsetPeriod", dated=True),
        date("abatement-date", "When it ended", "abatementDateTime abatementPeriod"),
        date("recorded-date", "When it was first written down", "recordedDate"),
        reference("encounter", "The encounter of it", "Encounter"),
        reference("asserter", "Who says so", "Practitioner Patient", indexed=False),
    ),
    profiles=(
        f"{US_CORE}us-core-condition-problems-health-concerns",
        f"{US_CORE}us-core-condition-encounter-diagnosis",
    ),
)
