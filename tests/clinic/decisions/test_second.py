"""A plan of a high-alert drug is in force only when a second person of the care team signed it too."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.decisions.high_alert import is_high_alert
from clinic.decisions.models import Decision, SecondSignature, Standing
from clinic.decisions.refusal import (
    AlreadyDecidedError,
    NotAwaitingError,
    ReasonMissingError,
    SamePersonError,
    StaleComparisonError,
)
from clinic.decisions.signals import decision_made
from tests.clinic.decisions.conftest import PASSWORD, agreed, amended, declined, newer, refused, signed
from tests.factories import patient_records as rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("high_alert")]


@pytest.fixture
def announced():
    """What listeners were told."""
    told = []

    def listen(*, instance, asked_by, **_):
        told.append((instance.pk, asked_by))

    decision_made.connect(listen)
    yield told
    decision_made.disconnect(listen)


def test_one_signature_is_awaiting_and_announced_to_nobody(comparison, user, announced):
    decision = signed(comparison, user)
    assert decision.standing is Standing.AWAITING
    assert decision.final_at is None
    assert announced == []
    event = AuditEvent.objects.get(activity="comparison.sign")
    assert event.detail["awaiting"] == "second signature"
    assert event.detail["content"] == Decision.objects.get().digest()


def test_the_second_makes_it_final_and_announces_it_once(comparison, user, other, announced):
    decision = signed(comparison, user)
    answer = agreed(decision, other)
    decision = Decision.objects.get()
    assert (decision.standing, decision.final_at) == (Standing.IN_FORCE, answer.decided_at)
    assert announced == [(decision.pk, f"user-{other.pk}")]
    event = AuditEvent.objects.get(activity="comparison.second_sign")
    assert (event.actor, event.entity_version) == (f"user-{other.pk}", comparison.digest)
    assert event.detail == {"decision": str(decision.pk), "second": str(answer.pk), "content": answer.digest()}


def test_refusing_needs_a_reason_and_leaves_it_for_another_decision(comparison, user, other, announced):
    decision = signed(comparison, user)
    with pytest.raises(ReasonMissingError):
        refused(decision, other, " ")
    refused(decision, other)
    decision = Decision.objects.get()
    assert decision.standing is Standing.REFUSED
    with pytest.raises(NotAwaitingError, match="second signature refused"):
        agreed(decision, other)
    assert announced == []
    with pytest.raises(AlreadyDecidedError, match="amend that decision"):
        signed(comparison, user)
    later = amended(decision, user, 2)
    agreed(later, other)
    assert Decision.objects.get(pk=later.pk).standing is Standing.IN_FORCE
    assert Decision.objects.get(pk=decision.pk).standing is Standing.REPLACED


def test_nobody_signs_twice_whatever_way_is_tried(comparison, user, other):
    decision = signed(comparison, user)
    for verb in (agreed, refused):
        with pytest.raises(SamePersonError):
            verb(decision, user)
    row = {"decision": decision, "agreed": True, "first_by": user, "decided_by": user, "decided_at": timezone.now()}
    with pytest.raises(DatabaseError, match="the_second_is_another_person"), transaction.atomic():
        SecondSignature.objects.create(**row)
    agreed(decision, other)
    for change in (lambda: SecondSignature.objects.update(agreed=False), SecondSignature.objects.get().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_the_second_is_of_the_care_team_and_may_sign(comparison, user):
    decision = signed(comparison, user)
    for person in (rows.person("vic", team="Ward 9"), rows.person("rae", Role.RESEARCHER), rows.person("noone", None)):
        for verb in (agreed, refused):
            with pytest.raises(PermissionDenied):
                verb(decision, person)
    assert not SecondSignature.objects.exists()


def test_newer_data_can_no_longer_be_agreed_to_but_refused(patient, comparison, user, other):
    decision = signed(comparison, user)
    newer(patient, comparison)
    with pytest.raises(StaleComparisonError):
        agreed(decision, other)
    assert refused(decision, other).agreed is False


def test_declining_and_withdrawing_need_no_second(comparison, user, announced):
    decision = declined(comparison, user)
    assert decision.standing is Standing.DECLINED
    assert len(announced) == 1


def test_what_the_formulary_marks_and_what_the_site_adds_is_high_alert(settings):
    settings.HIGH_ALERT_DRUGS = frozenset({"amikacin", "aspirine"})
    assert [is_high_alert(drug) for drug in ("warfarin", "digoxin", "amikacin", "vancomycin", "gentamicin")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    warned = [found for found in run_checks() if found.id == "decisions.W001"]
    assert len(warned) == 1
    assert "'aspirine', which is no drug of the formulary" in warned[0].msg


class TestOverHttp:
    def test_the_pages_say_that_it_is_awaited_and_who_may_do_what(self, client, patient, comparison, user, other):
        client.force_login(user)
        address = f"/comparisons/{comparison.pk}"
        assert "high-alert medication" in client.get(address).content.decode()
        decision = signed(comparison, user)
        mine = client.get(address).content.decode()
        assert "Plan B is signed once and awaits a second signature" in mine
        assert "You signed first." in mine
        assert "AWAITING A SECOND SIGNATURE" in client.get(f"{address}/note").content.decode()
        client.force_login(other)
        theirs = client.get(address).content.decode()
        assert f'action="/decisions/{decision.pk}/second"' in theirs
        assert f'action="/decisions/{decision.pk}/second/refuse"' in theirs
        assert "Plan B awaits a second signature" in client.get(f"/patients/{patient.pk}").content.decode()
        worklist = client.get("/").content.decode()
        assert "Plan B is signed once and awaits a second signature." in worklist
        assert '<td data-label="Decision">awaiting a second signature</td>' in worklist
        sent = {"digest": comparison.digest, "again": PASSWORD}
        assert client.post(f"/decisions/{decision.pk}/second", sent)["Location"] == address
        page = client.get(address).content.decode()
        assert "Plan B is signed</strong>" in page
        assert "Second signature: Phil Test" in page
        assert "awaits" not in client.get("/").content.decode()

    def test_what_was_refused_counts_as_not_signed(self, client, comparison, user, other):
        refused(signed(comparison, user), other)
        client.force_login(user)
        worklist = client.get("/").content.decode()
        assert '<td data-label="Decision">second signature refused</td>' in worklist
        assert "The comparison is not signed." in worklist
        assert "before the data changed" not in worklist
        page = client.get(f"/comparisons/{comparison.pk}").content.decode()
        assert "Plan B was not confirmed" in page
        assert "Phil Test refused: Kidneys fail." in page

    def test_strangers_and_colleagues_of_other_wards_are_refused(self, client, comparison, user):
        decision = signed(comparison, user)
        for way in ("second", "second/refuse", "anew"):
            client.logout()
            assert client.post(f"/decisions/{decision.pk}/{way}").status_code == 401
            client.force_login(rows.person(f"vic-{way}", team="Ward 9"))
            assert client.post(f"/decisions/{decision.pk}/{way}").status_code == 403
        assert not SecondSignature.objects.exists()
