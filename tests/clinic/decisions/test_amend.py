"""A decision is amended by another that points to it: once, with a reason, and never by an edit."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.audit.models import AuditEvent
from clinic.decisions.models import Decision, Standing
from clinic.decisions.refusal import (
    AlreadyAmendedError,
    NothingInForceError,
    OtherInForceError,
    OtherPageError,
    ReasonMissingError,
    StaleComparisonError,
)
from clinic.decisions.sign import signed_before
from tests.clinic.decisions.conftest import PASSWORD, agreed, amended, declined, newer, refused, signed
from tests.factories import patient_records as rows
from twins.records.store import store_comparison
from twins.records.twins import result_of

pytestmark = pytest.mark.django_db


def standing_of(decision):
    return Decision.objects.get(pk=decision.pk).standing


def test_the_new_one_is_in_force_and_the_old_stays_as_it_was(comparison, user, other):
    first = signed(comparison, user)
    before = first.digest()
    second = amended(first, other, 2)
    assert (second.amends, second.number, second.chosen_plan) == (first, 2, 2)
    assert (standing_of(first), standing_of(second)) == (Standing.REPLACED, Standing.IN_FORCE)
    assert Decision.objects.get(pk=first.pk).digest() == before
    event = AuditEvent.objects.get(activity="comparison.amend")
    assert event.detail == {
        "decision": str(second.pk), "plan": 2, "content": second.digest(), "amends": str(first.pk),
    }  # fmt: skip
    assert AuditEvent.objects.get(activity="comparison.sign").detail["content"] == before


def test_what_was_signed_is_withdrawn_and_what_was_declined_is_signed_after_all(comparison, user):
    withdrawn = amended(signed(comparison, user), user, None)
    assert standing_of(withdrawn) is Standing.DECLINED
    with pytest.raises(NothingInForceError):
        amended(withdrawn, user, None)
    assert standing_of(amended(withdrawn, user, 3)) is Standing.IN_FORCE


def test_each_is_amended_once_whatever_way_is_tried(comparison, user):
    first = signed(comparison, user)
    amended(first, user, 2)
    with pytest.raises(AlreadyAmendedError):
        amended(first, user, 3)
    row = {"comparison": comparison, "comparison_digest": comparison.digest, "reason": "x", "decided_by": user}
    for wrong in ({"amends": first, "number": 3}, {"number": 3}, {"amends": None, "number": 2}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.create(**row, chosen_plan=1, decided_at=timezone.now(), **wrong)
    assert Decision.objects.count() == 2


def test_an_amendment_has_a_reason_and_is_of_what_one_saw(comparison, user):
    first = signed(comparison, user)
    with pytest.raises(ReasonMissingError):
        amended(first, user, 2, " ")
    with pytest.raises(PermissionDenied):
        amended(first, rows.person("vic", team="Ward 9"), 2)
    from clinic.access.actor import actor_of
    from clinic.decisions.amend import amend

    with pytest.raises(OtherPageError):
        amend(
            decision=first, plan_position=2, reason="x", by=user, actor=actor_of(user), seen_digest="0" * 64
        )  # fmt: skip


def test_newer_data_forbid_another_plan_and_not_the_withdrawal(patient, comparison, user):
    first = signed(comparison, user)
    newer(patient, comparison)
    with pytest.raises(StaleComparisonError):
        amended(first, user, 2)
    assert standing_of(amended(first, user, None)) is Standing.DECLINED


def test_a_signature_on_newer_data_replaces_the_earlier_and_declining_does_not(patient, comparison, user):
    first = signed(comparison, user)
    later = newer(patient, comparison)
    assert signed_before(later) == first
    second = signed(later, user, 2)
    assert (second.amends, second.number) == (first, 1)
    assert standing_of(first) is Standing.REPLACED
    declined(newer(patient, later, doses=4), user)
    assert standing_of(second) is Standing.IN_FORCE


def test_a_declined_comparison_is_not_signed_beside_a_plan_that_stands_elsewhere(comparison, user):
    result = result_of(comparison)
    plans = [forecast.plan for forecast in result.forecasts]
    asked = store_comparison(version=comparison.twin_version, plans=plans, result=result, asked_by="user-1")
    no = declined(asked, user)
    first = signed(comparison, user)
    with pytest.raises(OtherInForceError, match="withdraw it there first"):
        amended(no, user, 1)
    amended(first, user, None)
    assert standing_of(amended(no, user, 1)) is Standing.IN_FORCE


@pytest.mark.usefixtures("high_alert")
def test_what_stands_stays_in_force_until_the_amendment_has_its_second_signature(comparison, user, other):
    first = signed(comparison, user)
    agreed(first, other)
    second = amended(first, other, 2)
    assert (standing_of(first), standing_of(second)) == (Standing.IN_FORCE, Standing.AWAITING)
    refused(second, user)
    assert standing_of(first) is Standing.IN_FORCE
    third = amended(second, user, 3)
    agreed(third, other)
    assert [standing_of(one) for one in (first, second, third)] == [
        Standing.REPLACED, Standing.REPLACED, Standing.IN_FORCE,
    ]  # fmt: skip
    assert Decision.objects.get(pk=third.pk).replaces == first


class TestOverHttp:
    def test_the_form_lists_the_plans_and_none_is_ticked(self, client, comparison, user):
        client.force_login(user)
        assert client.get(f"/comparisons/{comparison.pk}/amend").status_code == 409
        signed(comparison, user)
        page = client.get(f"/comparisons/{comparison.pk}/amend").content.decode()
        assert page.count('type="radio"') == 5
        assert "checked" not in page
        assert "None of the plans" in page

    def test_the_old_is_shown_struck_with_who_and_when(self, client, patient, comparison, user, other):
        first = signed(comparison, user, reason="Below the target.")
        client.force_login(other)
        data = {"plan": "none", "reason": "Dialysis first.", "digest": comparison.digest, "again": PASSWORD}
        address = f"/comparisons/{comparison.pk}"
        assert client.post(f"{address}/amend", {**data, "decision": str(first.pk)})["Location"] == address
        page = client.get(address).content.decode()
        assert "<strong>What was signed is withdrawn</strong> by Phil Test" in page
        struck = page[page.index("<del>") : page.index("</del>")]
        assert "Plan B (Proposal 1" in struck
        assert "Below the target." in struck
        assert "Mira Test" in struck
        assert "replaced</span> by Phil Test" in page
        assert "<del>" in client.get(f"/patients/{patient.pk}").content.decode()

    def test_the_number_of_queries_does_not_grow_with_the_amendments(self, client, patient, comparison, user, other):
        client.force_login(user)

        def queries():
            counts = []
            for address in (f"/comparisons/{comparison.pk}", f"/patients/{patient.pk}", "/"):
                with CaptureQueriesContext(connection) as found:
                    assert client.get(address).status_code == 200
                counts.append(len(found))
            return counts

        last = amended(amended(signed(comparison, user), other, 2), user, 1)
        before = queries()
        for plan in (0, 2, 3):
            last = amended(last, user, plan)
        assert queries() == before

    def test_a_page_that_was_amended_meanwhile_is_refused(self, client, comparison, user):
        first = signed(comparison, user)
        amended(first, user, 2)
        client.force_login(user)
        data = {"plan": "3", "reason": "x", "digest": comparison.digest, "again": PASSWORD, "decision": str(first.pk)}
        answer = client.post(f"/comparisons/{comparison.pk}/amend", data)
        assert answer.status_code == 409
        assert "amended already" in answer.content.decode()
        for wrong in ("", "nonsense"):
            assert client.post(f"/comparisons/{comparison.pk}/amend", {**data, "decision": wrong}).status_code == 404

    def test_the_page_of_the_replaced_signature_leads_to_the_one_that_replaced_it(
        self, client, patient, comparison, user
    ):
        signed(comparison, user)
        later = newer(patient, comparison)
        client.force_login(user)
        assert "Signing here replaces the plan signed" in client.get(f"/comparisons/{later.pk}").content.decode()
        signed(later, user, 2)
        page = client.get(f"/comparisons/{comparison.pk}").content.decode()
        assert "Plan B was signed and later replaced" in page
        assert f'href="/comparisons/{later.pk}"' in page
        assert f'href="/comparisons/{comparison.pk}/amend"' not in page
