"""A signature asks who signs: a wrong password decides nothing, is counted and recorded, and loses no typed word."""

import json

import pytest

from clinic.access.models import LoginFailures
from clinic.audit.models import AuditEvent, Outcome
from clinic.decisions.models import Decision
from tests.clinic.decisions.conftest import PASSWORD, declined, signed

pytestmark = pytest.mark.django_db
REASON = "The trough is low & rising."


def send(client, comparison, verb="sign", **changes):
    data = {"plan": "1", "reason": REASON, "digest": comparison.digest, **changes}
    return client.post(f"/comparisons/{comparison.pk}/{verb}", data)


def test_a_signature_without_a_password_is_asked_for_it_and_keeps_what_was_typed(client, comparison, user):
    client.force_login(user)
    answer = send(client, comparison)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "The trough is low &amp; rising.</textarea>" in page
    assert f'name="digest" value="{comparison.digest}"' in page
    assert 'name="plan" value="1"' in page
    assert "B: Proposal 1: 1250 mg over 1.5 h every 12 h" in page
    assert not Decision.objects.exists()
    assert not LoginFailures.objects.exists()
    event = AuditEvent.objects.get(activity="comparison.sign")
    assert (event.outcome, event.detail) == (Outcome.REFUSED, {"why": "NotConfirmed"})


def test_having_just_logged_in_is_not_enough(client, comparison, user):
    client.post("/login", {"username": user.username, "password": PASSWORD})
    assert 'name="again"' in client.get(f"/comparisons/{comparison.pk}").content.decode()
    assert send(client, comparison).status_code == 403
    assert not Decision.objects.exists()
    assert send(client, comparison, again=PASSWORD).status_code == 302


@pytest.mark.parametrize("plan", ["9", "0009999", "0" * 5000, "\u0662\u0663", "-1", "1\x00", "none", ""])
def test_a_plan_that_there_is_not_is_asked_about_without_its_name(client, comparison, user, plan):
    client.force_login(user)
    answer = send(client, comparison, plan=plan)
    assert answer.status_code == 403
    assert answer.context["what"] == ""
    assert not Decision.objects.exists()


def test_a_reason_with_a_nul_is_kept_without_it(client, comparison, user):
    client.force_login(user)
    assert send(client, comparison, again=PASSWORD, reason="Too \x00 low.\x00").status_code == 302
    assert Decision.objects.get().reason == "Too  low."


def test_a_wrong_password_decides_nothing_and_five_lock_even_the_right_one_out(client, comparison, user):
    client.force_login(user)
    for _ in range(5):
        answer = send(client, comparison, again="wrong")
        assert answer.status_code == 403
        assert REASON.replace("&", "&amp;") in answer.content.decode()
        assert b"wrong" not in answer.content
    answer = send(client, comparison, again=PASSWORD)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert not Decision.objects.exists()
    refusals = AuditEvent.objects.filter(activity="login.confirm", outcome=Outcome.REFUSED)
    assert [event.detail["blocked_from_now_on"] for event in refusals.order_by("sequence")] == [False] * 4 + [True]
    for event in AuditEvent.objects.all():
        assert "trough" not in json.dumps(event.detail)


def test_the_right_password_signs_and_holds_for_the_next_signature_of_the_session(client, comparison, user):
    client.force_login(user)
    assert send(client, comparison, again=PASSWORD).status_code == 302
    assert Decision.objects.get().chosen_plan == 1
    last = str(Decision.objects.get().pk)
    page = client.get(f"/comparisons/{comparison.pk}/amend").content.decode()
    assert 'name="again"' not in page
    assert send(client, comparison, "amend", plan="2", decision=last).status_code == 302


def test_a_site_can_ask_each_time(client, comparison, user, settings):
    settings.REAUTHENTICATION_MINUTES = 0
    client.force_login(user)
    assert send(client, comparison, again=PASSWORD).status_code == 302
    assert 'name="again"' in client.get(f"/comparisons/{comparison.pk}/amend").content.decode()
    last = str(Decision.objects.get().pk)
    assert send(client, comparison, "amend", plan="2", decision=last).status_code == 403
    assert Decision.objects.count() == 1


def test_declining_asks_for_none(client, comparison, user):
    client.force_login(user)
    assert send(client, comparison, "decline").status_code == 302


@pytest.mark.usefixtures("high_alert")
def test_the_second_signature_asks_and_its_refusal_does_not(client, comparison, user, other):
    decision = signed(comparison, user)
    client.force_login(other)
    seen = {"digest": comparison.digest}
    assert client.post(f"/decisions/{decision.pk}/second", seen).status_code == 403
    refusal = client.post(f"/decisions/{decision.pk}/second/refuse", {**seen, "reason": "Too much."})
    assert refusal.status_code == 302
    assert Decision.objects.get().answer.agreed is False


def test_an_amendment_asks(client, comparison, user):
    decision = declined(comparison, user)
    client.force_login(user)
    assert send(client, comparison, "amend", decision=str(decision.pk)).status_code == 403
    assert send(client, comparison, "amend", decision=str(decision.pk), again=PASSWORD).status_code == 302
