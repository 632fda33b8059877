"""A drug that is followed no longer, or by other models: what was computed can be read, nothing is decided on it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.actor import actor_of
from clinic.decisions.anew import ask_anew
from clinic.decisions.models import Decision
from clinic.decisions.refusal import StaleComparisonError
from tests.clinic.decisions.conftest import PASSWORD, agreed, amended, declined, refused, signed
from tests.factories import fits
from tests.factories import patient_records as rows
from tests.factories.followed import chosen
from twins.records.models import Job

pytestmark = pytest.mark.django_db
GOTI, THOMSON = "vancomycin-goti-2018", "vancomycin-thomson-2009"
STOPPED = "Vancomycin is not followed here any more"
REPLACED = "Vancomycin is not followed by Goti 2018 here any more"


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize(("models", "why"), [((), STOPPED), ((THOMSON,), REPLACED)], ids=["stopped", "other models"])
class TestFollowedNoLonger:
    def test_nothing_is_signed_or_declined(self, comparison, user, models, why):
        chosen("vancomycin", *models)
        for decide in (signed, declined):
            with pytest.raises(StaleComparisonError, match=f"{why}. Nothing was decided"):
                decide(comparison, user)
        assert not Decision.objects.exists()

    def test_the_comparison_can_be_read_and_says_why_it_cannot_be_signed(self, client, comparison, user, models, why):
        chosen("vancomycin", *models)
        client.force_login(user)
        shown = page(client, f"/comparisons/{comparison.pk}")
        assert f"<strong>Out of date:</strong> {why}. This comparison can be read, not signed." in shown
        assert "Sign the chosen plan" not in shown
        assert f"OUT OF DATE: {why}." in client.get(f"/comparisons/{comparison.pk}/note").content.decode()
        data = {"plan": "1", "reason": "x", "digest": comparison.digest, "again": PASSWORD}
        answer = client.post(f"/comparisons/{comparison.pk}/sign", data)
        assert (answer.status_code, Decision.objects.count()) == (409, 0)
        assert why in answer.content.decode()

    def test_what_was_signed_stays_and_can_be_withdrawn(self, client, comparison, user, models, why):
        first = signed(comparison, user)
        chosen("vancomycin", *models)
        with pytest.raises(StaleComparisonError):
            amended(first, user, 2)
        with pytest.raises(StaleComparisonError, match=why):
            ask_anew(decision=first, by=user, actor=actor_of(user))
        assert not Job.objects.exists()
        client.force_login(user)
        assert "<strong>Plan B is signed</strong>" in page(client, f"/comparisons/{comparison.pk}")
        amended(first, user, None)
        assert Decision.objects.count() == 2

    def test_a_second_signature_is_refused_and_not_given(self, comparison, user, other, high_alert, models, why):
        first = signed(comparison, user)
        chosen("vancomycin", *models)
        with pytest.raises(StaleComparisonError, match=why):
            agreed(first, other)
        refused(first, other)

    def test_the_patients_page_shows_the_twin_as_it_was_and_that_it_learns_nothing(
        self, client, comparison, patient, user, models, why
    ):
        chosen("vancomycin", *models)
        client.force_login(user)
        shown = page(client, f"/patients/{patient.pk}")
        assert f"<strong>{why}.</strong> The twin is shown as it was last computed" in shown
        assert f'href="/comparisons/{comparison.pk}"' in shown
        assert "Ask for other plans" not in shown
        assert "Goti 2018" in shown


def test_the_worklist_lists_no_patient_for_a_drug_that_is_stopped(client, comparison, user):
    client.force_login(user)
    assert "1 patient of your care teams on a drug followed here" in page(client, "/")
    chosen("vancomycin")
    assert "Compare plans of" not in page(client, "/")


def test_where_no_twin_was_made_before_the_drug_was_stopped_none_is_promised(client, patient, user):
    rows.records_of(patient.subject, rows.recent_course())
    chosen("vancomycin")
    client.force_login(user)
    shown = page(client, f"/patients/{patient.pk}")
    assert "No twin of Vancomycin is kept: it was not chosen here." in shown
    assert "No twin yet." not in shown


def test_plans_of_a_drug_that_is_stopped_are_not_asked_for_by_its_address(client, comparison, patient, user):
    chosen("vancomycin")
    client.force_login(user)
    address = f"/patients/{patient.pk}/compare?drug=vancomycin"
    assert "No twin of Vancomycin is kept: it was not chosen here." in page(client, address)
    assert client.post(address, {"drug": "vancomycin", "plan1-amount_mg": "750"}).status_code == 409


def test_the_page_goes_over_to_the_twin_of_the_new_first_model_once_that_is_made(client, comparison, patient, user):
    chosen("vancomycin", THOMSON)
    course = rows.recent_course()
    rows.twin(patient.subject, course=course, fit=fits.individual(course, THOMSON), with_records=False)
    client.force_login(user)
    shown = page(client, f"/patients/{patient.pk}")
    assert "any more" not in shown
    assert "Thomson 2009" in shown


def test_an_open_form_of_plans_is_not_saved_on_another_models_twin_unseen(client, patient, user):
    client.force_login(user)
    course = rows.recent_course()
    for model_id in (GOTI, THOMSON):
        fit = fits.individual(course, model_id)
        rows.twin(patient.subject, course=course, fit=fit, compared=False, with_records=model_id == GOTI)
    address = f"/patients/{patient.pk}/compare"
    assert f'<input type="hidden" name="by" value="{GOTI}">' in page(client, address)
    chosen("vancomycin", THOMSON, GOTI)
    plan = {"plan1-amount_mg": "750", "plan1-interval_h": "12", "plan1-duration_h": "1", "seen": "1"}
    answer = client.post(address, plan | {"by": GOTI})
    assert answer.status_code == 409
    assert "followed by another model, Thomson 2009" in answer.content.decode()
    assert not Job.objects.exists()


def test_what_is_followed_is_read_once_by_each_page_however_often_it_changed(client, patient, user):
    client.force_login(user)
    course = rows.recent_course()
    _, comparison = rows.twin(patient.subject, course=course, fit=fits.individual(course))
    addresses = ("/", f"/patients/{patient.pk}", f"/patients/{patient.pk}/compare", f"/comparisons/{comparison.pk}")

    def reads(address):
        with CaptureQueriesContext(connection) as asked:
            page(client, address)
        return sum("records_followedversion" in query["sql"] for query in asked), len(asked)

    before = [reads(address) for address in addresses]
    assert [count for count, _ in before] == [1, 1, 1, 1]
    chosen("vancomycin", THOMSON, GOTI)
    chosen("vancomycin", GOTI, THOMSON)
    chosen("gentamicin")
    for (count, every), address in zip(before, addresses, strict=True):
        now = reads(address)
        assert now[0] == count, address
        assert now[1] <= every, address
