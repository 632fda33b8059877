"""Task: something asked of somebody."""

from integrations.fhir.resources.declare import date, identifier, patient, reference, token
from integrations.fhir.resources.stored import StoredType

TASK = StoredType(
    "Task",
    (
        patient("for"),
        reference("subject", "Whom it is for", "Patient Group Device", "for", whose=True),
        identifier(),
        token("code", "What is to be done", indexed=True),
        token("status", "The status"),
        token("business-status", "How far it is", "businessStatus"),
        token("intent", "Proposal, plan, order …"),
        token("priority", "How urgent it is"),
        token("group-identifier", "What it was asked together with", "groupIdentifier", indexed=True),
        date("authored-on", "When it was made", "authoredOn", dated=True),
        date("modified", "When it was last changed", "lastModified"),
        date("period", "When it was worked on", "executionPeriod"),
        reference("focus", "What it is about", ""),
        reference("based-on", "What it fulfils", "", "basedOn"),
        reference("part-of", "What it is part of", "Task", "partOf"),
        reference("encounter", "The encounter of it", "Encounter"),
        reference("owner", "Who is to do it", "Practitioner Organization Patient Device"),
        reference("requester", "Who asks for it", "Practitioner Organization Patient Device", indexed=False),
    ),
)
