"""patient-view: the card says what the twin says, how old its data are, and what is due."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clinic.access.roles import Permission
from clinic.audit.models import AuditEvent
from clinic.charts import twin_facts
from clinic.patients.models import Patient
from clinic.worklist import attention
from integrations.cds_hooks import rules
from integrations.cds_hooks.models import IssuedCard
from integrations.fhir.validate.faults import faults
from integrations.readings.door import decode
from integrations.readings.models import Resource
from tests.factories.chart import Chart
from tests.factories.learned import learn
from tests.integrations.cds_hooks.calls import SERVER, call, sign_call
from tests.integrations.cds_hooks.conftest import NOW, Ask
from tests.integrations.resources import administration, bundle, observation
from twins.forecasts.compare import compare
from twins.forecasts.exposures import attainment, exposure
from twins.forecasts.wording import percent
from twins.pharmacology import formulary
from twins.pharmacology.regimen import current_plan
from twins.records.models import Comparison, GivenDose
from twins.records.twins import course_of, fit_of, latest

pytestmark = pytest.mark.django_db
GOTI = formulary.model("vancomycin-goti-2018")
TARGET = formulary.drug("vancomycin").target


def test_the_card_says_what_the_twin_says(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    version = latest(with_twin.subject, "vancomycin")
    assert version is not None
    course, fit = course_of(version), fit_of(version)
    plan = current_plan(course)
    assert plan is not None
    (found,) = attainment(GOTI, course, fit, [plan], targets=[TARGET])
    auc = next(
        row.value
        for row in exposure(GOTI, course, fit, plan, windows_h=[(course.until_h, course.until_h + 24)])
        if row.metric == "AUC24"
    )
    (card,) = ask().json()["cards"]
    sentence = compare(GOTI, course, fit, [plan], target=TARGET, explained=False).forecasts[0].sentence
    assert sentence.rstrip(".").split(";")[0] in card["detail"]
    assert percent(found.attained.p_in_target) in card["summary"]
    assert f"AUC24 {auc.q50:.0f} ({auc.q05:.0f}–{auc.q95:.0f}) mg·h/L" in card["detail"]
    assert f"`{version.pk}`" in card["detail"]
    assert "fitted to 2 levels" in card["detail"]
    assert "1000 posterior draws" in card["detail"]
    assert card["extension"]["org.patient-twin.basis"]["twinDigest"] == version.digest
    assert len(card["summary"]) < 140
    assert card["source"]["label"] == "Patient Twin, Goti 2018"
    assert "suggestions" not in card
    assert "selectionBehavior" not in card
    links = {link["label"]: link for link in card["links"]}
    assert links["The patient's twin"]["url"] == f"http://testserver/patients/{with_twin.pk}"
    assert links["Compare plans"]["url"].endswith(str(Comparison.objects.get().pk))
    assert {link["type"] for link in card["links"]} == {"absolute"}


def test_the_card_stays_in_the_drugs_own_unit_whatever_pages_show(
    ask: Ask, with_twin: Patient, at_the_time: None, settings: Any
) -> None:
    (before,) = ask().json()["cards"]
    settings.SHOWN_UNITS = {"vancomycin": "umol/L"}
    (card,) = ask().json()["cards"]
    assert "mg·h/L" in card["detail"]
    assert "mol/L" not in json.dumps(card, ensure_ascii=False)
    assert (card["summary"], card["detail"]) == (before["summary"], before["detail"])


def test_what_left_is_kept_and_recorded_by_keys_alone(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    body = call()
    (card,) = ask(body=body).json()["cards"]
    issued = IssuedCard.objects.get()
    assert (str(issued.pk), issued.subject_id, issued.client) == (card["uuid"], with_twin.pk, "cds-ehr")
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.activity, event.actor, event.subject_key) == ("cds.patient-view", "cds-ehr", str(with_twin.pk))
    assert event.detail["cards"] == [card["uuid"]]
    assert event.detail["twin_versions"] == [str(issued.twin_version_id)]
    assert event.detail["hook_instance"] == body["hookInstance"]
    assert "Okafor" not in str(event.detail) + event.entity_id


def test_what_was_advised_is_a_guidance_response_by_keys_alone(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    body = call()
    (card,) = ask(body=body).json()["cards"]
    row = Resource.objects.get(resource_type="GuidanceResponse")
    told = json.loads(row.text)
    assert faults("GuidanceResponse", row.text, decode(row.text)) == []
    assert row.subject_id == with_twin.pk
    assert told["requestIdentifier"]["value"] == f"urn:uuid:{body['hookInstance']}"
    assert told["identifier"][0]["value"] == f"urn:uuid:{card['uuid']}"
    assert (told["status"], told["subject"]) == ("success", {"reference": "Patient/ward.p1"})
    assert told["moduleUri"] == "urn:patient-twin:cds-service:patient-twin-view"
    assert told["result"] == {"reference": f"CarePlan/twin.{Comparison.objects.get().pk}-0"}
    assert told["performer"]["reference"].startswith("Device/twin.")
    assert "Okafor" not in row.text
    assert card["summary"] not in row.text


def test_newer_data_in_the_call_are_said_and_not_used(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    levels = [
        observation("new", value=19.0, at="2026-03-02T21:30:00Z"),
        observation("known", value=14.0, at="2026-03-02T19:30:00Z"),
        observation("wrong", value=14.0, at="2026-03-02T21:30:00Z", status="entered-in-error"),
        observation("vague", value=14.0, at="2026-03"),
        observation("pulse", "8867-4", 80, "/min", at="2026-03-02T21:30:00Z"),
    ]
    doses = [administration("new", start="2026-03-02T21:30:00Z", end=None), administration("known")]
    prefetch = {"observations": bundle(*levels), "administrations": bundle(*doses)}
    (card,) = ask(body=call(prefetch=prefetch)).json()["cards"]
    (plain,) = ask().json()["cards"]
    assert "newer data that the twin does not know yet: 1 level and 1 dose" in card["detail"]
    assert "newer data" not in plain["detail"]
    assert card["summary"] == plain["summary"]
    (card,) = ask("patient-twin-order-sign", sign_call(prefetch=prefetch)).json()["cards"]
    assert "1 level and 1 dose" in card["detail"]


def test_old_data_are_called_stale_and_warn(ask: Ask, with_twin: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(hours=13))
    (card,) = ask().json()["cards"]
    assert "13 h ago. **The data are stale.**" in card["detail"]
    assert card["indicator"] == "warning"


def test_a_level_that_is_due_is_said(ask: Ask, with_twin: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=7))
    (card,) = ask().json()["cards"]
    assert card["summary"].endswith("a level is due")
    assert "The last level was taken 7 days ago" in card["detail"]


def test_a_first_level_is_due_after_two_days(ask: Ask, patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.subject.samples.filter(channel="vancomycin").delete()
    learn(patient.subject)
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    assert "is due" not in ask().json()["cards"][0]["summary"]
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(hours=11))
    (card,) = ask().json()["cards"]
    assert "No level yet, 2 days after the first dose" in card["detail"]
    assert "no level yet: the population of the model" in card["detail"]


def test_far_too_much_is_critical(ask: Ask, patient: Patient, at_the_time: None) -> None:
    GivenDose.objects.filter(subject=patient.subject).update(amount_mg=3000.0)
    patient.subject.orders.update(amount_mg=3000.0)
    patient.subject.samples.filter(channel="vancomycin").update(value=45.0)
    learn(patient.subject)
    (card,) = ask().json()["cards"]
    assert card["indicator"] == "critical"
    assert "likely exceeds the target" in card["summary"]


def test_a_twin_that_cannot_forecast_says_why(ask: Ask, patient: Patient, at_the_time: None) -> None:
    patient.subject.samples.filter(channel="weight").delete()
    learn(patient.subject)
    (card,) = ask().json()["cards"]
    assert (card["indicator"], card["summary"]) == ("warning", "Vancomycin: the twin cannot forecast")
    assert "**Cannot forecast.**" in card["detail"]
    assert "weight" in card["detail"]


def test_a_patient_without_the_drug_has_no_cards(ask: Ask, patient: Patient, at_the_time: None) -> None:
    Patient.objects.create(subject=Chart.of().subject, source_key="ward/Patient/p9", family_name="Else")
    answer = ask(body=call(context={"patientId": "p9"}, fhirServer=SERVER))
    assert (answer.status_code, answer.json()) == (200, {"cards": []})


def test_house_settings_are_those_of_the_worklist() -> None:
    assert rules.STALE_AFTER == twin_facts.STALE_AFTER
    assert rules.FIRST_LEVEL_DUE == attention.LEVEL_DUE
    assert Permission.CDS_FEEDBACK_VIEW == "cds_feedback.view"
