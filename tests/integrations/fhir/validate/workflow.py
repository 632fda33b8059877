"""One valid FHIR R4 resource of each type that plans, records, carries or describes, written for these tests."""

from tests.integrations.fhir.validate.clinical import (
    AT,
    PATIENT,
    PERIOD,
    PRACTITIONER,
    TERMINOLOGY,
    Json,
    observation,
    patient,
)
from tests.integrations.resources import LOINC, SNOMED, concept, quantity

URN = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"


def practitioner() -> Json:
    name = {"use": "usual", "family": "Lund", "prefix": ["Dr"]}
    return {
        "resourceType": "Practitioner",
        "id": "d1",
        "identifier": [{"system": "urn:oid:2.16.840.1", "value": "7", "assigner": {"display": "NHS"}}],
        "name": [name],
        "gender": "unknown",
        "qualification": [{"code": {"text": "MD"}, "issuer": {"reference": "Organization/o1"}}],
    }


def organization() -> Json:
    return {
        "resourceType": "Organization",
        "id": "o1",
        "active": True,
        "name": "North Hospital",
        "telecom": [{"system": "url", "value": "https://north.test", "use": "work"}],
        "address": [{"use": "work", "country": "GB"}],
        "endpoint": [{"reference": "Endpoint/e1"}],
    }


def risk() -> Json:
    return {
        "resourceType": "RiskAssessment",
        "id": "r1",
        "status": "final",
        "subject": PATIENT,
        "occurrenceDateTime": AT,
        "performer": {"reference": "Device/model"},
        "basis": [{"reference": "Observation/o1/_history/2"}],
        "prediction": [
            {"outcome": {"text": "in range"}, "probabilityDecimal": 0.78, "whenPeriod": PERIOD},
            {"probabilityRange": {"low": quantity(10, "%"), "high": quantity(20.0, "%")}},
        ],
    }


def guidance() -> Json:
    output = {"resourceType": "Parameters", "id": "out", "parameter": [{"name": "auc", "valueDecimal": 512.0}]}
    return {
        "resourceType": "GuidanceResponse",
        "id": "g1",
        "moduleUri": "http://example.org/fhir/vancomycin",
        "status": "success",
        "subject": PATIENT,
        "outputParameters": {"reference": "#out"},
        "contained": [output],
    }


def issue() -> Json:
    return {
        "resourceType": "DetectedIssue",
        "id": "i1",
        "status": "final",
        "severity": "high",
        "patient": PATIENT,
        "identifiedDateTime": AT,
        "implicated": [{"reference": "MedicationRequest/r1"}],
        "mitigation": [{"action": {"text": "dose lowered"}, "date": "2026-03-02", "author": PRACTITIONER}],
    }


def plan() -> Json:
    detail = {"kind": "MedicationRequest", "status": "not-started", "scheduledPeriod": PERIOD, "doNotPerform": False}
    return {
        "resourceType": "CarePlan",
        "id": "c1",
        "status": "draft",
        "intent": "proposal",
        "subject": PATIENT,
        "author": PRACTITIONER,
        "activity": [{"detail": detail}, {"reference": {"reference": "MedicationRequest/r1"}}],
    }


def flag() -> Json:
    return {
        "resourceType": "Flag",
        "id": "f1",
        "status": "active",
        "code": concept(SNOMED, "77386006"),
        "subject": PATIENT,
    }


def task() -> Json:
    return {
        "resourceType": "Task",
        "id": "t1",
        "status": "requested",
        "intent": "order",
        "priority": "stat",
        "for": PATIENT,
        "authoredOn": "2026-03-02T06:00:00Z",
        "lastModified": "2026-03-02T08:00:00+01:00",
        "restriction": {"repetitions": 1, "recipient": [PATIENT]},
        "input": [{"type": {"text": "level"}, "valueQuantity": quantity(15, "mg/L")}],
        "output": [{"type": {"text": "result"}, "valueReference": {"reference": "Observation/o1"}}],
    }


def group() -> Json:
    return {
        "resourceType": "Group",
        "id": "g1",
        "type": "person",
        "actual": True,
        "quantity": 1,
        "characteristic": [{"code": {"text": "ward"}, "valueBoolean": True, "exclude": False}],
        "member": [{"entity": PATIENT, "inactive": False}],
    }


def provenance() -> Json:
    return {
        "resourceType": "Provenance",
        "id": "p1",
        "target": [{"reference": "RiskAssessment/r1/_history/1"}],
        "recorded": "2026-03-02T06:00:00.000000001Z",
        "agent": [{"who": {"reference": "Device/model"}}],
        "entity": [{"role": "source", "what": {"identifier": {"value": "course-1"}}}],
        "signature": [
            {
                "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
                "when": "2026-03-02T06:00:00Z",
                "who": PRACTITIONER,
                "sigFormat": "application/jose",
                "data": "AQIDBA==",
            }
        ],
    }


def audit() -> Json:
    return {
        "resourceType": "AuditEvent",
        "id": "a1",
        "type": {"system": f"{TERMINOLOGY}/audit-event-type", "code": "rest"},
        "action": "R",
        "recorded": "2026-03-02T06:00:00Z",
        "outcome": "0",
        "agent": [{"who": PRACTITIONER, "requestor": True, "network": {"address": "10.0.0.1", "type": "2"}}],
        "source": {"observer": {"display": "Patient Twin"}},
        "entity": [{"what": PATIENT, "query": "R0VUIC9maGly", "detail": [{"type": "x", "valueString": "y"}]}],
    }


def subscription() -> Json:
    return {
        "resourceType": "Subscription",
        "id": "s1",
        "status": "requested",
        "end": "2027-01-01T00:00:00Z",
        "reason": "levels",
        "criteria": "http://example.org/topics/twin-state-updated",
        "channel": {"type": "rest-hook", "endpoint": "https://peer.test/hook", "payload": "application/fhir+json"},
    }


def operation() -> Json:
    parts = [{"name": "code", "use": "in", "min": 0, "max": "1", "type": "string", "searchType": "token"}]
    return {
        "resourceType": "OperationDefinition",
        "id": "twin-state",
        "name": "TwinState",
        "status": "active",
        "kind": "operation",
        "code": "twin-state",
        "resource": ["Patient"],
        "system": False,
        "type": False,
        "instance": True,
        "parameter": [
            {"name": "plan", "use": "in", "min": 0, "max": "*", "part": parts},
            {"name": "return", "use": "out", "min": 1, "max": "1", "type": "Bundle"},
        ],
    }


def binary() -> Json:
    return {"resourceType": "Binary", "id": "b1", "contentType": "text/plain; charset=utf-8", "data": "aGVs\nbG8="}


def parameters() -> Json:
    part = {"name": "at", "valueInstant": "2026-03-02T06:00:00Z"}
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "patient", "resource": patient()}, {"name": "group", "part": [part]}],
    }


def bundle() -> Json:
    entries = [
        {"fullUrl": URN, "resource": patient(), "request": {"method": "POST", "url": "Patient"}},
        {
            "resource": {**observation(), "subject": {"reference": URN}},
            "request": {"method": "PUT", "url": "Observation/o1", "ifMatch": 'W/"1"'},
        },
        {
            "resource": {
                "resourceType": "ServiceRequest",
                "status": "active",
                "intent": "order",
                "subject": {"reference": "Patient?identifier=http://example.org/mrn|1"},
            },
            "request": {"method": "POST", "url": "ServiceRequest", "ifNoneExist": "identifier=1"},
        },
    ]
    return {"resourceType": "Bundle", "type": "transaction", "timestamp": "2026-03-02T06:00:00Z", "entry": entries}


def document() -> Json:
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, "11506-3"),
        "subject": PATIENT,
        "date": "2026-03-02T06:00:00Z",
        "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/d0"}}],
        "content": [{"attachment": {"contentType": "text/plain", "data": "AQID", "size": 3, "creation": "2026-03-02"}}],
    }


def library() -> Json:
    return {
        "resourceType": "Library",
        "id": "l1",
        "url": "http://example.org/Library/vancomycin",
        "version": "1",
        "name": "Vancomycin_Adult",
        "status": "active",
        "experimental": False,
        "type": concept(f"{TERMINOLOGY}/library-type", "logic-library"),
        "relatedArtifact": [{"type": "citation", "citation": "Goti 2018"}],
        "parameter": [{"name": "weight", "use": "in", "type": "Quantity"}],
        "dataRequirement": [{"type": "Observation", "codeFilter": [{"path": "code"}]}],
    }


def outcome() -> Json:
    issue = {"severity": "error", "code": "value", "details": {"text": "x"}, "expression": ["Patient.gender"]}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


WORKFLOW = (
    *(practitioner, organization, risk, guidance, issue, plan, flag, task, group, provenance, audit, subscription),
    *(operation, binary, parameters, bundle, document, library, outcome),
)
