"""The whole URL table, with an example of each address."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

from clinic.access.gate import Rule, rule_of

NOBODY = UUID(int=0)

EXAMPLES: dict[str, dict[str, Any]] = {
    "healthz": {},
    "readyz": {},
    "help": {},
    "language": {},
    "openapi": {},
    "openapi-page": {},
    "login": {},
    "logout": {},
    "second-factor": {},
    "forgotten-password": {},
    "single-sign-on": {},
    "single-sign-on-return": {},
    "session-left": {},
    "session-stay": {},
    "account": {},
    "account-password": {},
    "account-app": {},
    "account-key": {},
    "account-key-challenge": {},
    "account-factor-remove": {"number": 1},
    "account-codes": {},
    "account-session-end": {"number": 1},
    "account-sessions-end": {},
    "audit": {},
    "audit-export": {},
    "audit-event": {"sequence": 1},
    "audit-history": {"subject_key": NOBODY},
    "break-glass": {},
    "break-glass-end": {"pk": 1},
    "break-glass-patient": {"subject_key": NOBODY},
    "break-glass-reviews": {},
    "break-glass-review": {"pk": 1},
    "worklist": {},
    "worklist-rows": {},
    "patient": {"subject_key": NOBODY},
    "patient-progress": {"subject_key": NOBODY},
    "patient-values": {"subject_key": NOBODY, "series": "doses"},
    "record": {"subject_key": NOBODY, "kind": "dose", "number": 1},
    "record-received": {"subject_key": NOBODY, "kind": "dose", "number": 1},
    "comparison": {"comparison_id": NOBODY},
    "comparison-note": {"comparison_id": NOBODY},
    "comparison-pdf": {"comparison_id": NOBODY},
    "comparison-new": {"subject_key": NOBODY},
    "comparison-preview": {"subject_key": NOBODY},
    "comparison-wait": {"subject_key": NOBODY, "job_id": NOBODY},
    "decision-sign": {"comparison_id": NOBODY},
    "decision-decline": {"comparison_id": NOBODY},
    "decision-amend": {"comparison_id": NOBODY},
    "decision-second": {"decision_id": NOBODY},
    "decision-second-refuse": {"decision_id": NOBODY},
    "decision-anew": {"decision_id": NOBODY},
    "decision-to-chart": {"comparison_id": NOBODY},
    "question": {"subject_key": NOBODY},
    "question-withdraw": {"question_id": 1},
    "studies": {},
    "study-new": {},
    "study": {"job_id": NOBODY},
    "study-cancel": {"job_id": NOBODY},
    "study-resume": {"job_id": NOBODY},
    "study-file": {"job_id": NOBODY, "name": "x.csv"},
    "formulary": {},
    "followed": {},
    "followed-drug": {"drug": "nothing"},
    "house-limits": {"drug": "nothing"},
    "formulary-model": {"model_id": "vancomycin-of-nobody"},
    "quarantine": {},
    "quarantine-retry": {},
    "quarantine-entry": {"pk": 1},
    "fhir-notify": {"subscription_id": NOBODY},
    "subscriptions": {},
    "subscription-retry": {"pk": 1},
    "fhir-metadata": {},
    "fhir-bundle": {},
    "fhir-operation": {"name": "everything"},
    "fhir-operation-type": {"resource_type": "Patient", "name": "everything"},
    "fhir-operation-instance": {"resource_type": "Patient", "identifier": "ward.1", "name": "everything"},
    "fhir-what-if-status": {"job": "00000000-0000-4000-8000-000000000000"},
    "fhir-search-post": {"resource_type": "Patient"},
    "fhir-history-type": {"resource_type": "Patient"},
    "fhir-history": {"resource_type": "Patient", "identifier": "ward.1"},
    "fhir-vread": {"resource_type": "Patient", "identifier": "ward.1", "version": "1"},
    "fhir-compartment": {"owner": "ward.1", "resource_type": "Observation"},
    "fhir-instance": {"resource_type": "Patient", "identifier": "ward.1"},
    "fhir-type": {"resource_type": "Patient"},
    "fhir-export": {"export_id": NOBODY},
    "fhir-export-file": {"export_id": NOBODY, "name": "Observation.1.ndjson"},
    "fhir-slashed": {"path": "Patient/ward.1"},
    "fhir-nowhere": {"path": "a/b/c/d"},
    "cds-discovery": {},
    "cds-service": {"service_id": "patient-twin-view"},
    "cds-feedback-post": {"service_id": "patient-twin-view"},
    "cds-feedback": {},
    "oauth-token": {},
    "oauth-revoke": {},
    "smart-configuration": {},
    "smart-practitioner": {"number": 1},
    "openid-configuration": {},
    "oauth-jwks": {},
    "oauth-authorize": {},
    "oauth-introspect": {},
    "oauth-launch": {},
    "launch": {},
    "launch-callback": {},
    "apps": {},
    "app-withdraw": {"pk": 1},
    "people": {},
    "person-new": {},
    "person": {"pk": 10**17},
    "person-invite": {"pk": 10**17},
    "person-service": {"pk": 10**17},
    "person-address": {"pk": 10**17},
    "teams": {},
    "team": {"pk": 1},
    "team-patients": {"pk": 1},
    "restrictions": {},
    "restriction-lift": {"pk": 1},
    "sources": {},
    "source-new": {},
    "source": {"slug": "nothing"},
    "source-switch": {"slug": "nothing"},
    "set-password": {"uidb64": "MQ", "token": "of-nobody"},
    "clients": {},
    "client-new": {},
    "client": {"pk": 1},
    "client-rotate": {"pk": 1},
    "client-disable": {"pk": 1},
}
"""For each name of the table, values for its address. A new address needs a row here, or the tests fail."""


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
