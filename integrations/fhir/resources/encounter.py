"""Encounter: stays and visits."""

from integrations.fhir.resources.declare import date, identifier, patient, reference, subject, token
from integrations.fhir.resources.stored import US_CORE, StoredType

ENCOUNTER = StoredType(
    "Encounter",
    (
        patient(),
        subject("Patient Group"),
        identifier(),
        date("date", "When it lasted", "period", dated=True),
        token("status", "The status"),
        token("class", "Inpatient, ambulatory, emergency …"),
        token("type", "The kind of encounter"),
        token("reason-code", "Why, by code", "reasonCode"),
        reference("participant", "Who took part", "Practitioner", "participant.individual", indexed=False),
        reference("part-of", "Another encounter that this is part of", "Encounter", "partOf"),
        reference("service-provider", "Whose encounter it is", "Organization", "serviceProvider", indexed=False),
        reference("diagnosis", "A diagnosis of it", "Condition", "diagnosis.condition"),
    ),
    profiles=(f"{US_CORE}us-core-encounter",),
)
