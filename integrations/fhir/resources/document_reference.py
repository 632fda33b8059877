"""DocumentReference: notes, such as that of a signed decision."""

from integrations.fhir.resources.declare import date, identifier, patient, reference, subject, token, uri
from integrations.fhir.resources.stored import US_CORE, StoredType

DOCUMENT_REFERENCE = StoredType(
    "DocumentReference",
    (
        patient(),
        subject("Patient Practitioner Group Device"),
        identifier(),
        token("type", "The kind of document", indexed=True),
        token("category", "The class of document"),
        token("status", "The status"),
        token("contenttype", "The format", "content.attachment.contentType"),
        uri("location", "Where it is", "content.attachment.url"),
        date("date", "When the reference was made", "date", dated=True),
        date("period", "When what it tells of took place", "context.period"),
        reference("author", "Who wrote it", "Practitioner Organization Patient Device", indexed=False),
        reference("encounter", "The encounter of it", "Encounter", "context.encounter"),
        reference("related", "What it is about", "", "context.related"),
        reference("relatesto", "Another document", "DocumentReference", "relatesTo.target"),
    ),
    profiles=(f"{US_CORE}us-core-documentreference",),
)
