"""Signing and declining: once, on the newest data, with a reason, what one saw, and on record."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from clinic.access.actor import actor_of
from clinic.access.roles import Role
from clinic.audit.event import AuditWriteError
from clinic.audit.models import AuditEvent, Outcome
from clinic.decisions import keep
from clinic.decisions import sign as verbs
from clinic.decisions.models import Decision
from clinic.decisions.refusal import (
    AlreadyDecidedError,
    DecisionError,
    NoSuchPlanError,
    OtherPageError,
    ReasonMissingError,
    StaleComparisonError,
)
from tests.clinic.decisions.conftest import PASSWORD
from tests.factories import patient_records as rows
from twins.records.twins import course_of

pytestmark = pytest.mark.django_db


def sign(comparison, user, **changes):
    asked = {"plan_position": 1, "reason": "Below the target.", "seen_digest": comparison.digest}
    return verbs.sign(comparison=comparison, by=user, actor=actor_of(user), **{**asked, **changes})


def decline(comparison, user, **changes):
    asked = {"reason": "A level is due in an hour.", "seen_digest": comparison.digest}
    return verbs.decline(comparison=comparison, by=user, actor=actor_of(user), **{**asked, **changes})


def test_a_signature_keeps_plan_reason_person_and_digest(comparison, user):
    decision = sign(comparison, user, reason="  Below the target. ")
    assert (decision.chosen_plan, decision.reason, decision.decided_by) == (1, "Below the target.", user)
    assert decision.comparison_digest == comparison.digest


def test_declining_chooses_no_plan_and_keeps_the_reason(comparison, user):
    decision = decline(comparison, user)
    assert decision.chosen_plan is None
    assert decision.reason == "A level is due in an hour."


@pytest.mark.parametrize("reason", ["", "   \n"])
@pytest.mark.parametrize("verb", [sign, decline])
def test_without_a_reason_nothing_is_decided(comparison, user, verb, reason):
    with pytest.raises(ReasonMissingError, match="reason is empty"):
        verb(comparison, user, reason=reason)
    assert not Decision.objects.exists()


def test_a_reason_that_does_not_fit_says_by_how_much(comparison, user):
    with pytest.raises(ReasonMissingError, match="1001 characters; shorten it to 1000"):
        sign(comparison, user, reason="x" * 1001)


@pytest.mark.parametrize("verb", [sign, decline])
def test_a_comparison_is_decided_once(comparison, user, verb):
    sign(comparison, user)
    with pytest.raises(AlreadyDecidedError, match=r"was decided at .* UTC \(plan 1\)"):
        verb(comparison, user)
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("verb", [sign, decline])
def test_newer_data_refuse_the_decision(patient, comparison, user, verb):
    later = rows.recent_course(levels=3)
    rows.twin(patient.subject, course=later, parent=comparison.twin_version, with_records=False)
    with pytest.raises(StaleComparisonError, match=r"based on data until .* UTC; newer data exist until"):
        verb(comparison, user)
    assert not Decision.objects.exists()


def test_changed_data_refuse_the_decision_and_are_not_called_newer(patient, comparison, user):
    same = course_of(comparison.twin_version)
    fewer = replace(same, levels=same.levels[:1])
    rows.twin(patient.subject, course=fewer, parent=comparison.twin_version, with_records=False)
    with pytest.raises(StaleComparisonError, match=r"were changed since .a record was questioned") as refused:
        sign(comparison, user)
    assert "newer data" not in str(refused.value)


@pytest.mark.parametrize("verb", [sign, decline])
def test_one_signs_what_one_saw(comparison, user, verb):
    with pytest.raises(OtherPageError):
        verb(comparison, user, seen_digest="0" * 64)
    with pytest.raises(OtherPageError):
        verb(comparison, user, seen_digest="")
    assert not Decision.objects.exists()


@pytest.mark.parametrize("position", [-1, 4, 99])
def test_a_position_without_a_plan_is_refused(comparison, user, position):
    with pytest.raises(NoSuchPlanError, match="one of A to D"):
        sign(comparison, user, plan_position=position)


@pytest.mark.parametrize("verb", [sign, decline])
def test_only_the_care_team_and_only_roles_that_may_sign_decide(comparison, verb):
    for person in (rows.person("vic", team="Ward 9"), rows.person("rae", Role.RESEARCHER), rows.person("noone", None)):
        with pytest.raises(PermissionDenied):
            verb(comparison, person)
    assert not Decision.objects.exists()


def test_the_audit_event_names_exactly_what_was_signed(patient, comparison, user):
    decision = sign(comparison, user)
    event = AuditEvent.objects.get(activity="comparison.sign")
    assert (event.actor, event.subject_key) == (f"user-{user.pk}", str(patient.pk))
    assert (event.entity_id, event.entity_version) == (str(comparison.pk), comparison.digest)
    decision.refresh_from_db()  # as the database gives it back
    assert event.detail == {"decision": str(decision.pk), "plan": 1, "content": decision.digest()}
    decision.reason = "Another reason."
    assert decision.digest() != event.detail["content"]


def test_a_signature_that_cannot_be_recorded_is_not_taken(comparison, user, monkeypatch):
    def fail(**_):
        raise AuditWriteError("the audit table is locked")

    monkeypatch.setattr(keep, "record", fail)
    with pytest.raises(AuditWriteError):
        sign(comparison, user)
    assert not Decision.objects.exists()


def test_a_decision_cannot_be_changed_or_removed_afterwards(comparison, user):
    decision = sign(comparison, user)
    for change in (
        lambda: Decision.objects.update(reason="Another."),
        lambda: decision.delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_every_refusal_is_one_of_the_typed_ones():
    for error in (AlreadyDecidedError, NoSuchPlanError, OtherPageError, ReasonMissingError, StaleComparisonError):
        assert issubclass(error, DecisionError)


class TestOverHttp:
    """The same rules through the page's form."""

    def send(self, client, comparison, verb="sign", **changes):
        data = {"plan": "1", "reason": "Below the target.", "digest": comparison.digest, "again": PASSWORD, **changes}
        return client.post(f"/comparisons/{comparison.pk}/{verb}", data)

    def test_a_signature_leads_back_to_the_comparison(self, client, comparison, user):
        client.force_login(user)
        response = self.send(client, comparison)
        assert response.headers["Location"] == f"/comparisons/{comparison.pk}"
        assert Decision.objects.get().chosen_plan == 1

    def test_declining_too(self, client, comparison, user):
        client.force_login(user)
        assert self.send(client, comparison, "decline").status_code == 302
        assert Decision.objects.get().chosen_plan is None

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"reason": " "}, "The reason is empty"),
            ({"digest": "tampered"}, "is not this comparison as it is stored"),
            ({"plan": ""}, "No plan was chosen"),
            ({"plan": "9"}, "names no plan"),
            ({"plan": "-1"}, "No plan was chosen"),
        ],
    )
    def test_a_refusal_says_why_and_is_recorded(self, client, comparison, user, changes, said):
        client.force_login(user)
        response = self.send(client, comparison, **changes)
        assert response.status_code == 409
        assert said in response.content.decode()
        assert not Decision.objects.exists()
        assert AuditEvent.objects.get(activity="comparison.sign").outcome == Outcome.REFUSED

    def test_a_second_decision_is_refused_and_the_reason_kept_for_copying(self, client, comparison, user):
        client.force_login(user)
        self.send(client, comparison)
        response = self.send(client, comparison, "decline", reason="On second thoughts.")
        assert response.status_code == 409
        assert "On second thoughts." in response.content.decode()

    def test_a_stale_comparison_is_refused(self, client, patient, comparison, user):
        client.force_login(user)
        later = rows.recent_course(levels=3)
        rows.twin(patient.subject, course=later, parent=comparison.twin_version, with_records=False)
        response = self.send(client, comparison)
        assert response.status_code == 409
        assert "newer data exist until" in response.content.decode()

    def test_strangers_and_colleagues_of_other_wards_are_refused(self, client, comparison):
        for verb in ("sign", "decline"):
            client.logout()
            assert self.send(client, comparison, verb).status_code == 401
            client.force_login(rows.person(f"vic-{verb}", team="Ward 9"))
            assert self.send(client, comparison, verb).status_code == 403
        assert not Decision.objects.exists()

    def test_looking_at_the_address_signs_nothing(self, client, comparison, user):
        client.force_login(user)
        assert client.get(f"/comparisons/{comparison.pk}/sign").status_code == 405
