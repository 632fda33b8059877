"""AllergyIntolerance."""

from integrations.fhir.resources.declare import date, identifier, patient, reference, token
from integrations.fhir.resources.stored import US_CORE, StoredType

ALLERGY_INTOLERANCE = StoredType(
    "AllergyIntolerance",
    (
        patient("patient"),
        identifier(),
        token("code", "The substance", "code reaction.substance", indexed=True),
        token("category", "Food, medication, environment or biologic"),
        token("clinical-status", "Active, inactive or resolved", "clinicalStatus"),
        token("verification-status", "Confirmed, refuted …", "verificationStatus"),
        token("criticality", "How harmful it may be"),
        token("severity", "How severe a reaction was", "reaction.severity"),
        token("manifestation", "What happened", "reaction.manifestation"),
        token("type", "Allergy or intolerance"),
        date("date", "When it was first written down", "recordedDate", dated=True),
        date("onset", "When a reaction began", "reaction.onset"),
        date("last-date", "When it last happened", "lastOccurrence"),
        reference("recorder", "Who wrote it down", "Practitioner Patient", indexed=False),
        reference("asserter", "Who says so", "Practitioner Patient", indexed=False),
    ),
    profiles=(f"{US_CORE}us-core-allergyintolerance",),
)
