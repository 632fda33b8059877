"""CarePlan: proposals to dose differently, and what became of them."""

from integrations.fhir.resources.declare import date, identifier, patient, reference, subject, token
from integrations.fhir.resources.stored import US_CORE, StoredType

CARE_PLAN = StoredType(
    "CarePlan",
    (
        patient(),
        subject("Patient Group"),
        identifier(),
        token("category", "The kind of plan", indexed=True),
        token("status", "The status"),
        token("intent", "Proposal, plan, order …"),
        token("activity-code", "What is to be done", "activity.detail.code"),
        date("date", "When it is to hold", "period", dated=True),
        reference("activity-reference", "What is to be done, as a resource", "", "activity.reference"),
        reference("based-on", "What it fulfils", "CarePlan", "basedOn"),
        reference("replaces", "The plan that it replaces", "CarePlan"),
        reference("part-of", "What it is part of", "CarePlan", "partOf"),
        reference("encounter", "The encounter of it", "Encounter"),
        reference("condition", "What it is for", "Condition", "addresses"),
    ),
    profiles=(f"{US_CORE}us-core-careplan",),
)
