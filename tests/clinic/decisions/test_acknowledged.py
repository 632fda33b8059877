"""Whoever signs on a level that contradicts the model, or beyond the model's population, says that they know it."""

import re
from dataclasses import replace

import pytest

from clinic.access.actor import actor_of
from clinic.audit.models import AuditEvent, Outcome
from clinic.decisions import second, sign
from clinic.decisions.models import Decision, SecondSignature
from clinic.decisions.refusal import NotAcknowledgedError
from clinic.decisions.witnessed import witnessed
from tests.clinic.decisions.conftest import PASSWORD, amended, declined, refused, signed
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case

pytestmark = pytest.mark.django_db
LEVEL, OUTSIDE = "level-does-not-fit", "outside-population"
FAR = "The level of 17.8 mg/L at 47.0 h lies 12.4 standard deviations above the fit; check it and the doses before it."


def with_doubts(subject, *, far=True, heavy=False, **more):
    """A comparison on a twin of which the last level lies far off, or whose patient is heavier than those studied."""
    course = rows.recent_course()
    if heavy:
        weigh = (replace(one, value=260.0) if one.name == "weight_kg" else one for one in course.covariates)
        course = replace(course, covariates=tuple(weigh))
    fit = case.fit()
    if far:
        fit = replace(fit, residuals=(fit.residuals[0], replace(fit.residuals[1], weighted_residual=12.4)))
    return rows.twin(subject, course=course, fit=fit, **more)[1]


@pytest.fixture
def doubtful(patient):
    return with_doubts(patient.subject)


def acknowledging(comparison, by, *keys):
    return sign.sign(
        comparison=comparison, plan_position=1, reason="I know.", by=by, actor=actor_of(by), acknowledged=keys
    )


def test_a_plan_is_not_signed_before_it_is_acknowledged_and_what_was_is_kept_and_audited_by_key(doubtful, user):
    for keys in ((), (OUTSIDE,), ("whatever",)):
        with pytest.raises(NotAcknowledgedError, match=re.escape(FAR)):
            acknowledging(doubtful, user, *keys)
    assert not Decision.objects.exists()
    decision = acknowledging(doubtful, user, LEVEL)
    (kept,) = Decision.objects.get().acknowledged
    assert (kept["key"], kept["because"]) == (LEVEL, [FAR])
    assert kept["text"].startswith("I know that the measured levels do not fit the model.")
    detail = AuditEvent.objects.get(activity="comparison.sign").detail
    assert (detail["acknowledged"], detail["content"]) == ([LEVEL], decision.digest())
    assert FAR not in str(detail)
    assert witnessed().faults == ()


def test_what_was_acknowledged_is_part_of_what_the_digest_holds(doubtful, user):
    decision = acknowledging(doubtful, user, LEVEL)
    before = decision.digest()
    (kept,) = decision.acknowledged
    decision.acknowledged = [{"text": kept["text"], "because": kept["because"], "key": kept["key"]}]
    assert decision.digest() == before, "in whatever order the database gives the parts"
    decision.acknowledged = None
    assert decision.digest() != before


def test_declining_and_withdrawing_need_no_acknowledgement(patient, doubtful, user):
    declined(doubtful, user)
    assert Decision.objects.get().acknowledged is None
    later = with_doubts(patient.subject, parent=doubtful.twin_version, with_records=False)
    withdrawn = amended(acknowledging(later, user, LEVEL), user, None)
    assert (withdrawn.chosen_plan, withdrawn.acknowledged) == (None, None)


def test_an_amendment_that_chooses_a_plan_takes_it_anew(doubtful, user):
    first = declined(doubtful, user)
    with pytest.raises(NotAcknowledgedError):
        amended(first, user, 2)
    assert Decision.objects.count() == 1


def test_outside_the_population_has_a_key_of_its_own_and_both_are_asked(patient, user):
    comparison = with_doubts(patient.subject, heavy=True)
    with pytest.raises(NotAcknowledgedError, match="Body weight of 260 kg is above"):
        acknowledging(comparison, user, LEVEL)
    decision = acknowledging(comparison, user, LEVEL, OUTSIDE)
    assert [one["key"] for one in decision.acknowledged] == [LEVEL, OUTSIDE]
    assert "Body weight of 260 kg is above" in decision.acknowledged[1]["because"][0]


def test_where_the_level_fits_nothing_is_asked_and_nothing_kept(comparison, user):
    decision = acknowledging(comparison, user, LEVEL, OUTSIDE)
    assert decision.acknowledged is None
    assert "acknowledged" not in AuditEvent.objects.get(activity="comparison.sign").detail


@pytest.mark.usefixtures("high_alert")
def test_the_second_person_acknowledges_it_too_but_to_refuse(doubtful, user, other):
    decision = acknowledging(doubtful, user, LEVEL)
    asked = {"decision": decision, "by": other, "actor": actor_of(other)}
    with pytest.raises(NotAcknowledgedError):
        second.agree(**asked)
    second.agree(**asked, acknowledged=[LEVEL])
    answer = SecondSignature.objects.get()
    assert [one["key"] for one in answer.acknowledged] == [LEVEL]
    assert AuditEvent.objects.get(activity="comparison.second_sign").detail["acknowledged"] == [LEVEL]
    assert witnessed().faults == ()


@pytest.mark.usefixtures("high_alert")
def test_the_second_person_refuses_without_it(doubtful, user, other):
    refused(acknowledging(doubtful, user, LEVEL), other)
    assert SecondSignature.objects.get().acknowledged is None


def test_the_page_says_first_that_the_level_does_not_fit_and_the_form_asks(client, doubtful, user):
    client.force_login(user)
    page = client.get(f"/comparisons/{doubtful.pk}").content.decode()
    notices = re.findall(r'<div class="notice [^"]*"[^>]*><p>(.*?)</p>', page)
    assert notices[0].startswith("<strong>The level does not fit the model.</strong> Check the level, its time and the")
    assert page.index(FAR) < page.index("The plans in a sentence")
    form = page[page.index("Sign one plan") : page.index("Or decline them all")]
    assert f'<input type="checkbox" name="acknowledged" value="{LEVEL}" required>' in form
    assert OUTSIDE not in form
    assert 'name="acknowledged"' not in page[page.index("Or decline them all") :]
    note = client.get(f"/comparisons/{doubtful.pk}/note").content.decode()
    assert "THE LEVEL DOES NOT FIT THE MODEL" in note.splitlines()[2]
    shown = client.get(f"/patients/{doubtful.twin_version.subject_id}").content.decode()
    assert "<strong>The level does not fit the model.</strong>" in shown


def test_a_form_without_the_tick_is_refused_on_record_and_one_with_it_is_told_with_it(client, doubtful, user):
    client.force_login(user)
    sent = {"plan": "1", "reason": "The nurse drew it from the line.", "digest": doubtful.digest, "again": PASSWORD}
    answer = client.post(f"/comparisons/{doubtful.pk}/sign", sent)
    assert answer.status_code == 409
    assert "tick what you must know first" in answer.content.decode()
    event = AuditEvent.objects.get(activity="comparison.sign")
    assert (event.outcome, event.detail) == (Outcome.REFUSED, {"why": "NotAcknowledgedError"})
    assert client.post(f"/comparisons/{doubtful.pk}/sign", {**sent, "acknowledged": LEVEL}).status_code == 302
    told = "Acknowledged: I know that the measured levels do not fit the model."
    assert told in client.get(f"/comparisons/{doubtful.pk}").content.decode()
    assert told in client.get(f"/comparisons/{doubtful.pk}/note").content.decode()


def test_the_form_that_asks_for_the_password_carries_the_ticks_on(client, patient, user):
    comparison = with_doubts(patient.subject, heavy=True)
    client.force_login(user)
    sent = {"plan": "1", "reason": "I know.", "digest": comparison.digest, "acknowledged": [LEVEL, OUTSIDE]}
    page = client.post(f"/comparisons/{comparison.pk}/sign", sent).content.decode()
    kept = re.findall(r'<input type="hidden" name="acknowledged" value="([^"]*)">', page)
    assert kept == [LEVEL, OUTSIDE]


def test_a_comparison_without_doubts_shows_no_such_notice(client, comparison, user):
    client.force_login(user)
    page = client.get(f"/comparisons/{comparison.pk}").content.decode()
    assert "does not fit the model" not in page
    assert 'name="acknowledged"' not in page
    signed(comparison, user)
