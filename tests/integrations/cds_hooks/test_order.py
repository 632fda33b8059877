"""order-select and order-sign: the draft on the patient's twin, its numbers, and what is suggested instead."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient
from integrations.readings.door import check, decode
from integrations.readings.reference import Names
from integrations.readings.request import read_draft
from tests.factories.chart import START, Chart
from tests.factories.patient_records import TEAM, person
from tests.integrations.cds_hooks.calls import draft, select_call, sign_call
from tests.integrations.cds_hooks.conftest import NOW, Ask
from tests.integrations.resources import RXNORM, SNOMED, concept, quantity
from twins.forecasts.exposures import attainment
from twins.forecasts.wording import percent
from twins.jobs.comparison import run
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen, current_plan
from twins.records.models import Comparison, Job, JobKind, JobState, Order, TwinVersion
from twins.records.replay import Agreement, replay
from twins.records.twins import course_of, fit_of, latest, plans_of, result_of

pytestmark = pytest.mark.django_db
SELECT, SIGN = "patient-twin-order-select", "patient-twin-order-sign"
GOTI = formulary.model("vancomycin-goti-2018")
TARGET = formulary.drug("vancomycin").target


def made() -> Comparison:
    """The comparison that a worker makes of the one that waits."""
    (job,) = Job.objects.filter(kind=JobKind.COMPARISON, state=JobState.QUEUED)
    run(str(job.pk))
    return Comparison.objects.get(is_default=False)


def only(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    (card,) = answer.json()["cards"]
    return dict(card)


@pytest.mark.parametrize(("service", "body"), [(SELECT, select_call), (SIGN, sign_call)])
def test_the_numbers_are_those_of_the_twin(
    ask: Ask, with_twin: Patient, at_the_time: None, service: str, body: Any
) -> None:
    card = only(ask(service, body()))
    version = latest(with_twin.subject, "vancomycin")
    assert version is not None
    course, fit = course_of(version), fit_of(version)
    plan = Plan("Draft order", Regimen(1250.0, 12.0, 1.5, 38.0))  # 22:00 on the course's clock
    current = current_plan(course)
    assert current is not None
    found = attainment(GOTI, course, fit, [plan, current], targets=[TARGET])
    mine, now = found[0].attained, found[1].attained
    assert card["summary"].startswith(
        f"Vancomycin 1250 mg every 12 h: {percent(mine.p_in_target)} in target, {percent(mine.p_above)} above it"
    )
    for seen in (mine, now):
        assert f"{percent(seen.p_in_target)} chance of an AUC24 of 400–600 mg·h/L on day 2" in card["detail"]
    assert "Draft order: 1250 mg over 1.5 h every 12 h, first dose 2 Mar 2026 22:00 UTC" in card["detail"]
    assert mine.p_above > 0.5
    assert card["indicator"] == "critical"
    best = card["suggestions"][0]
    assert best["isRecommended"] is True
    assert [one["isRecommended"] for one in card["suggestions"][1:]] == [False] * (len(card["suggestions"]) - 1)
    assert card["selectionBehavior"] == "at-most-one"
    assert len(card["summary"]) < 140
    assert len({reason["code"] for reason in card["overrideReasons"]}) == len(card["overrideReasons"]) >= 3
    assert card["extension"]["org.patient-twin.basis"]["twinVersion"] == str(version.pk)


def test_a_suggestion_keeps_whatever_else_the_draft_holds(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    order = draft(
        note=[{"text": "allergic to penicillin"}],
        priority="urgent",
        requester={"reference": "Practitioner/dr"},
        text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">1250 mg every 12 h</div>'},
        extension=[{"url": "https://ehr.test/weight", "valueDecimal": 80.50}],
    )
    order["dosageInstruction"][0] |= {
        "text": "1250 mg every 12 h",
        "route": concept(SNOMED, "47625008"),
        "additionalInstruction": [{"text": "central line"}],
        "maxDosePerPeriod": {"numerator": quantity(4000, "mg"), "denominator": quantity(1, "d")},
    }
    body = json.dumps(sign_call(order)).replace("80.5}", "80.50}")
    answer = ask(SIGN, body)
    assert b'"valueDecimal":80.50' in answer.content, "decimals keep their digits"
    (action,) = only(answer)["suggestions"][0]["actions"]
    assert action["type"] == "update"
    changed = action["resource"]
    assert "text" not in changed, "the narrative would tell the old dose"
    for name in order.keys() - {"text", "dosageInstruction"}:
        assert changed[name] == order[name], name
    (instruction,) = changed["dosageInstruction"]
    for name in ("route", "additionalInstruction", "maxDosePerPeriod"):
        assert instruction[name] == order["dosageInstruction"][0][name]
    assert "1250" not in json.dumps(changed)


def test_a_suggestion_is_fhir_and_reads_as_the_regimen_that_it_names(
    ask: Ask, with_twin: Patient, at_the_time: None
) -> None:
    card = only(ask(SIGN, sign_call()))
    plans = {f"Change to {plan.label}": plan for plan in plans_of(made())}
    for suggestion in card["suggestions"]:
        plan = plans[suggestion["label"].split(" (")[0]]
        text = msgspec.json.encode(suggestion["actions"][0]["resource"]).decode()
        data = decode(text)
        check("MedicationRequest", text, data)
        (ordered,) = read_draft(data, Names("ward", ""), lambda _: None, NOW)
        assert plan.regimen is not None
        assert (ordered.amount_mg, ordered.interval_h) == (plan.regimen.amount_mg, plan.regimen.interval_h)
        assert ordered.duration_h == pytest.approx(plan.regimen.duration_h)
        assert ordered.time == START + timedelta(hours=plan.regimen.start_h)


def test_a_suggestion_that_is_taken_needs_no_other(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    first = only(ask(SIGN, sign_call()))
    better = first["suggestions"][0]["actions"][0]["resource"]
    second = only(ask(SIGN, sign_call(better)))
    assert "suggestions" not in second
    assert "selectionBehavior" not in second
    assert second["indicator"] == "info"
    amount = better["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"]
    assert second["summary"].startswith(f"Vancomycin {amount} mg every 12 h")


def test_signing_keeps_the_comparison_that_the_card_leads_to(
    ask: Ask, with_twin: Patient, at_the_time: None, client: Client
) -> None:
    versions, orders = TwinVersion.objects.count(), Order.objects.count()
    card = only(ask(SIGN, sign_call()))
    (job,) = Job.objects.filter(kind=JobKind.COMPARISON)
    assert card["links"][0]["url"] == f"http://testserver/patients/{with_twin.pk}/compare/{job.pk}"
    assert AuditEvent.objects.order_by("-sequence")[0].detail["jobs"] == [str(job.pk)]
    comparison = made()
    plans = plans_of(comparison)
    assert [plan.label for plan in plans[:2]] == ["Current", "Draft order"]
    assert comparison.asked_by == "cds-ehr"
    for forecast in result_of(comparison).forecasts:
        assert forecast.sentence.rstrip(".").split(";")[0] in card["detail"], "the card's numbers are the comparison's"
    assert replay(comparison).agreement is Agreement.BIT_EQUAL
    assert (TwinVersion.objects.count(), Order.objects.count()) == (versions, orders)
    clinician = person(team=TEAM)
    clinician.care_teams.get().patients.add(with_twin)
    client.force_login(clinician)
    page = client.get(card["links"][0]["url"], follow=True)
    assert page.redirect_chain == [(f"/comparisons/{comparison.pk}", 302)]
    assert b"Draft order: 1250 mg over 1.5 h every 12 h" in page.content


def test_the_same_draft_is_kept_once_and_selecting_keeps_nothing(
    ask: Ask, with_twin: Patient, at_the_time: None
) -> None:
    assert "Compare these plans" not in str(only(ask(SELECT, select_call()))["links"])
    assert not Job.objects.filter(kind=JobKind.COMPARISON).exists()
    first, second = only(ask(SIGN, sign_call())), only(ask(SIGN, sign_call()))
    assert first["links"] == second["links"], "one job stands for both"
    assert first["uuid"] != second["uuid"], "each card has feedback of its own"
    comparison = made()
    third = only(ask(SIGN, sign_call()))
    assert third["links"][0]["url"] == f"http://testserver/comparisons/{comparison.pk}"
    assert Job.objects.filter(kind=JobKind.COMPARISON).count() == 1
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.detail["comparisons"], event.detail["jobs"]) == ([str(comparison.pk)], [])


def test_only_the_selected_drafts_are_judged(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    orders = (draft("d1", 1250), draft("d2", 500))
    card = only(ask(SELECT, select_call(*orders, selections=["MedicationRequest/d2"])))
    assert "500 mg every 12 h" in card["summary"]
    assert len(ask(SIGN, sign_call(*orders)).json()["cards"]) == 2


@pytest.mark.parametrize(
    "order",
    [
        draft(medicationCodeableConcept=concept(RXNORM, "161")),
        draft(doNotPerform=True),
        {
            **draft(),
            "dosageInstruction": [
                {**draft()["dosageInstruction"][0], "route": concept("http://snomed.info/sct", "26643006")}
            ],
        },
        {"resourceType": "ServiceRequest", "id": "d1", "subject": {"reference": "Patient/p1"}},
    ],
    ids=["another drug", "not to be given", "by mouth", "no medication"],
)
def test_what_no_twin_is_kept_for_has_no_card(ask: Ask, with_twin: Patient, at_the_time: None, order: Any) -> None:
    assert ask(SIGN, sign_call(order)).json() == {"cards": []}


def test_a_medication_among_the_drafts_says_the_drug(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    order = draft(medicationReference={"reference": "Medication/m1"})
    del order["medicationCodeableConcept"]
    medication = {"resourceType": "Medication", "id": "m1", "code": concept(RXNORM, "11124")}
    assert "1250 mg every 12 h" in only(ask(SIGN, sign_call(order, medication)))["summary"]
    assert ask(SIGN, sign_call(order)).json() == {"cards": []}


def once(amount: Any, start: str) -> dict[str, Any]:
    repeat = {"boundsPeriod": {"start": start}, "count": 1, "duration": 2, "durationUnit": "h"}
    return {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": quantity(amount, "mg")}]}


def test_a_loading_dose_goes_before_the_others(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    order = draft(amount=750, start="2026-03-03T10:00:00Z")
    order["dosageInstruction"].insert(0, once(1500, "2026-03-02T22:00:00Z"))
    card = only(ask(SIGN, sign_call(order)))
    assert "750 mg over 1.5 h every 12 h, first 1500 mg over 2 h, first dose 2 Mar 2026 22:00 UTC" in card["detail"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dosageInstruction": [once(1500, "2026-03-02T22:00:00Z")]}, "single dose"),
        (
            {"dosageInstruction": [*draft()["dosageInstruction"], *draft(amount=500)["dosageInstruction"]]},
            "more than one regimen",
        ),
        ({"dosageInstruction": [{"text": "as discussed"}]}, "missing"),
        ({"dosageInstruction": draft(amount=900000)["dosageInstruction"]}, "a dose lies above 0"),
        (
            {"dosageInstruction": draft(start="2026-03-04T22:00:00Z")["dosageInstruction"]},
            "more recent data are needed",
        ),
        (
            {"dosageInstruction": [once(1500, "2026-03-02T22:00:00Z"), *draft(amount=750)["dosageInstruction"][:0]]},
            "single dose",
        ),
    ],
)
def test_a_draft_that_cannot_be_tried_says_so(
    ask: Ask, with_twin: Patient, at_the_time: None, change: dict[str, Any], words: str
) -> None:
    card = only(ask(SIGN, sign_call(draft(**change))))
    assert card["summary"] == "Vancomycin: the draft order could not be tried on the patient's twin"
    assert words in card["detail"]
    assert card["indicator"] == "info"
    assert "suggestions" not in card


def test_words_of_others_make_no_markup_in_a_card(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    order = draft()
    order["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["code"] = "[x](https://evil.test)<b>"
    detail = only(ask(SIGN, sign_call(order)))["detail"]
    assert "[x](" not in detail
    assert "<b>" not in detail


def test_a_draft_that_has_begun_goes_on_as_the_running_order(ask: Ask, with_twin: Patient, at_the_time: None) -> None:
    card = only(ask(SIGN, sign_call(draft(amount=1000, start="2026-03-01T08:00:00Z"))))
    assert "Draft order: 1000 mg over 1.5 h every 12 h, first dose 3 Mar 2026 08:00 UTC" in card["detail"]


def test_a_draft_without_a_start_begins_now(ask: Ask, with_twin: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=30))
    order = draft(start=None)
    del order["authoredOn"]
    assert (
        "Draft order: 1250 mg over 1.5 h every 12 h, first dose 2 Mar 2026 21:30"
        in only(ask(SIGN, sign_call(order)))["detail"]
    )


def test_a_first_order_is_tried_on_the_population(ask: Ask, patient: Patient, at_the_time: None) -> None:
    """No dose, no level, no twin: what the chart knows of weight and creatinine has to do."""
    chart = Chart.of()
    Patient.objects.create(subject=chart.subject, source_key="ward/Patient/p2", family_name="New")
    chart.sample("weight", 36.0, 80.0)
    chart.sample("creatinine", 36.0, 1.1)
    card = only(ask(SIGN, sign_call(draft(of="p2"), context={"patientId": "p2"})))
    assert "1250 mg every 12 h" in card["summary"]
    assert "A twin made for this answer alone" in card["detail"]
    assert "**No further doses.**" in card["detail"]
    assert "no level yet" in card["detail"]
    assert not TwinVersion.objects.exists()
    assert not Comparison.objects.exists()


def test_a_first_order_without_a_weight_says_what_is_missing(ask: Ask, patient: Patient, at_the_time: None) -> None:
    Patient.objects.create(subject=Chart.of().subject, source_key="ward/Patient/p2", family_name="New")
    card = only(ask(SIGN, sign_call(draft(of="p2"), context={"patientId": "p2"})))
    assert "could not be tried" in card["summary"]
    assert "weight" in card["detail"]
