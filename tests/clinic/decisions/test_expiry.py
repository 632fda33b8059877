"""Newer data: what changed, what the newest twin says of the signed plan, and what was given since."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from clinic.audit.models import AuditEvent
from clinic.charts import words
from clinic.decisions.afterwards import Afterwards
from clinic.decisions.changed import Change, How, changes
from clinic.decisions.expiry import Expiry
from clinic.decisions.models import Decision
from clinic.measures.units import ShownUnit
from tests.clinic.decisions.conftest import amended, declined, newer, signed
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.pharmacology.followed import Outcome, Verdict
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at
from twins.quantities.dose import Dose
from twins.records.models import Job
from twins.records.twins import course_of
from twins.samples.course import FindingCode, Level, OrderedRegimen

pytestmark = pytest.mark.django_db


def later_course(comparison, *given: tuple[float, float], hours: float = 24.0):
    """The course goes on for `hours`, with doses at hours after its end; the clock is moved by whoever tests."""
    course = course_of(comparison.twin_version)
    doses = tuple(
        Dose(course.until_h + at, amount, 1.0, source=f"MedicationAdministration/later-{k}")
        for k, (at, amount) in enumerate(given)
    )
    return replace(course, doses=(*course.doses, *doses), until_h=course.until_h + hours)


@pytest.fixture
def old_comparison(patient):
    """One whose data end two days ago, so that a day of the plan can have passed."""
    course = case.course(start=datetime.now(UTC) - timedelta(hours=98))
    return rows.twin(patient.subject, course=course)[1]


@pytest.fixture
def signed_then(old_comparison, user, monkeypatch):
    """Plan B, signed an hour after the data end: 1250 mg every 12 h, first 10 h after that end."""
    end = moment_at(course_of(old_comparison.twin_version).start, 51.0)
    monkeypatch.setattr("clinic.decisions.keep.timezone.now", lambda: end)
    decision = signed(old_comparison, user)
    monkeypatch.undo()
    return decision


def test_what_changed_is_told_by_record():
    before = case.course(levels=2)
    after = replace(
        before,
        doses=(*before.doses[:-1], replace(before.doses[-1], duration_h=2.0)),
        levels=(replace(before.levels[1], time_h=46.0), Level(49.0, 21.25, "Observation/new")),
        orders=(OrderedRegimen(0.0, 1000.0, 12.0, 1.0, end_h=49.5, source="MedicationRequest/order-0"),),
    )
    at = {hours: moment_at(case.START, hours) for hours in (0.0, 23.5, 46.0, 47.0, 48.0, 49.0)}
    assert changes(before, after, unit=ShownUnit("mg/L")) == (
        Change(How.NEW, "level of 21.25 mg/L", at[49.0]),
        Change(How.CHANGED, "dose of 1000 mg over 2 h", at[48.0], "dose of 1000 mg over 1 h", at[48.0]),
        Change(How.CHANGED, "level of 17.8 mg/L", at[46.0], "level of 17.8 mg/L", at[47.0]),
        Change(How.GONE, "level of 13.1 mg/L", at[23.5]),
        Change(How.CHANGED, "order of 1000 mg every 12 h, ended", at[0.0], "order of 1000 mg every 12 h", at[0.0]),
    )
    moved = replace(before, start=before.start)
    assert changes(before, moved, unit=ShownUnit("mg/L")) == ()


def test_the_answer_then_stands_beside_the_one_now(patient, comparison, user):
    signed(comparison, user)
    assert Expiry.of(comparison, 1) is None
    known = course_of(comparison.twin_version)
    later = newer(patient, comparison, course=replace(known, levels=case.course(levels=3).levels))
    found = Expiry.of(comparison, 1)
    then, now = (one.result["forecasts"][1]["days"][0] for one in (comparison, later))
    assert (found.then.comparison, found.then.p_in_target) == (comparison.pk, then["p_in_target"])
    assert (found.now.comparison, found.now.p_in_target) == (later.pk, now["p_in_target"])
    assert found.now.sentence == later.result["forecasts"][1]["sentence"]
    assert [change.what for change in found.changes] == ["level of 15 mg/L"]


def test_both_pages_say_on_which_data_and_what_the_newest_twin_says(client, patient, comparison, user):
    signed(comparison, user)
    client.force_login(user)
    address = f"/comparisons/{comparison.pk}"
    assert "What changed since" not in client.get(address).content.decode()
    later = newer(patient, comparison)
    for page in (client.get(address).content.decode(), client.get(f"/patients/{patient.pk}").content.decode()):
        start = moment_at(course_of(comparison.twin_version).start, 50.0)
        assert f"based on data before {words.clock_with_zone(start, UTC)}" in page or (
            f"signed on data before {words.clock_with_zone(start, UTC)}" in page
        )
        assert f'<a href="/comparisons/{later.pk}">Now</a>' in page
        assert '<th scope="col" class="number">AUC24, mg·h/L</th>' in page
        assert 'data-label="AUC24, mg·h/L"' in page[page.index(">Now</a>") :].partition("</tr>")[0]
    assert "level of 15 mg/L" in client.get(address).content.decode()


def test_a_plan_nobody_compared_on_the_newest_data_is_asked_about_with_one_button(client, patient, comparison, user):
    decision = signed(comparison, user)
    others = (Plan("Current", case.plans()[0].regimen), Plan("No further doses", None))
    rows.twin(
        patient.subject,
        course=rows.recent_course(levels=3),
        plans=others,
        parent=comparison.twin_version,
        with_records=False,
    )
    client.force_login(user)
    page = client.get(f"/comparisons/{comparison.pk}").content.decode()
    assert "not compared yet on the newest data" in page
    assert f'action="/decisions/{decision.pk}/anew"' in page
    answer = client.post(f"/decisions/{decision.pk}/anew")
    job = Job.objects.get()
    assert answer["Location"] == f"/patients/{patient.pk}/compare/{job.pk}"
    current, asked = job.parameters["plans"]
    assert current["label"] == "Current"
    assert (asked["label"], asked["regimen"]["amount_mg"]) == ("As signed", 1250.0)
    assert AuditEvent.objects.get(activity="comparison.ask").detail["decision"] == str(decision.pk)


def test_a_declined_comparison_has_nothing_to_ask_about(client, comparison, user):
    decision = declined(comparison, user)
    client.force_login(user)
    assert client.post(f"/decisions/{decision.pk}/anew").status_code == 409


def test_doses_since_are_held_against_the_signed_plan(old_comparison, signed_then):
    followed = Afterwards.of(signed_then, later_course(old_comparison, (10.5, 1250.0), (22.0, 1250.0)))
    assert (followed.verdict, followed.finding) == (Verdict.FOLLOWED, None)
    ignored = Afterwards.of(signed_then, later_course(old_comparison, (10.0, 1000.0), hours=26.0))
    assert [row.outcome for row in ignored.rows] == [Outcome.OTHER_AMOUNT, Outcome.NOT_GIVEN]
    assert ignored.verdict is Verdict.NOT_FOLLOWED
    assert ignored.finding.code is FindingCode.DECISION_NOT_FOLLOWED
    assert ignored.finding.sentence == (
        "The signed plan was not followed: of 2 doses, 1 another amount, 1 not given."
    )  # fmt: skip


def test_a_course_that_starts_elsewhere_counts_the_same_moments(old_comparison, signed_then):
    later = later_course(old_comparison, (10.5, 1250.0))
    shifted = replace(
        later,
        start=later.start + timedelta(hours=12),
        until_h=later.until_h - 12,
        doses=tuple(replace(dose, start_h=dose.start_h - 12) for dose in later.doses if dose.start_h >= 12),
        levels=(), covariates=(), orders=(),
    )  # fmt: skip
    assert Afterwards.of(signed_then, shifted).rows == Afterwards.of(signed_then, later).rows


def test_a_plan_answers_only_for_the_time_until_it_was_replaced(old_comparison, signed_then, user, monkeypatch):
    course = later_course(old_comparison, (10.5, 1250.0), hours=40.0)
    moment = moment_at(course.start, 50.0 + 15.0)
    monkeypatch.setattr("clinic.decisions.keep.timezone.now", lambda: moment)
    amended(signed_then, user, None)
    found = Afterwards.of(Decision.objects.get(pk=signed_then.pk), course)
    assert (found.verdict, found.until) == (Verdict.FOLLOWED, moment)


def test_the_pages_show_what_was_given_and_that_it_was_not_followed(client, patient, old_comparison, signed_then, user):
    course = later_course(old_comparison, (10.0, 1000.0), hours=26.0)
    newer(patient, old_comparison, course=course)
    client.force_login(user)
    given = words.clock(moment_at(course.start, 60.0), timezone.get_current_timezone())
    for address in (f"/comparisons/{old_comparison.pk}", f"/patients/{patient.pk}"):
        page = client.get(address).content.decode()
        assert "Recommended but not followed:" in page
        assert f"1000 mg, {given}" in page
        assert '<span class="badge warn">not given</span>' in page
