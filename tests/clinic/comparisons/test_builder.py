"""The builder answers at once for plans that are entered, stores nothing of it, and is shared by its address."""

import re
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access import pace
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.comparisons.entered import ROWS, Entered, Models
from tests.factories import fits
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.forecasts.compare import compare
from twins.jobs.update import request_update
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
from twins.records.models import Comparison, Job, TwinVersion
from twins.records.store import store_comparison, store_version

pytestmark = pytest.mark.django_db

GOTI, THOMSON = "vancomycin-goti-2018", "vancomycin-thomson-2009"
ENTERED = {
    "plan1-amount_mg": "750",
    "plan1-interval_h": "12",
    "plan1-duration_h": "1",
    "plan1-start": "2026-11-22T20:00",  # 60 h after the course's start
}
FIELDS = {"interval_h": "24", "duration_h": "2", "start": "2026-11-22T20:00"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


@pytest.fixture
def patient(clinician):
    found = rows.patient()
    rows.twin(found.subject, fit=fits.individual(case.course()), compared=False, with_records=False)
    return found


def preview(client, patient, headers=HTMX, **changes):
    return client.get(f"/patients/{patient.pk}/compare/preview", ENTERED | changes, headers=headers)


def second_twin(patient):
    """Thomson's twin of the same data."""
    course = case.course()
    return store_version(
        subject=patient.subject, course=course, fit=fits.individual(course, THOMSON), parent=None, asked_by="system"
    )


def test_what_is_shown_at_once_is_what_the_comparison_would_say_and_nothing_of_it_is_stored(client, patient):
    page = preview(client, patient).content.decode()
    course = case.course()
    plans = [Plan("Current", Regimen(1000.0, 12.0, 1.0, 60.0)), Plan("Asked 1", Regimen(750.0, 12.0, 1.0, 60.0))]
    kept = compare(
        formulary.model(GOTI), course, fits.individual(course), plans, target=formulary.drug("vancomycin").target
    )
    for forecast in kept.forecasts:
        assert forecast.sentence in page
    assert f"{kept.forecasts[1].days[1].trough.q50:.1f}" in page
    assert page.count("<svg") == 4  # a chart for wide screens, one for narrow ones, and a bar a plan
    assert not Comparison.objects.exists()
    assert not Job.objects.exists()


def test_each_answer_is_on_record_as_a_read_of_that_twin_version_without_a_word_of_the_plans(client, patient):
    preview(client, patient)
    version = TwinVersion.objects.get()
    event = AuditEvent.objects.get(activity="page.comparison-preview")
    assert (event.action, event.subject_key) == ("R", str(patient.pk))
    assert (event.entity_type, event.entity_id, event.entity_version) == (
        "TwinVersion",
        str(version.pk),
        version.digest,
    )
    assert event.detail == {"method": "GET", "status": 200}


def test_the_address_opens_the_same_plans_for_a_colleague_and_for_nobody_else(client, patient):
    address = preview(client, patient, stop="1").headers["HX-Replace-Url"]
    assert urlsplit(address).path == f"/patients/{patient.pk}/compare"
    sentences = re.findall(r"<br>(\d+ % chance of an AUC24[^<]*)", preview(client, patient, stop="1").content.decode())
    client.force_login(rows.person("colleague", Role.PHARMACIST))
    page = client.get(address).content.decode()
    assert 'name="plan1-amount_mg" type="number" min="0" step="250.0" inputmode="decimal" value="750"' in page
    assert len(sentences) == 3
    assert all(sentence in page for sentence in sentences)
    for where in (address, address.replace("/compare?", "/compare/preview?")):
        client.force_login(rows.person(f"vic{len(where)}", team="Ward 9"))
        assert client.get(where, headers=HTMX).status_code == 403
        client.force_login(rows.person(f"audie{len(where)}", Role.AUDITOR))
        assert client.get(where, headers=HTMX).status_code == 403
        client.logout()
        assert client.get(where).status_code == 401


def test_who_opens_the_fragment_alone_is_led_to_the_page(client, patient):
    answer = preview(client, patient, headers={})
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["plan1-amount_mg"] == ["750"]


def test_a_plan_that_is_half_typed_says_what_is_missing_beside_those_that_are_whole(client, patient):
    page = preview(client, patient, **{"plan2-amount_mg": "500", "plan2-interval_h": "8"}).content.decode()
    assert '<a href="#id_plan2-duration_h">Plan 2, Infused over, h</a>: Give the length' in page
    assert "plan 1 of the form" in page
    assert "plan 2 of the form" not in page


def test_the_current_plan_is_taken_into_a_row_and_shown_once_until_it_is_changed(client, patient):
    address = client.post(f"/patients/{patient.pk}/compare", {"do": "take-current"}).headers["Location"]
    taken = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (taken["plan1-amount_mg"], taken["plan1-interval_h"], taken["plan1-duration_h"]) == ("1000", "12", "1")
    assert "Plan 1 of the form says what another plan says" in client.get(address).content.decode()
    changed = preview(client, patient, **taken | {"plan1-amount_mg": "500"}).content.decode()
    assert "says what another plan says" not in changed
    assert "plan 1 of the form" in changed


def test_several_models_answer_apart_or_averaged_with_their_weights_and_each_is_on_record(client, patient):
    second = second_twin(patient)
    apart = preview(client, patient, models="apart").content.decode()
    assert "Goti 2018" in apart
    assert "Thomson 2009" in apart
    weights = [int(found) for found in re.findall(r"weight (\d+) %", apart)]
    assert sum(weights) == pytest.approx(100, abs=1)
    averaged = preview(client, patient, models="averaged").content.decode()
    assert "All models, averaged" in averaged
    assert f"{weights[0]} %" in re.search(r"Weights by marginal likelihood[^<]*", averaged)[0]
    read = AuditEvent.objects.filter(activity="page.comparison-preview", entity_id=str(second.pk))
    assert read.count() == 2


def test_a_drug_with_one_twin_says_that_it_answers_alone(client, patient):
    assert (
        "No other model of this drug has a twin of these data"
        in preview(client, patient, models="averaged").content.decode()
    )


def test_the_chosen_plan_tells_what_moves_its_answer(client, patient):
    page = preview(client, patient, why="1").content.decode()
    told = page[page.index("Sensitivity of plan B") :]
    assert "What moves the answer for plan B most" in told
    assert "Serum creatinine" in told
    assert "20 % higher" in told
    assert "Level of 17.8 mg/L at 22 Nov 07:00" in told
    assert "Sensitivity" not in preview(client, patient).content.decode()


def test_the_proposals_say_what_bound_them_and_one_becomes_a_row_that_can_be_computed(client, patient):
    page = client.get(f"/patients/{patient.pk}/compare").content.decode()
    proposed = page[page.index("What the search proposes") :]
    assert "the upper end of the target, 600" in proposed
    answer = client.post(f"/patients/{patient.pk}/compare", {"do": "take-p1"})
    filled = client.get(answer.headers["Location"]).content.decode()
    assert "plan 1 of the form" in filled
    assert "Not computed yet" not in filled


def test_without_scripts_the_button_leads_to_the_address_of_what_was_entered(client, patient):
    answer = client.post(f"/patients/{patient.pk}/compare", ENTERED | {"do": "compute", "csrfmiddlewaretoken": "x"})
    assert answer.status_code == 302
    assert "csrf" not in answer.headers["Location"]
    assert "plan 1 of the form" in client.get(answer.headers["Location"]).content.decode()
    assert not Job.objects.exists()


def test_the_plans_of_a_comparison_are_opened_again_to_change_them(client, patient):
    version, course = TwinVersion.objects.get(), case.course()
    plans = (*case.plans()[:2], Plan("Stop", None))
    kept = store_comparison(version=version, plans=plans, result=case.result(course, plans), asked_by="user-1")
    page = client.get(f"/comparisons/{kept.pk}").content.decode()
    address = unescape(re.search(r'href="([^"]+)">Change these plans', page)[1])
    opened = client.get(address).content.decode()
    assert parse_qs(urlsplit(address).query)["plan1-amount_mg"] == ["1250"]
    assert "1250 mg over 1.5 h every 12 h" in opened
    assert "the choice to stop" in opened


def test_more_plans_take_no_more_queries(client, patient, django_assert_num_queries):
    preview(client, patient)
    with CaptureQueriesContext(connection) as one:
        preview(client, patient)
    more = {
        f"plan{k}-{field}": text
        for k in (2, 3, 4)
        for field, text in {"amount_mg": str(250 * (k + 1)), **FIELDS}.items()
    }
    with django_assert_num_queries(len(one)):
        page = preview(client, patient, **more, stop="1").content.decode()
    assert "plan 4 of the form" in page


def test_one_who_has_too_many_computed_waits_and_others_do_not(client, patient, monkeypatch):
    monkeypatch.setattr("clinic.comparisons.ask_views.PREVIEWS", replace(pace.PREVIEWS, most=2))
    assert [preview(client, patient).status_code for _ in range(3)] == [200, 200, 429]
    refused = preview(client, patient)
    assert refused.headers["Retry-After"] == "60"
    assert "chance of an AUC24" not in refused.content.decode()
    assert client.get(f"/patients/{patient.pk}/compare").status_code == 429
    client.force_login(rows.person("colleague"))
    assert preview(client, patient).status_code == 200


def test_a_twin_that_cannot_forecast_any_more_makes_the_open_page_say_so(client, clinician):
    patient = rows.patient()
    rows.twin(patient.subject, fit=replace(case.fit(), model_version="0"), compared=False, with_records=False)
    assert preview(client, patient).headers["HX-Refresh"] == "true"
    assert "it is made again with the patient" in client.get(f"/patients/{patient.pk}/compare").content.decode()


def test_new_data_under_an_open_page_are_said_and_nothing_is_kept_on_them_unseen(client, patient):
    first, course = TwinVersion.objects.get(), case.course(levels=3)
    assert "New data came in" not in preview(client, patient, seen="1").content.decode()
    rows.twin(
        patient.subject, course=course, fit=fits.individual(course), parent=first, compared=False, with_records=False
    )
    answer = preview(client, patient, seen="1")
    assert "the twin is version 2 now" in answer.content.decode()
    assert "seen" not in answer.headers["HX-Replace-Url"]
    kept = client.post(f"/patients/{patient.pk}/compare", ENTERED | {"seen": "1"})
    assert kept.status_code == 409
    assert "look again, then save" in kept.content.decode()
    assert not Job.objects.exists()
    assert client.post(f"/patients/{patient.pk}/compare", ENTERED | {"seen": "2"}).status_code == 302


def test_old_data_and_data_on_their_way_are_said(client, patient):
    page = client.get(f"/patients/{patient.pk}/compare").content.decode()
    assert "The newest data are from" in page
    assert "being worked into the twin" not in page
    request_update(patient.subject, "vancomycin")
    assert "being worked into the twin" in client.get(f"/patients/{patient.pk}/compare").content.decode()


def test_without_a_level_the_population_answers_and_the_page_says_so(client, clinician):
    patient, course = rows.patient(), case.course(levels=0)
    rows.twin(patient.subject, course=course, fit=fits.individual(course), compared=False, with_records=False)
    page = client.get(f"/patients/{patient.pk}/compare").content.decode()
    assert "No level yet." in page
    assert "chance of an AUC24" in page


def test_the_buttons_add_copy_and_remove_rows_up_to_what_a_chart_can_tell_apart():
    one = Entered(({"amount_mg": "750", "start": "2026-11-22T20:00"},), why="1")
    added = one.after("add", given={})
    assert added.rows[1] == {"start": "2026-11-22T20:00"}
    copied = one.after("copy-1", given={})
    assert copied.rows[1] == copied.rows[0]
    assert copied.after("drop-1", given={}) == Entered(copied.rows[:1])
    full = Entered(tuple({"amount_mg": str(k)} for k in range(ROWS)))
    for button in ("add", "copy-1", "take-p1", "drop-9", "copy-x", "nonsense"):
        assert full.after(button, given={"p1": {"amount_mg": "9"}}) == full
    assert Entered(({"start": "x"},)).after("take-p1", given={"p1": {"amount_mg": "9"}}).rows == ({"amount_mg": "9"},)


def test_an_address_that_nobody_made_is_read_as_far_as_it_makes_sense(rf):
    data = rf.get("/", {"models": "all", "why": "<b>", "plan9-amount_mg": "1", "plan3-amount_mg": "5" * 99}).GET
    entered = Entered.of(data)
    assert (entered.models, entered.why) == (Models.FIRST, "")
    assert [row["amount_mg"] for row in entered.rows] == ["5" * 40]


def test_a_level_that_contradicts_the_model_is_said_before_anything_is_computed(client, clinician):
    fit = fits.individual(case.course())
    far = replace(fit, residuals=(*fit.residuals[:-1], replace(fit.residuals[-1], weighted_residual=-12.4)))
    other = rows.patient("Meier", "Eva")
    rows.twin(other.subject, fit=far, compared=False, with_records=False)
    page = client.get(f"/patients/{other.pk}/compare").content.decode()
    told = page.index("<strong>The level does not fit the model.</strong> Check the level, its time and the doses")
    assert told < page.index("lies 12.4 standard deviations below the fit") < page.index("Plan A is always")
