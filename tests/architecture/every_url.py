"""The whole URL table: for each address an example, its methods, and who comes in from where. All else is refused."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

from clinic.access.gate import Door, Rule, rule_of
from clinic.access.roles import Role

NOBODY = UUID(int=0)


class Standing(StrEnum):
    """How the one who asks stands to the patient whose keys are in the address."""

    OWN = "a patient of one's own care team"
    OTHERS = "a patient of another care team"
    EMERGENCY = "a patient of another care team, under emergency access"
    OVER = "a patient of another care team, after emergency access"
    EXPIRED = "a patient of one's own, in a session that expired"


class Answer(StrEnum):
    COMES_IN = "not refused"
    REFUSED = "403"
    SIGN_IN = "401, with the form to sign in where it is a page"
    NO_METHOD = "405"


SIGNED_IN = tuple(standing for standing in Standing if standing is not Standing.EXPIRED)


@dataclass(frozen=True)
class Row:
    """One address. `comes_in` has the roles by standing; what stands in none of them is refused."""

    example: Mapping[str, Any]
    methods: frozenset[str] = frozenset()
    comes_in: Mapping[Standing, frozenset[Role]] = field(default_factory=dict)
    door: Door = Door.PAGE

    @property
    def of_one_patient(self) -> bool:
        """Whether the page is another one to those of another care team."""
        return self.comes_in.get(Standing.OWN) != self.comes_in.get(Standing.OTHERS)

    def answer(self, role: Role, standing: Standing, method: str) -> Answer:
        if self.door is Door.PUBLIC:
            return Answer.COMES_IN
        if standing is Standing.EXPIRED or self.door is Door.BEARER:
            return Answer.SIGN_IN
        # a wrong method is told to the role before the patient is looked for
        if method not in self.methods and any(role in roles for roles in self.comes_in.values()):
            return Answer.NO_METHOD
        return Answer.COMES_IN if role in self.comes_in.get(standing, ()) else Answer.REFUSED


BEDSIDE = frozenset({Role.CLINICIAN, Role.PHARMACIST})
EVERYBODY = frozenset(Role)
AUDITOR = frozenset({Role.AUDITOR})
RESEARCHER = frozenset({Role.RESEARCHER})
ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
STAFF = frozenset({Role.PHARMACIST, Role.ADMINISTRATOR})
READERS = BEDSIDE | RESEARCHER | ADMINISTRATOR

READ = frozenset({"get"})
WRITE = frozenset({"post"})
BOTH = READ | WRITE


def page(methods: frozenset[str], roles: frozenset[Role], **example: Any) -> Row:
    """The same page whoever the patient is: a list of one's own, or nothing of patients."""
    return Row(example, methods, dict.fromkeys(SIGNED_IN, roles))


def patients(methods: frozenset[str], **example: Any) -> Row:
    """A page of one patient: for the bedside, of their own care teams, and of others in an emergency."""
    return Row(example, methods, {Standing.OWN: BEDSIDE, Standing.EMERGENCY: BEDSIDE})


def bearer(**example: Any) -> Row:
    """For systems and apps with a token; a session is none."""
    return Row(example, door=Door.BEARER)


def public(**example: Any) -> Row:
    return Row(example, door=Door.PUBLIC)


ONE = {"subject_key": NOBODY}
COMPARED = {"comparison_id": NOBODY}
DECIDED = {"decision_id": NOBODY}
STUDY = {"job_id": NOBODY}
DOOR = {"resource_type": "Patient"}
CHART = {**DOOR, "identifier": "ward.1"}
A_PERSON = {"pk": 10**17}

ROWS: dict[str, Row] = {
    "healthz": public(),
    "readyz": public(),
    "help": page(READ, EVERYBODY),
    "language": public(),
    "openapi": bearer(),
    "openapi-page": page(READ, ADMINISTRATOR),
    "login": public(),
    "logout": public(),
    "second-factor": public(),
    "forgotten-password": public(),
    "single-sign-on": public(),
    "single-sign-on-return": public(),
    "session-left": public(),
    "session-stay": public(),
    "set-password": public(uidb64="MQ", token="of-nobody"),
    "account": page(READ, EVERYBODY),
    "account-password": page(BOTH, EVERYBODY),
    "account-app": page(BOTH, EVERYBODY),
    "account-key": page(BOTH, EVERYBODY),
    "account-key-challenge": page(WRITE, EVERYBODY),
    "account-factor-remove": page(WRITE, EVERYBODY, number=1),
    "account-codes": page(WRITE, EVERYBODY),
    "account-session-end": page(WRITE, EVERYBODY, number=1),
    "account-sessions-end": page(WRITE, EVERYBODY),
    "audit": page(READ, AUDITOR),
    "audit-export": page(READ, AUDITOR),
    "audit-find": page(WRITE, AUDITOR),
    "audit-event": page(READ, AUDITOR, sequence=1),
    "audit-history": page(READ, AUDITOR, **ONE),
    "break-glass": page(BOTH, BEDSIDE),
    "break-glass-end": page(WRITE, BEDSIDE, pk=1),
    "break-glass-patient": page(WRITE, BEDSIDE, **ONE),
    "break-glass-reviews": page(READ, AUDITOR),
    "break-glass-review": page(BOTH, AUDITOR, pk=1),
    "worklist": page(READ, BEDSIDE),
    "worklist-rows": page(READ, BEDSIDE),
    "patient": patients(READ, **ONE),
    "patient-progress": patients(READ, **ONE),
    "patient-values": patients(READ, **ONE, series="doses"),
    "record": patients(READ, **ONE, kind="dose", number=1),
    "record-received": patients(READ, **ONE, kind="dose", number=1),
    "comparison": patients(READ, **COMPARED),
    "comparison-note": patients(READ, **COMPARED),
    "comparison-pdf": patients(READ, **COMPARED),
    "comparison-new": patients(BOTH, **ONE),
    "comparison-preview": patients(READ, **ONE),
    "comparison-wait": patients(READ, **ONE, job_id=NOBODY),
    "decision-sign": patients(WRITE, **COMPARED),
    "decision-decline": patients(WRITE, **COMPARED),
    "decision-amend": patients(BOTH, **COMPARED),
    "decision-second": patients(WRITE, **DECIDED),
    "decision-second-refuse": patients(WRITE, **DECIDED),
    "decision-anew": patients(WRITE, **DECIDED),
    "decision-to-chart": patients(WRITE, **COMPARED),
    "question": patients(BOTH, **ONE),
    "question-withdraw": patients(WRITE, question_id=1),
    "launch": page(READ, BEDSIDE),
    "launch-callback": page(READ, BEDSIDE),
    "apps": page(READ, BEDSIDE),
    "app-withdraw": page(WRITE, BEDSIDE, pk=1),
    "oauth-authorize": page(BOTH, BEDSIDE),
    "cds-feedback": page(READ, BEDSIDE),
    "studies": page(READ, RESEARCHER),
    "study-new": page(BOTH, RESEARCHER),
    "study": page(READ, RESEARCHER, **STUDY),
    "study-cancel": page(WRITE, RESEARCHER, **STUDY),
    "study-resume": page(WRITE, RESEARCHER, **STUDY),
    "study-file": page(READ, RESEARCHER, **STUDY, name="x.csv"),
    "formulary": page(READ, READERS),
    "formulary-model": page(READ, READERS, model_id="vancomycin-of-nobody"),
    "followed": page(READ, ADMINISTRATOR),
    "followed-drug": page(BOTH, ADMINISTRATOR, drug="nothing"),
    "house-limits": page(BOTH, ADMINISTRATOR, drug="nothing"),
    "quarantine": page(READ, STAFF),
    "quarantine-retry": page(WRITE, STAFF),
    "quarantine-entry": page(READ, STAFF, pk=1),
    "subscriptions": page(READ, STAFF),
    "subscription-retry": page(WRITE, STAFF, pk=1),
    "people": page(READ, ADMINISTRATOR),
    "person-new": page(BOTH, ADMINISTRATOR),
    "person": page(BOTH, ADMINISTRATOR, **A_PERSON),
    "person-invite": page(WRITE, ADMINISTRATOR, **A_PERSON),
    "person-service": page(WRITE, ADMINISTRATOR, **A_PERSON),
    "person-address": page(WRITE, ADMINISTRATOR, **A_PERSON),
    "teams": page(BOTH, ADMINISTRATOR),
    "team": page(BOTH, ADMINISTRATOR, pk=1),
    "team-patients": page(WRITE, ADMINISTRATOR, pk=1),
    "restrictions": page(BOTH, ADMINISTRATOR),
    "restriction-lift": page(WRITE, ADMINISTRATOR, pk=1),
    "sources": page(READ, ADMINISTRATOR),
    "source-new": page(BOTH, ADMINISTRATOR),
    "source": page(BOTH, ADMINISTRATOR, slug="nothing"),
    "source-switch": page(WRITE, ADMINISTRATOR, slug="nothing"),
    "clients": page(READ, ADMINISTRATOR),
    "client-new": page(BOTH, ADMINISTRATOR),
    "client": page(READ, ADMINISTRATOR, pk=1),
    "client-rotate": page(WRITE, ADMINISTRATOR, pk=1),
    "client-disable": page(WRITE, ADMINISTRATOR, pk=1),
    "fhir-metadata": public(),
    "fhir-bundle": bearer(),
    "fhir-operation": bearer(name="everything"),
    "fhir-operation-type": bearer(**DOOR, name="everything"),
    "fhir-operation-instance": bearer(**CHART, name="everything"),
    "fhir-what-if-status": bearer(job="00000000-0000-4000-8000-000000000000"),
    "fhir-search-post": bearer(**DOOR),
    "fhir-history-type": bearer(**DOOR),
    "fhir-history": bearer(**CHART),
    "fhir-vread": bearer(**CHART, version="1"),
    "fhir-compartment": bearer(owner="ward.1", resource_type="Observation"),
    "fhir-instance": bearer(**CHART),
    "fhir-type": bearer(**DOOR),
    "fhir-export": bearer(export_id=NOBODY),
    "fhir-export-file": bearer(export_id=NOBODY, name="Observation.1.ndjson"),
    "fhir-slashed": bearer(path="Patient/ward.1"),
    "fhir-nowhere": bearer(path="a/b/c/d"),
    "fhir-notify": bearer(subscription_id=NOBODY),
    "cds-discovery": public(),
    "cds-service": bearer(service_id="patient-twin-view"),
    "cds-feedback-post": bearer(service_id="patient-twin-view"),
    "oauth-token": public(),
    "oauth-revoke": public(),
    "oauth-introspect": public(),
    "oauth-jwks": public(),
    "oauth-launch": bearer(),
    "smart-configuration": public(),
    "smart-practitioner": bearer(number=1),
    "openid-configuration": public(),
}
"""For each name of the table its row. A new address needs one, or the tests fail."""

EXAMPLES: dict[str, dict[str, Any]] = {name: dict(row.example) for name, row in ROWS.items()}
"""For each name of the table, values for its address."""


@dataclass(frozen=True)
class Address:
    name: str
    rule: Rule | None


def addresses() -> list[Address]:
    """Every leaf of the URL table."""
    return [Address(leaf.name or str(leaf.pattern), rule_of(leaf.callback)) for leaf in _leaves(get_resolver())]


def _leaves(branch: URLResolver) -> Iterator[URLPattern]:
    for item in branch.url_patterns:
        if isinstance(item, URLResolver):
            yield from _leaves(item)
        else:
            yield item
