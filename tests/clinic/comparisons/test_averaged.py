"""A comparison by all models averaged is asked for, shown with weights and cards, signed, and looked at anew."""

from typing import Any

import pytest
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.audit.models import AuditEvent
from clinic.decisions import sign
from clinic.decisions.anew import ask_anew
from clinic.decisions.expiry import Expiry
from tests.factories import fits
from tests.factories import patient_records as rows
from twins.forecasts.averaged import Averaged
from twins.jobs import comparison as comparison_job
from twins.pharmacology import formulary
from twins.quantities.clock import moment_at
from twins.records.followed import model_ids
from twins.records.models import Comparison, Job
from twins.records.replay import Agreement, replay
from twins.records.store import store_version
from twins.records.twins import result_of
from twins.samples.course import Course

pytestmark = pytest.mark.django_db


def with_twins(patient: Any, course: Course, parents: dict[str, Any] | None = None) -> dict[str, Any]:
    """A real twin of each model of the drug, on the same course."""
    from twins.estimation.individualise import individualise, seed_for

    made = {}
    if parents is None:
        rows.records_of(patient.subject, course)
    for model_id in model_ids("vancomycin"):
        fit = individualise(formulary.model(model_id), course, seed=seed_for(course.digest(), model_id), draws=200)
        parent = (parents or {}).get(model_id)
        made[model_id] = store_version(
            subject=patient.subject, course=course, fit=fit, parent=parent, asked_by="system"
        )
    return made


@pytest.fixture
def mira(client: Any) -> Any:
    user = rows.person()
    client.force_login(user)
    return user


@pytest.fixture
def patient(mira: Any) -> Any:
    return rows.patient()


@pytest.fixture
def twins(patient: Any) -> dict[str, Any]:
    return with_twins(patient, rows.recent_course())


def asked(client: Any, patient: Any, course: Course, models: str = "averaged") -> Comparison:
    start = timezone.localtime(moment_at(course.start, 60.0)).strftime("%Y-%m-%dT%H:%M")
    data = {"amount_mg": "1250", "interval_h": "12", "duration_h": "1.5", "start": start}
    answer = client.post(
        f"/patients/{patient.pk}/compare", {f"plan1-{name}": value for name, value in data.items()} | {"models": models}
    )
    assert answer.status_code == 302, answer.content.decode()
    job = Job.objects.get(kind="comparison", state="queued")
    comparison_job.run(str(job.pk))
    job.refresh_from_db()
    return Comparison.objects.get(pk=job.result["comparison"])


def test_it_is_asked_for_stored_shown_and_signed(client: Any, mira: Any, patient: Any, twins: dict[str, Any]) -> None:
    comparison = asked(client, patient, rows.recent_course())
    found = Averaged.of(result_of(comparison))
    assert found is not None
    assert AuditEvent.objects.get(activity="comparison.ask").detail["models"] == list(model_ids("vancomycin"))

    page = client.get(f"/comparisons/{comparison.pk}").content.decode()
    for share in found.shares:
        model = formulary.model(share.model_id)
        assert model.title in page
        assert model.citation.doi in page, "the card of each model is on the page"
        assert f'digest <span class="mono">{share.twin[:12]}' in page
    assert f"Seed of the average: {found.seed}" in page
    assert "models=averaged" in page, "changing these plans goes on with the averaged models"
    note = client.get(f"/comparisons/{comparison.pk}/note").content.decode()
    assert "Several models answer together: " in note

    decision = sign.sign(
        comparison=comparison, plan_position=1, reason="Below the target.", by=mira, actor=actor_of(mira)
    )
    assert decision.comparison_digest == comparison.digest
    assert replay(comparison).agreement is Agreement.BIT_EQUAL


def test_where_no_other_model_has_a_twin_the_first_answers_alone(client: Any, patient: Any) -> None:
    rows.twin(patient.subject, course=rows.recent_course(), fit=fits.individual(rows.recent_course()))
    comparison = asked(client, patient, rows.recent_course())
    assert "averaged" not in comparison.result
    assert "Several models answer together" not in client.get(f"/comparisons/{comparison.pk}").content.decode()


def test_newer_data_are_held_against_the_same_models_together(
    client: Any, mira: Any, patient: Any, twins: dict[str, Any]
) -> None:
    comparison = asked(client, patient, rows.recent_course())
    decision = sign.sign(comparison=comparison, plan_position=1, reason="So.", by=mira, actor=actor_of(mira))
    with_twins(patient, rows.recent_course(levels=3), parents=twins)
    expiry = Expiry.of(comparison, 1)
    assert expiry is not None
    assert expiry.now is None
    job = ask_anew(decision=decision, by=mira, actor=actor_of(mira))
    comparison_job.run(str(job.pk))
    job.refresh_from_db()
    again = Comparison.objects.get(pk=job.result["comparison"])
    assert Averaged.of(result_of(again)) is not None
    now = Expiry.of(comparison, 1)
    assert now is not None
    assert now.now is not None
    assert now.now.comparison == again.pk
