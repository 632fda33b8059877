"""One valid FHIR R4 resource of each clinical type, written for these tests, with most of what the twin reads."""

from typing import Any

from tests.integrations.resources import LOINC, RXNORM, SNOMED, UCUM, concept, quantity

Json = dict[str, Any]
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
PATIENT = {"reference": "Patient/p1"}
PRACTITIONER = {"reference": "Practitioner/d1"}
AT = "2026-03-02T06:00:00+01:00"
CATEGORY = concept(f"{TERMINOLOGY}/observation-category", "vital-signs")
ABSENT = concept(f"{TERMINOLOGY}/data-absent-reason", "error")
PERIOD = {"start": "2026-03-02T06:00:00Z", "end": "2026-03-02T07:00:00Z"}
MASKED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}


def observation() -> Json:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "meta": {"versionId": "1", "lastUpdated": "2026-03-02T06:00:05.123Z"},
        "extension": [{"url": "http://example.org/site", "valueCode": "left"}],
        "identifier": [{"use": "official", "system": "urn:oid:1.2.840.1", "value": "1-2"}],
        "status": "final",
        "category": [CATEGORY],
        "code": concept(LOINC, "85354-9"),
        "subject": PATIENT,
        "encounter": {"reference": "Encounter/e1"},
        "effectiveDateTime": AT,
        "issued": "2026-03-02T06:00:05Z",
        "performer": [PRACTITIONER],
        "interpretation": [concept(f"{TERMINOLOGY}/v3-ObservationInterpretation", "N")],
        "note": [{"text": "at rest", "time": "2026-03-02", "authorReference": PRACTITIONER}],
        "device": {"reference": "http://hospital.test/fhir/Device/d1/_history/2"},
        "referenceRange": [{"high": quantity(140, "mm[Hg]"), "age": {"low": quantity(18, "a")}}],
        "component": [
            {"code": concept(LOINC, "8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
            {
                "code": concept(LOINC, "8462-4"),
                "dataAbsentReason": concept(f"{TERMINOLOGY}/data-absent-reason", "error"),
            },
        ],
    }


def sampled() -> Json:
    return {
        "resourceType": "Observation",
        "id": "s1",
        "status": "preliminary",
        "code": {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "147842"}]},
        "subject": PATIENT,
        "effectivePeriod": PERIOD,
        "valueSampledData": {
            "origin": quantity(0, "/min"),
            "period": 1000,
            "factor": 1.5,
            "dimensions": 1,
            "data": "60 61.5 E U L -1e-2",
        },
    }


def patient() -> Json:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Daniel&nbsp;Okafor</p></div>',
        },
        "contained": [{"resourceType": "Organization", "id": "home", "name": "North Ward"}],
        "active": True,
        "name": [{"use": "official", "family": "Okafor", "given": ["Daniel", None], "_given": [None, MASKED]}],
        "telecom": [{"system": "phone", "value": "+44 20 7946 0000", "use": "home", "rank": 1}],
        "gender": "male",
        "birthDate": "1968-05-04",
        "_birthDate": {
            "extension": [{"url": "http://example.org/birth-time", "valueDateTime": "1968-05-04T03:00:00Z"}]
        },
        "deceasedBoolean": False,
        "address": [{"use": "home", "type": "both", "line": ["1 High Street"], "city": "Leeds", "country": "GB"}],
        "contact": [{"name": {"text": "Ada Okafor"}, "gender": "female"}],
        "communication": [{"language": concept("urn:ietf:bcp:47", "en"), "preferred": True}],
        "managingOrganization": {"reference": "#home"},
        "link": [{"other": {"reference": "Patient/p0"}, "type": "replaces"}],
    }


def encounter() -> Json:
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "statusHistory": [{"status": "arrived", "period": PERIOD}],
        "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "IMP"},
        "subject": PATIENT,
        "participant": [{"individual": PRACTITIONER, "period": {"start": "2026-03"}}],
        "period": {"start": "2026-03-02", "end": "2026-03-02T07:00:00Z"},
        "length": {"value": 1, "unit": "h", "system": UCUM, "code": "h"},
        "location": [{"location": {"display": "Bed 4"}, "status": "active"}],
    }


def condition() -> Json:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": concept(f"{TERMINOLOGY}/condition-clinical", "resolved"),
        "verificationStatus": concept(f"{TERMINOLOGY}/condition-ver-status", "confirmed"),
        "category": [concept(f"{TERMINOLOGY}/condition-category", "problem-list-item")],
        "code": concept(SNOMED, "105502003"),
        "subject": PATIENT,
        "onsetAge": {"value": 51, "unit": "years", "system": UCUM, "code": "a"},
        "abatementDateTime": "2026-02",
        "stage": [{"summary": {"text": "3"}}],
        "evidence": [{"detail": [{"reference": "Observation/o1"}]}],
    }


def allergy() -> Json:
    return {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "clinicalStatus": concept(f"{TERMINOLOGY}/allergyintolerance-clinical", "active"),
        "verificationStatus": concept(f"{TERMINOLOGY}/allergyintolerance-verification", "confirmed"),
        "type": "allergy",
        "category": ["medication"],
        "criticality": "high",
        "code": concept(RXNORM, "11124"),
        "patient": PATIENT,
        "reaction": [{"manifestation": [concept(SNOMED, "271807003")], "severity": "moderate"}],
    }


def device() -> Json:
    return {
        "resourceType": "Device",
        "id": "d1",
        "udiCarrier": [{"deviceIdentifier": "09504000059118", "entryType": "barcode", "carrierAIDC": "AQID"}],
        "status": "active",
        "serialNumber": "A-17",
        "deviceName": [{"name": "Pump", "type": "user-friendly-name"}],
        "patient": PATIENT,
    }


def metric() -> Json:
    return {
        "resourceType": "DeviceMetric",
        "id": "m1",
        "type": concept("urn:iso:std:iso:11073:10101", "150456"),
        "operationalStatus": "on",
        "color": "red",
        "category": "measurement",
        "measurementPeriod": {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "s"}},
        "calibration": [{"type": "two-point", "state": "calibrated", "time": "2026-01-01T00:00:00Z"}],
    }


def medication() -> Json:
    return {
        "resourceType": "Medication",
        "id": "m1",
        "code": concept(RXNORM, "11124"),
        "status": "active",
        "amount": {"numerator": quantity(500, "mg"), "denominator": quantity(10, "mL")},
        "ingredient": [{"itemReference": {"reference": "Substance/s1"}, "isActive": True}],
        "batch": {"lotNumber": "7", "expirationDate": "2027-01"},
    }


def medication_request() -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": "r1",
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "medicationReference": {"reference": "Medication/m1"},
        "subject": PATIENT,
        "authoredOn": AT,
        "requester": PRACTITIONER,
        "dosageInstruction": [
            {
                "sequence": 1,
                "timing": {
                    "event": [AT],
                    "repeat": {
                        "boundsPeriod": PERIOD,
                        "frequency": 1,
                        "period": 12,
                        "periodUnit": "h",
                        "duration": 90,
                        "durationUnit": "min",
                        "when": ["MORN"],
                        "offset": 30,
                    },
                },
                "asNeededBoolean": False,
                "route": concept(SNOMED, "47625008"),
                "doseAndRate": [
                    {
                        "doseQuantity": quantity(1250, "mg"),
                        "rateRatio": {"numerator": quantity(250, "mL"), "denominator": quantity(1, "h")},
                    }
                ],
            }
        ],
        "dispenseRequest": {"numberOfRepeatsAllowed": 0, "quantity": quantity(1, "{vial}")},
        "substitution": {"allowedBoolean": True},
    }


def administration() -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": "a1",
        "status": "completed",
        "medicationCodeableConcept": concept(RXNORM, "11124"),
        "subject": PATIENT,
        "context": {"reference": "Encounter/e1"},
        "effectivePeriod": PERIOD,
        "performer": [{"actor": PRACTITIONER}],
        "request": {"reference": "MedicationRequest/r1"},
        "dosage": {
            "route": concept(SNOMED, "47625008"),
            "dose": quantity(1000, "mg"),
            "rateQuantity": quantity(250, "mL/h"),
        },
    }


def statement() -> Json:
    return {
        "resourceType": "MedicationStatement",
        "id": "s1",
        "status": "active",
        "medicationCodeableConcept": {"text": "vancomycin"},
        "subject": PATIENT,
        "effectiveDateTime": "2026",
        "dosage": [{"text": "1 g twice a day"}],
    }


CLINICAL = (
    *(observation, sampled, patient, encounter, condition, allergy, device, metric),
    *(medication, medication_request, administration, statement),
)
