"""RiskAssessment: the twins' forecasts, one for each plan of a comparison."""

from integrations.fhir.elements import moments
from integrations.fhir.resources.declare import date, identifier, number, patient, reference, subject, token
from integrations.fhir.resources.stored import StoredType

RISK_ASSESSMENT = StoredType(
    "RiskAssessment",
    (
        patient("subject", "Whose risk it is"),
        subject("Patient Group", "Whose risk it is"),
        identifier("The comparison and the plan's position in it"),
        date("date", "The last moment that the forecast knows of", moments("occurrence"), dated=True),
        token("method", "The model", indexed=True),
        token("status", "The status"),
        number("probability", "The chance of an outcome, per cent", "prediction.probabilityDecimal"),
        reference("performer", "What computed it", "Device Practitioner", indexed=False),
        reference("encounter", "The encounter of it", "Encounter"),
        reference("condition", "The condition that was assessed", "Condition"),
    ),
    writes=(),
)
