"""The resource types of the FHIR door. What is listed here is served, and what is served is listed here."""

from integrations.fhir.resources.audit_event import AUDIT_EVENT
from integrations.fhir.resources.context import CONDITION, DEVICE, ENCOUNTER, MEDICATION_REQUEST
from integrations.fhir.resources.medication_administration import MEDICATION_ADMINISTRATION
from integrations.fhir.resources.observation import OBSERVATION
from integrations.fhir.resources.patient import PATIENT
from integrations.fhir.resources.risk_assessment import RISK_ASSESSMENT
from integrations.fhir.resources.served import ServedType

TYPES: dict[str, ServedType] = {
    served.name: served
    for served in (
        PATIENT,
        OBSERVATION,
        MEDICATION_ADMINISTRATION,
        MEDICATION_REQUEST,
        ENCOUNTER,
        CONDITION,
        DEVICE,
        RISK_ASSESSMENT,
        AUDIT_EVENT,
    )
}
