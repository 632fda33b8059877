"""The comparison page holds what a clinician needs to judge it, and only shows a form that can be signed."""

import re
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.charts import words
from clinic.decisions.sign import decline, sign
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.estimation.fit import FitOutcome
from twins.quantities.clock import moment_at
from twins.records.models import Job, JobKind
from twins.records.store import store_comparison
from twins.records.twins import course_of, result_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


@pytest.fixture
def patient(clinician):
    return rows.patient()


@pytest.fixture
def comparison(patient):
    return rows.twin(patient.subject, course=rows.recent_course(findings=(case.soon_after_dose(),)))[1]


def page_of(client, comparison):
    response = client.get(f"/comparisons/{comparison.pk}")
    assert response.status_code == 200
    return response.content.decode()


def test_strangers_colleagues_of_other_wards_and_other_roles_are_refused(client):
    comparison = rows.twin(rows.patient().subject)[1]
    for address in (f"/comparisons/{comparison.pk}", f"/comparisons/{comparison.pk}/note"):
        client.logout()
        assert client.get(address).status_code == 401
        client.force_login(rows.person(f"vic{len(address)}", team="Ward 9"))
        assert client.get(address).status_code == 403
        client.force_login(rows.person(f"audie{len(address)}", Role.AUDITOR))
        response = client.get(address)
        assert response.status_code == 403
        assert b"Okafor" not in response.content


def test_1_the_header_says_who_how_recent_which_twin_and_the_last_decision(client, comparison):
    page = page_of(client, comparison)
    assert "Okafor, Daniel" in page
    assert "record 4711" in page
    assert re.search(r"<strong>\d+ \w+ \d{4} \d\d:\d\d UTC</strong> \(\d+ (min|h) ago\)", page)
    assert "version 1, Goti 2018" in page
    assert "Last decision</dt><dd>none yet" in page


def test_2_each_plan_has_its_plain_sentence(client, comparison):
    page = page_of(client, comparison)
    for forecast in case.result(rows.recent_course()).forecasts:
        assert forecast.sentence in page


def test_3_the_chart_is_there_for_wide_and_for_narrow_screens_without_inline_style(client, comparison):
    page = page_of(client, comparison)
    assert page.count("<svg") == 2
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page


def test_4_the_numbers_are_a_table_of_every_plan_and_day(client, comparison):
    page = page_of(client, comparison)
    table = page[page.index('<table class="stack numbers">') : page.index("Time to target: until")]
    assert table.count("Day 1") == table.count("Day 3") == 4
    first = case.result(rows.recent_course()).forecasts[0].days[0]
    assert f"<strong>{first.auc24.q50:.0f}</strong>" in table
    assert f"({first.peak.q05:.1f}–{first.peak.q95:.1f})" in table
    assert f"{first.p_in_target * 100:.0f} %" in table
    for heading in ("AUC24", "Highest", "Trough", "In range", "Above 600", "Below 400", "Time to target"):
        assert heading in table


def test_5_what_was_assumed_is_visible_without_a_click(client, comparison):
    page = page_of(client, comparison)
    part = page[page.index("What was assumed") : page.index('id="why-title"')]
    visible = re.sub(r"<details>.*?</details>", "", part, flags=re.DOTALL)
    for text in (
        "17.8 mg/L",
        "Observation/level-1",
        "1000 mg",
        "MedicationAdministration/given-0",
        "its time may be wrong",
        "Creatinine",
        "Cockcroft–Gault",
        "17–101",
        "Goti V et al.",
        "1812 adults",
        "PKPDsim uses CV²",
    ):
        assert text in visible, text


def test_5_an_extrapolation_is_warned_about_at_the_top(client, patient):
    warning = "Body weight lies outside the model's population."
    comparison = rows.twin(patient.subject, fit=case.fit(warnings=(warning,)))[1]
    page = page_of(client, comparison)
    assert page.index("Body weight lies outside the model&#x27;s population.") < page.index("The plans in a sentence")


def test_6_why_shows_residuals_prior_against_patient_and_what_moves_the_answer(client, comparison):
    page = page_of(client, comparison)
    why = page[page.index('id="why-title"') : page.index('id="sign-title"')]
    assert "0.4 sd" in why
    assert "Prior against this patient" in why
    assert "520 → 588" in why
    assert why.index("520 → 588") < why.index("520 → 566")  # the strongest first


def test_7_the_current_plan_comes_first_and_none_is_ticked(client, comparison):
    page = page_of(client, comparison)
    form = page[page.index("Sign one plan") :]
    assert form.index("Current: 1000 mg") < form.index("Proposal 1")
    assert form.count('type="radio"') == 4
    assert not re.search(r"<input[^>]*\bchecked\b", form)


def test_7_what_one_signs_says_when_its_first_dose_is_and_so_does_what_was_signed(client, clinician, comparison):
    first = words.clock(moment_at(course_of(comparison.twin_version).start, 60.0), UTC)
    named = f"Proposal 1: 1250 mg over 1.5 h every 12 h, first dose {first}"
    page = page_of(client, comparison)
    assert f"<strong>B</strong> {named}</span>" in page[page.index("Sign one plan") :]
    sign(comparison=comparison, plan_position=1, reason="Too low.", by=clinician, actor=actor_of(clinician))
    page = page_of(client, comparison)
    assert f"plan B ({named}) signed" in page[: page.index("<h2")]  # the last decision in the header
    assert f"Plan B is signed</strong> ({named})" in page
    assert f"Plan B ({named}) was signed" in page


def test_8_both_ways_to_decide_ask_for_a_reason_and_carry_the_digest_that_was_shown(client, comparison):
    page = page_of(client, comparison)
    assert page.count(f'name="digest" value="{comparison.digest}"') == 2
    assert page.count('name="reason"') == 2
    assert f'action="/comparisons/{comparison.pk}/sign"' in page
    assert f'action="/comparisons/{comparison.pk}/decline"' in page


def test_9_the_note_can_be_copied_and_opened(client, comparison):
    page = page_of(client, comparison)
    assert 'data-copy="note-text"' in page
    assert f'href="/comparisons/{comparison.pk}/note"' in page


def test_a_newer_twin_is_announced_and_takes_the_form_away(client, patient, comparison):
    later = rows.recent_course(levels=3)
    rows.twin(patient.subject, course=later, parent=comparison.twin_version, with_records=False)
    page = page_of(client, comparison)
    assert "this comparison is based on data until" in page
    assert page.count("newer data exist until") == 3  # in the banner, in the decision's box, in the note
    assert "/sign" not in page


def test_data_that_were_changed_are_not_called_newer(client, patient, comparison):
    same = course_of(comparison.twin_version)
    fewer = replace(same, levels=same.levels[:1])
    rows.twin(patient.subject, course=fewer, parent=comparison.twin_version, with_records=False)
    page = page_of(client, comparison)
    assert page.count("a record was questioned, corrected or charted late") == 3
    assert "newer data" not in page
    assert "/sign" not in page


def test_old_data_are_announced(client, patient, comparison):
    said = "Doses, levels and kidney function since then"
    assert said not in page_of(client, comparison)
    old = rows.patient("Old")
    course = case.course(start=case.START - timedelta(days=365))
    assert said in page_of(client, rows.twin(old.subject, course=course)[1])


def test_a_next_dose_in_the_past_is_said_to_be_overdue(client, patient, comparison):
    assert "not charted" not in page_of(client, comparison)
    other = rows.patient("Late")
    start = timezone.now() - timedelta(hours=61)
    late = rows.twin(other.subject, course=case.course(start=start))[1]
    first = words.clock(start + timedelta(hours=60), UTC)
    page = page_of(client, late)
    assert page.count(f"was due {first}, not charted") == 1
    assert page.count(f"first dose {first}, already past") == 3
    assert f"next dose {first}" not in page


def test_data_on_their_way_are_announced(client, patient, comparison):
    assert "being worked into the twin" not in page_of(client, comparison)
    key = f"{patient.pk}/vancomycin"
    Job.objects.create(kind=JobKind.TWIN_UPDATE, key=key, enqueued_at=timezone.now())
    assert "being worked into the twin" in page_of(client, comparison)


def test_no_level_yet_is_a_state(client, patient):
    page = page_of(client, rows.twin(patient.subject, course=case.course(levels=0))[1])
    assert "No level yet." in page
    assert "population only" in page


def test_what_was_decided_is_shown_in_place_of_the_form(client, clinician, comparison):
    sign(comparison=comparison, plan_position=2, reason="Deep infection.", by=clinician, actor=actor_of(clinician))
    page = page_of(client, comparison)
    assert "Plan C is signed" in page
    assert "Deep infection." in page
    assert "Mira Test" in page
    assert 'type="radio"' not in page


def test_a_decision_on_an_older_comparison_is_named_in_the_header(client, clinician, patient, comparison):
    decline(comparison=comparison, reason="Wait for the level.", by=clinician, actor=actor_of(clinician))
    later = rows.recent_course(levels=3)
    _, newer = rows.twin(patient.subject, course=later, parent=comparison.twin_version, with_records=False)
    page = page_of(client, newer)
    assert "all plans declined" in page
    assert f'href="/comparisons/{comparison.pk}"' in page


def test_a_plan_signed_on_another_comparison_of_the_same_data_is_announced(client, clinician, comparison):
    result = result_of(comparison)
    plans = [forecast.plan for forecast in result.forecasts]
    asked = store_comparison(version=comparison.twin_version, plans=plans, result=result, asked_by="user-1")
    assert "another comparison on these data" not in page_of(client, comparison)
    sign(comparison=asked, plan_position=1, reason="Too low.", by=clinician, actor=actor_of(clinician))
    page = page_of(client, comparison)
    assert f'Plan B of <a href="/comparisons/{asked.pk}">another comparison on these data</a> was signed' in page
    assert "another comparison on these data" not in page_of(client, asked)


def test_a_role_that_may_look_but_not_sign_sees_no_form(client, comparison, monkeypatch):
    from clinic.access import roles

    reading = roles.GRANTS[Role.CLINICIAN] - {roles.Permission.COMPARISON_SIGN}
    monkeypatch.setitem(roles.GRANTS, Role.CLINICIAN, reading)
    page = page_of(client, comparison)
    assert "Your role may read a comparison, not sign it." in page
    assert 'type="radio"' not in page


def test_a_level_that_was_left_out_is_drawn_hollow_and_named(client, patient):
    from twins.samples.course import Finding, FindingCode

    rows.twin(patient.subject)
    sample = patient.subject.samples.filter(channel="vancomycin").first()
    left_out = Finding(FindingCode.EXCLUDED_BY_USER, "Left out: drawn from the line", 23.5, sample.reference)
    version = patient.subject.twin_versions.get()
    course = case.course(levels=0, findings=(left_out,))
    _, comparison = rows.twin(patient.subject, course=course, parent=version, with_records=False)
    page = page_of(client, comparison)
    assert "level left out" in page
    assert '<span class="badge ">left out</span>' in page


def test_the_read_is_recorded_with_exactly_what_was_shown(client, patient, comparison):
    page_of(client, comparison)
    client.get(f"/comparisons/{comparison.pk}/note")
    for activity in ("page.comparison", "page.comparison-note"):
        event = AuditEvent.objects.get(activity=activity)
        assert (event.subject_key, event.entity_type) == (str(patient.pk), "Comparison")
        assert (event.entity_id, event.entity_version) == (str(comparison.pk), comparison.digest)


def test_the_number_of_queries_is_bounded(client, comparison):
    with CaptureQueriesContext(connection) as found:
        page_of(client, comparison)
    assert len(found) <= 25


def test_a_fit_that_failed_says_so_in_words_where_an_old_comparison_of_it_is_shown(client, patient):
    fit = case.fit(outcome=FitOutcome.NOT_CONVERGED, reason="No mode was found.")
    page = page_of(client, rows.twin(patient.subject, fit=fit)[1])
    assert "fit failed" in page
    assert "do not rely on this twin" in page


def test_the_second_model_is_heard_where_it_was_fitted_to_the_same_data(client, patient, comparison):
    assert "Second opinion" not in page_of(client, comparison)
    course = course_of(comparison.twin_version)
    other = replace(case.fit(), model_id="vancomycin-thomson-2009")
    rows.twin(patient.subject, course=course, fit=other, compared=False, with_records=False)
    page = page_of(client, comparison)
    assert "Second opinion: Thomson 2009" in page
    assert re.search(r"Median AUC24 at steady state on the current plan \d+ mg·h/L \(90 % \d+–\d+\) against \d+", page)
