"""A signed decision goes into its chart when asked, once, whatever the network does, and every failure is seen."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.template import Context, Template
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from fhir.resources.R4B import get_fhir_model_class

from clinic.access.actor import actor_of
from clinic.access.permissions import NotInCareTeamError
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent, Outcome
from clinic.decisions import sign as verbs
from clinic.decisions.amend import amend
from clinic.decisions.models import Decision
from clinic.decisions.second import agree
from integrations.ehr import tasks
from integrations.ehr.chart import write
from integrations.ehr.deliver import LEASE, TRIES, deliver
from integrations.ehr.models import ChartDelivery, WorkState
from integrations.ehr.write_back import (
    AlreadySentError,
    DeclinedError,
    NoChartError,
    NotInForceError,
    can_be_sent,
    send_to_chart,
    status_of,
)
from integrations.readings.models import Source
from tests.factories import patient_records as rows
from tests.integrations.ehr.hospital import Hospital, serving

pytestmark = pytest.mark.django_db
BLANK = {"url": "", "token": "", "client_id": "", "client_key": "", "key_id": "", "token_url": "", "scope": ""}


@pytest.fixture
def hospital(settings: Any) -> Iterator[Hospital]:
    with serving(Hospital(token="secret")) as server:
        settings.EHR_SOURCES = {"test": BLANK | {"url": server.base, "token": "secret", "file_hosts": ""}}
        yield server


@pytest.fixture
def user() -> Any:
    return rows.person()


@pytest.fixture
def patient(hospital: Hospital) -> Any:
    Source.objects.create(slug="test", address=hospital.base)
    return rows.patient()


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Messages to workers, which these tests play themselves."""
    messages: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: messages.append((name, *args)))
    return messages


def _decide(patient: Any, user: Any, chosen: int | None = 1) -> Decision:
    comparison = rows.twin(patient.subject, course=rows.recent_course())[1]
    how = {"comparison": comparison, "reason": "Below the target.", "by": user, "actor": actor_of(user)}
    return verbs.decline(**how) if chosen is None else verbs.sign(plan_position=chosen, **how)


@pytest.fixture
def decision(patient: Any, user: Any) -> Decision:
    return _decide(patient, user)


def _send(decision: Decision, user: Any) -> list[ChartDelivery]:
    return send_to_chart(decision=decision, by=user, actor=actor_of(user))


def _work(*, at: Any = None) -> None:
    """Everything that is due, as a worker and the sweep do it; `at` brings the next try forward."""
    if at is not None:
        ChartDelivery.objects.filter(state=WorkState.QUEUED).update(next_try=at)
    for pk in ChartDelivery.objects.order_by("pk").values_list("pk", flat=True):
        deliver(pk)


def _now() -> Any:
    return timezone.now() - timedelta(seconds=1)


def test_what_is_not_in_force_is_not_sent(patient: Any, user: Any, settings: Any) -> None:
    settings.HIGH_ALERT_DRUGS = frozenset({"vancomycin"})
    decision = _decide(patient, user)
    with pytest.raises(NotInForceError, match="awaiting a second signature"):
        _send(decision, user)
    assert not can_be_sent(decision)
    phil = rows.person("phil")
    agree(decision=decision, by=phil, actor=actor_of(phil))
    decision = Decision.objects.get()
    assert can_be_sent(decision)
    second = json.loads(write(decision, "CarePlan", patient="Patient/1", note=""))["note"][1]
    assert (second["authorString"], second["text"]) == ("Phil Test", "Second signature.")
    settings.HIGH_ALERT_DRUGS = frozenset()
    amend(decision=decision, plan_position=2, reason="Kidneys.", by=user, actor=actor_of(user))
    with pytest.raises(NotInForceError, match="replaced"):
        _send(Decision.objects.get(number=1), user)


def test_what_was_replaced_while_it_waited_is_not_delivered(decision: Decision, user: Any, hospital: Hospital) -> None:
    _send(decision, user)
    amend(decision=decision, plan_position=None, reason="Stopped.", by=user, actor=actor_of(user))
    _work()
    assert hospital.chart == []
    assert {row.state for row in ChartDelivery.objects.all()} == {WorkState.FAILED}
    assert "not in force any more" in status_of(decision)[0].words


def test_an_amendment_names_what_it_replaces_and_the_page_says_what_the_chart_still_holds(
    decision: Decision, user: Any, hospital: Hospital, client: Browser
) -> None:
    _send(decision, user)
    _work()
    amend(decision=decision, plan_position=2, reason="Kidneys.", by=user, actor=actor_of(user))
    client.force_login(user)
    address = f"/comparisons/{decision.comparison_id}"
    assert "still holds a plan that was sent before" in client.get(address).content.decode()
    assert client.post(f"{address}/to-chart")["Location"] == address
    _work()
    plan, note, later_plan, later_note = hospital.chart
    assert later_plan["replaces"][0]["identifier"]["value"] == plan["identifier"][0]["value"]
    assert later_note["relatesTo"][0]["code"] == "replaces"
    assert later_note["relatesTo"][0]["target"]["identifier"]["value"] == note["identifier"][0]["value"]
    for resource in hospital.chart:
        get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))
    assert "still holds a plan" not in client.get(address).content.decode()


def test_plan_and_note_arrive_in_the_chart(
    decision: Decision, user: Any, hospital: Hospital, django_capture_on_commit_callbacks: Any, sent: list[Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        queued = _send(decision, user)
    assert sent == [("integrations.ehr.tasks.deliver", row.pk) for row in queued]
    assert [status.words for status in status_of(decision)] == ["on its way", "on its way"]
    _work()
    plan, note = hospital.chart
    assert (plan["resourceType"], plan["intent"], plan["status"]) == ("CarePlan", "plan", "active")
    kinds = [resource["category"][0]["coding"][0]["code"] for resource in hospital.chart]
    assert kinds == ["assess-plan", "clinical-note"], "the categories by which US Core's clients search"
    name = decision.comparison.twin_version.subject.patient.source_key.split("/", 1)[1]
    assert plan["subject"] == note["subject"] == {"reference": name}
    detail = plan["activity"][0]["detail"]
    assert detail["productCodeableConcept"]["coding"][0]["code"] == "11124"
    assert detail["scheduledTiming"]["repeat"]["periodUnit"] == "h"
    assert detail["quantity"]["code"] == "mg"
    assert plan["note"][0]["text"] == "Below the target."
    text = base64.b64decode(note["content"][0]["attachment"]["data"]).decode()
    assert "VANCOMYCIN DOSING COMPARISON" in text
    assert "Reason: Below the target." in text
    assert note["context"]["related"][0]["identifier"]["value"] == plan["identifier"][0]["value"]
    for resource in hospital.chart:
        get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))
    headers = [headers for method, _, headers, _ in hospital.requests if method == "POST"]
    assert headers[0]["If-None-Exist"] == f"identifier=urn:ietf:rfc:3986|{plan['identifier'][0]['value']}"
    assert [status.words for status in status_of(decision)] == ["in the chart", "in the chart"]
    assert status_of(decision)[0].location == f"{hospital.base}/CarePlan/c1/_history/1"
    asked = AuditEvent.objects.get(activity="chart.send")
    assert (asked.actor, asked.entity_version) == (f"user-{user.pk}", decision.digest())
    assert AuditEvent.objects.filter(activity="chart.deliver", outcome=Outcome.SUCCESS).count() == 2


def test_a_plan_without_doses_is_sent_as_such(patient: Any, user: Any, hospital: Hospital) -> None:
    decision = _decide(patient, user)
    stop = next((k for k, plan in enumerate(decision.comparison.plans) if plan["regimen"] is None), None)
    if stop is None:
        decision.comparison.plans[1]["regimen"] = None
    made = json.loads(write(decision, "CarePlan", patient="Patient/1", note=""))
    assert made["activity"][0]["detail"]["doNotPerform"] is True
    assert "scheduledTiming" not in made["activity"][0]["detail"]
    get_fhir_model_class("CarePlan").model_validate_json(json.dumps(made))


@pytest.mark.parametrize("forgetful", [False, True], ids=["If-None-Exist", "no If-None-Exist"])
def test_a_lost_answer_never_doubles_anything(
    decision: Decision, user: Any, hospital: Hospital, forgetful: bool
) -> None:
    hospital.lost_answers, hospital.forgetful = 2, forgetful
    _send(decision, user)
    _work()
    assert ChartDelivery.objects.filter(state=WorkState.QUEUED).count() == 2
    assert "last answer" in status_of(decision)[0].words
    _work(at=_now())
    assert [resource["resourceType"] for resource in hospital.chart] == ["CarePlan", "DocumentReference"]
    assert {row.state for row in ChartDelivery.objects.all()} == {WorkState.DONE}
    assert all("/c" in row.location for row in ChartDelivery.objects.all())


def test_a_passing_fault_is_tried_again_later_and_later(decision: Decision, user: Any, hospital: Hospital) -> None:
    hospital.failures["/fhir/CarePlan"] = [503, 503]
    _send(decision, user)
    _work()
    plan = ChartDelivery.objects.get(resource_type="CarePlan")
    assert (plan.state, plan.attempts) == (WorkState.QUEUED, 1)
    first = plan.next_try - plan.answered_at
    _work()
    assert ChartDelivery.objects.get(pk=plan.pk).attempts == 1, "not before its time"
    hospital.failures["/fhir/CarePlan"] = [503] * 2
    _work(at=_now())
    plan.refresh_from_db()
    assert plan.next_try - plan.answered_at > 1.5 * first
    _work(at=_now())
    assert ChartDelivery.objects.get(pk=plan.pk).state == WorkState.DONE
    assert len(hospital.chart) == 2


@pytest.mark.parametrize("status", [400, 404, 412, 422])
def test_what_the_chart_refuses_is_given_up_and_seen(
    decision: Decision, user: Any, hospital: Hospital, status: int, capsys: Any
) -> None:
    hospital.failures["/fhir/CarePlan"] = [status]
    _send(decision, user)
    _work()
    plan, note = status_of(decision)
    assert (plan.state, note.state) == (WorkState.FAILED, WorkState.DONE)
    assert f"status {status}" in plan.words
    assert AuditEvent.objects.filter(activity="chart.deliver", outcome=Outcome.FAILED).count() == 1
    call_command("chart", "list")
    assert f"status {status}" in capsys.readouterr().out
    assert can_be_sent(decision)
    _send(decision, user)
    _work()
    assert len(hospital.chart) == 2
    assert not can_be_sent(decision)


def test_the_command_tries_again_what_was_given_up(
    decision: Decision, user: Any, hospital: Hospital, sent: list[Any], capsys: Any
) -> None:
    hospital.failures["/fhir/CarePlan"] = [422]
    _send(decision, user)
    _work()
    call_command("chart", "retry")
    assert sent[-1] == ("integrations.ehr.tasks.deliver", ChartDelivery.objects.get(resource_type="CarePlan").pk)
    _work()
    capsys.readouterr()
    call_command("chart", "list")
    assert capsys.readouterr().out == "0 listed.\n"
    assert AuditEvent.objects.filter(activity="chart.retry").exists()


def test_after_many_tries_it_is_left_to_a_person(decision: Decision, user: Any, hospital: Hospital) -> None:
    hospital.failures["/fhir/CarePlan"] = [503] * 100
    _send(decision, user)
    ChartDelivery.objects.update(attempts=TRIES - 1)
    _work()
    assert ChartDelivery.objects.get(resource_type="CarePlan").state == WorkState.FAILED


def test_one_that_kills_its_workers_is_left_to_a_person(decision: Decision, user: Any, hospital: Hospital) -> None:
    _send(decision, user)
    ChartDelivery.objects.update(attempts=TRIES)
    _work()
    assert {row.state for row in ChartDelivery.objects.all()} == {WorkState.FAILED}
    assert not hospital.requests


def test_a_token_that_is_refused_is_not_hopeless(decision: Decision, user: Any, hospital: Hospital) -> None:
    hospital.token = "another"
    _send(decision, user)
    _work()
    row = ChartDelivery.objects.first()
    assert (row.state, "401" in row.answer) == (WorkState.QUEUED, True)
    assert "secret" not in row.answer


def test_one_delivery_is_tried_by_one_worker_and_a_silent_one_is_followed(
    decision: Decision, user: Any, hospital: Hospital, sent: list[Any]
) -> None:
    _send(decision, user)
    pk = ChartDelivery.objects.first().pk
    ChartDelivery.objects.filter(pk=pk).update(next_try=timezone.now() + LEASE, attempts=1)
    assert deliver(pk) is None, "another worker has it"
    assert tasks.sweep() == 1, "the other delivery is sent again, its message may be lost"
    ChartDelivery.objects.filter(pk=pk).update(next_try=_now())
    assert tasks.sweep() == 2, "a worker that fell silent for its lease is followed by another"
    tasks.deliver(pk)
    assert ChartDelivery.objects.get(pk=pk).state == WorkState.DONE
    assert deliver(pk) is None


def test_a_decision_is_sent_once(decision: Decision, user: Any) -> None:
    _send(decision, user)
    with pytest.raises(AlreadySentError):
        _send(decision, user)
    assert ChartDelivery.objects.count() == 2
    assert not can_be_sent(decision)


def test_what_was_declined_is_no_plan_for_the_chart(patient: Any, user: Any) -> None:
    declined = _decide(patient, user, None)
    with pytest.raises(DeclinedError):
        _send(declined, user)
    assert not can_be_sent(declined)


def test_nothing_is_sent_to_a_source_that_the_settings_do_not_name(
    decision: Decision, user: Any, settings: Any
) -> None:
    settings.EHR_SOURCES = {}
    with pytest.raises(NoChartError, match="EHR_SOURCES"):
        _send(decision, user)
    assert not can_be_sent(decision)
    assert not ChartDelivery.objects.exists()


def test_only_those_who_may_sign_for_this_patient_may_send(decision: Decision) -> None:
    with pytest.raises(NotInCareTeamError):
        _send(decision, rows.person("otto", team="Ward 9"))
    for number, role in enumerate(set(Role) - {Role.CLINICIAN, Role.PHARMACIST}):
        with pytest.raises(PermissionDenied):
            _send(decision, rows.person(f"p{number}", role))
    assert not ChartDelivery.objects.exists()


def _url(decision: Decision) -> str:
    return reverse("decision-to-chart", args=[decision.comparison_id])


def test_the_button_sends_and_comes_back_to_the_comparison(client: Browser, decision: Decision, user: Any) -> None:
    client.force_login(user)
    answer = client.post(_url(decision))
    assert (answer.status_code, answer["location"]) == (302, reverse("comparison", args=[decision.comparison_id]))
    assert ChartDelivery.objects.count() == 2
    again = client.post(_url(decision))
    assert again.status_code == 409
    assert "is on its way" in again.content.decode()
    assert AuditEvent.objects.filter(activity="chart.send", outcome=Outcome.REFUSED).count() == 1
    assert client.get(_url(decision)).status_code == 405


def test_strangers_colleagues_and_expired_sessions_are_refused(client: Browser, decision: Decision, user: Any) -> None:
    assert client.post(_url(decision)).status_code == 401
    client.force_login(rows.person("otto", team="Ward 9"))
    assert client.post(_url(decision)).status_code == 403
    client.force_login(rows.person("rita", Role.RESEARCHER))
    assert client.post(_url(decision)).status_code == 403
    client.force_login(user)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.post(_url(decision)).status_code == 401
    assert Browser(enforce_csrf_checks=True).post(_url(decision)).status_code in (401, 403)
    assert not ChartDelivery.objects.exists()


def test_a_page_can_show_how_it_fares(decision: Decision, user: Any, hospital: Hospital) -> None:
    page = Template(
        "{% load chart_words %}{% chart_status comparison.pk as chart %}{{ chart.offered }}"
        "{% for one in chart.sent %} {{ one.resource_type }}: {{ one.words }}.{% endfor %}"
    )
    context = Context({"comparison": decision.comparison})
    assert page.render(context) == "True"
    _send(decision, user)
    _work()
    assert page.render(context) == "False CarePlan: in the chart. DocumentReference: in the chart."


def test_the_comparison_offers_it_once_and_says_how_it_fares(
    client: Browser, decision: Decision, user: Any, hospital: Hospital
) -> None:
    client.force_login(user)
    address = f"/comparisons/{decision.comparison_id}"
    offered = client.get(address).content.decode()
    assert f'action="{_url(decision)}"' in offered
    assert "Send to the chart" in offered
    client.post(_url(decision))
    _work()
    sent = client.get(address).content.decode()
    assert "CarePlan: in the chart." in sent
    assert "Send to the chart" not in sent
