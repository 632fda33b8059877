"""What the FHIR door serves: its types and its operations; what is listed here is declared, and nothing else is."""

from integrations.fhir.offers import OPERATIONS
from integrations.fhir.operations.operation import Operation
from integrations.fhir.resources.allergy_intolerance import ALLERGY_INTOLERANCE
from integrations.fhir.resources.audit_event import AUDIT_EVENT
from integrations.fhir.resources.basic import BASIC
from integrations.fhir.resources.binary import BINARY
from integrations.fhir.resources.care_plan import CARE_PLAN
from integrations.fhir.resources.condition import CONDITION
from integrations.fhir.resources.detected_issue import DETECTED_ISSUE
from integrations.fhir.resources.device import DEVICE
from integrations.fhir.resources.device_metric import DEVICE_METRIC
from integrations.fhir.resources.document_reference import DOCUMENT_REFERENCE
from integrations.fhir.resources.encounter import ENCOUNTER
from integrations.fhir.resources.flag import FLAG
from integrations.fhir.resources.group import GROUP
from integrations.fhir.resources.guidance_response import GUIDANCE_RESPONSE
from integrations.fhir.resources.library import LIBRARY
from integrations.fhir.resources.medication import MEDICATION
from integrations.fhir.resources.medication_administration import MEDICATION_ADMINISTRATION
from integrations.fhir.resources.medication_request import MEDICATION_REQUEST
from integrations.fhir.resources.medication_statement import MEDICATION_STATEMENT
from integrations.fhir.resources.observation import OBSERVATION
from integrations.fhir.resources.operation_definition import OPERATION_DEFINITION
from integrations.fhir.resources.organization import ORGANIZATION
from integrations.fhir.resources.patient import PATIENT
from integrations.fhir.resources.practitioner import PRACTITIONER
from integrations.fhir.resources.provenance import PROVENANCE
from integrations.fhir.resources.risk_assessment import RISK_ASSESSMENT
from integrations.fhir.resources.served import ServedType
from integrations.fhir.resources.subscription import SUBSCRIPTION
from integrations.fhir.resources.task import TASK

TYPES: dict[str, ServedType] = {
    served.name: served
    for served in (
        PATIENT,
        PRACTITIONER,
        ORGANIZATION,
        ENCOUNTER,
        CONDITION,
        ALLERGY_INTOLERANCE,
        OBSERVATION,
        DEVICE,
        DEVICE_METRIC,
        MEDICATION,
        MEDICATION_REQUEST,
        MEDICATION_ADMINISTRATION,
        MEDICATION_STATEMENT,
        RISK_ASSESSMENT,
        GUIDANCE_RESPONSE,
        DETECTED_ISSUE,
        CARE_PLAN,
        FLAG,
        TASK,
        GROUP,
        PROVENANCE,
        AUDIT_EVENT,
        SUBSCRIPTION,
        BASIC,
        OPERATION_DEFINITION,
        LIBRARY,
        DOCUMENT_REFERENCE,
        BINARY,
    )
}


def operation_at(called: str, resource_type: str, identifier: str) -> Operation | None:
    """The operation that is asked for there by that name, or None."""
    for operation in OPERATIONS.values():
        if operation.called == called and operation.takes(resource_type, identifier):
            return operation
    return None


WRITES = frozenset({"create", "update", "patch", "delete"})
"""Writing interactions that the door has: create, update, patch, delete; a type allows some of them."""
HISTORY = ("history-instance", "history-type")
"""History interactions of a type that the door has: history-instance, history-type."""
SYSTEM = ("batch", "transaction")
"""Interactions with the whole server that the door has: batch, transaction, history-system, search-system."""

GUIDES = ("http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server",)
"""Capability statements of implementation guides that this server keeps."""
BULK_DATA = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"
"""Kept where the operation export is registered."""
