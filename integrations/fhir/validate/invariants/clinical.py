"""Invariants of the clinical and administrative resources."""

from decimal import Decimal

from integrations.fhir.validate.moments import not_after
from integrations.fhir.validate.rule import Json, Rule, coded, has, there
from integrations.fhir.validate.units import SYSTEM

_ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_CONDITION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_ERROR = "entered-in-error"


def _codes(concept: Json) -> set[tuple[str | None, str | None]]:
    return {(coding.get("system"), coding.get("code")) for coding in concept.get("coding", ())}


def _component_not_itself(observation: Json) -> bool:
    if "component" not in observation or not has(observation, "value"):
        return True
    own = _codes(observation.get("code", {}))
    return not any(own & _codes(component.get("code", {})) for component in observation["component"])


def _problem_has_status(condition: Json) -> bool:
    return (
        "clinicalStatus" in condition
        or coded(condition.get("verificationStatus"), _CONDITION, _ERROR)
        or not any(coded(one, _CONDITION_CATEGORY, "problem-list-item") for one in condition.get("category", ()))
    )


def _percent(prediction: Json) -> bool:
    span = prediction.get("probabilityRange", {})
    ends = [span[end] for end in ("low", "high") if end in span]
    return all(end.get("code") == "%" and end.get("system") == SYSTEM for end in ends)


CLINICAL: dict[str, tuple[Rule, ...]] = {
    "Patient.contact": (
        Rule(
            "pat-1",
            lambda e: any(name in e for name in ("name", "telecom", "address", "organization")),
            "has no name, telecom, address or organization; send one of them",
        ),
    ),
    "Organization": (
        Rule("org-1", lambda e: "identifier" in e or there(e, "name"), "has neither identifier nor name; send one"),
        Rule(
            "org-2",
            lambda e: all(one.get("use") != "home" for one in e.get("address", ())),
            "has an address of use home, which an organization cannot have; send another use",
        ),
        Rule(
            "org-3",
            lambda e: all(one.get("use") != "home" for one in e.get("telecom", ())),
            "has a telecom of use home, which an organization cannot have; send another use",
        ),
    ),
    "AllergyIntolerance": (
        Rule(
            "ait-1",
            lambda e: "clinicalStatus" in e or coded(e.get("verificationStatus"), _ALLERGY, _ERROR),
            "has no clinicalStatus, though it is not entered in error; send it",
        ),
        Rule(
            "ait-2",
            lambda e: "clinicalStatus" not in e or not coded(e.get("verificationStatus"), _ALLERGY, _ERROR),
            "has a clinicalStatus, though it is entered in error; leave it out",
        ),
    ),
    "Condition": (
        Rule(
            "con-3",
            _problem_has_status,
            "is a problem-list-item without clinicalStatus; send it",
            severity="warning",
        ),
        Rule(
            "con-4",
            lambda e: (
                not has(e, "abatement")
                or coded(e.get("clinicalStatus"), _CONDITION_CLINICAL, "inactive", "resolved", "remission")
            ),
            "is abated, so its clinicalStatus must be inactive, resolved or remission; send one of these",
        ),
        Rule(
            "con-5",
            lambda e: "clinicalStatus" not in e or not coded(e.get("verificationStatus"), _CONDITION, _ERROR),
            "has a clinicalStatus, though it is entered in error; leave it out",
        ),
    ),
    "Condition.stage": (
        Rule("con-1", lambda e: "summary" in e or "assessment" in e, "has neither summary nor assessment; send one"),
    ),
    "Condition.evidence": (
        Rule("con-2", lambda e: "code" in e or "detail" in e, "has neither code nor detail; send one"),
    ),
    "Observation": (
        Rule(
            "obs-6",
            lambda e: "dataAbsentReason" not in e or not has(e, "value"),
            "has a value and a dataAbsentReason; leave one of them out",
            ("valueQuantity", "valueString", "dataAbsentReason"),
        ),
        Rule(
            "obs-7",
            _component_not_itself,
            "has a value and a component of its own code; leave one of them out",
            ("code", "component"),
        ),
    ),
    "Observation.referenceRange": (
        Rule(
            "obs-3",
            lambda e: "low" in e or "high" in e or there(e, "text"),
            "has none of low, high and text; send one of them",
        ),
    ),
    "MedicationAdministration.dosage": (
        Rule("mad-1", lambda e: "dose" in e or has(e, "rate"), "has neither a dose nor a rate; send one of them"),
    ),
    "RiskAssessment.prediction": (
        Rule(
            "ras-1",
            _percent,
            "has a probabilityRange that is not in % of UCUM; send low and high in %",
            ("probabilityRange",),
        ),
        Rule(
            "ras-2",
            lambda e: e.get("probabilityDecimal", Decimal(0)) <= 100,
            "has a probability above 100; send a percentage",
            ("probabilityDecimal",),
        ),
    ),
    "CarePlan.activity": (
        Rule("cpl-3", lambda e: "detail" not in e or "reference" not in e, "has detail and reference; leave one out"),
    ),
    "Task": (
        Rule(
            "inv-1",
            lambda e: not_after(e.get("authoredOn"), e.get("lastModified")),
            "was last modified before it was authored; send the later time as lastModified",
            ("authoredOn", "lastModified"),
        ),
    ),
    "Group": (
        Rule(
            "grp-1",
            lambda e: "member" not in e or e.get("actual") is True,
            "has members, so it must be actual; send actual true or leave the members out",
            ("actual",),
        ),
    ),
    "AuditEvent.entity": (
        Rule("sev-1", lambda e: not there(e, "name") or not there(e, "query"), "has name and query; leave one out"),
    ),
}
