"""What kind of event an activity of the chain is, in the codes of DICOM and FHIR.

Types and subtypes are of https://hl7.org/fhir/R4/valueset-audit-event-type.html and
https://hl7.org/fhir/R4/valueset-audit-event-sub-type.html; the activity itself is always the first subtype.
"""

from clinic.audit.models import AuditEvent

Coding = dict[str, str]
ACTIVITY_SYSTEM = "urn:patient-twin:activity"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
INTERACTION_SYSTEM = "http://hl7.org/fhir/restful-interaction"
DOOR = "fhir."
"""How the activities of the FHIR door begin."""
REFUSED_TOKEN = "fhir.token"  # noqa: S105 - the name of an activity
REST: Coding = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}


def dicom(code: str, display: str) -> Coding:
    return {"system": DICOM, "code": code, "display": display}


_APPLICATION = dicom("110100", "Application Activity")
_LOG_USED = dicom("110101", "Audit Log Used")
_EXPORT = dicom("110106", "Export")
_IMPORT = dicom("110107", "Import")
_RECORD = dicom("110110", "Patient Record")
_SECURITY = dicom("110113", "Security Alert")
_SIGNED_IN = dicom("110114", "User Authentication")

_TYPES: tuple[tuple[str, Coding], ...] = (
    (REFUSED_TOKEN, _SIGNED_IN),
    (DOOR, REST),
    ("page.audit", _LOG_USED),
    ("login", _SIGNED_IN),
    ("logout", _SIGNED_IN),
    ("oauth.", _SIGNED_IN),
    ("integration.", _SECURITY),
    ("client.", _SECURITY),
    ("person.", _SECURITY),
    ("care-team.", _SECURITY),
    ("user.", _SECURITY),
    ("pull.", _IMPORT),
    ("bulk.", _IMPORT),
    ("reading.", _IMPORT),
    ("quarantine.", _IMPORT),
    ("ehr.", _IMPORT),
    ("chart.", _EXPORT),
    ("export.", _EXPORT),
    ("subscription.", _EXPORT),
)
"""The first beginning that fits decides; of other activities, whether a patient is named."""

_MORE: tuple[tuple[str, Coding], ...] = (
    ("login", dicom("110122", "Login")),
    ("logout", dicom("110123", "Logout")),
    ("integration.", dicom("110129", "Security Configuration")),
    ("client.", dicom("110129", "Security Configuration")),
    ("person.", dicom("110136", "Security Roles Changed")),
    ("care-team.", dicom("110136", "Security Roles Changed")),
    ("user.", dicom("110136", "Security Roles Changed")),
)

_INTERACTIONS = {
    "fhir.read": "read",
    "fhir.vread": "vread",
    "fhir.search": "search-type",
    "fhir.create": "create",
    "fhir.update": "update",
    "fhir.delete": "delete",
    "fhir.batch": "batch",
    "fhir.transaction": "transaction",
}


def type_of(activity: str, *, about_patients: bool) -> Coding:
    """AuditEvent.type."""
    for beginning, coding in _TYPES:
        if activity.startswith(beginning):
            return coding
    return _RECORD if about_patients else _APPLICATION


def interaction(event: AuditEvent) -> str:
    """The RESTful interaction of an event of the door, or ""."""
    activity = event.activity
    if activity == "fhir.update" and event.detail.get("method") == "PATCH":
        return "patch"
    if activity == "fhir.history":
        return "history-instance" if event.entity_id else "history-type"
    if activity.startswith("fhir.operation"):
        return "operation"
    return _INTERACTIONS.get(activity, "")


def subtypes(event: AuditEvent) -> list[Coding]:
    """AuditEvent.subtype: the activity, and what standards call it."""
    found: list[Coding] = [{"system": ACTIVITY_SYSTEM, "code": event.activity}]
    if done := interaction(event):
        found.append({"system": INTERACTION_SYSTEM, "code": done, "display": done})
    found += [coding for beginning, coding in _MORE if event.activity.startswith(beginning)]
    return found
