"""After a drug is followed by other models the twins of everybody who is on it are made by those."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories.chart import Chart
from tests.factories.followed import chosen
from tests.factories.learned import learn
from twins.jobs import learn as learning
from twins.jobs import models_change, sweep, update
from twins.jobs.models_change import on_drug, progress, request_models_change
from twins.jobs.update import request_update
from twins.pharmacology.covariates import CovariateError
from twins.records.courses import EPISODE_GAP
from twins.records.models import Comparison, GivenDose, Job, JobKind, JobState, Order, StoredSample, TwinVersion
from twins.records.replay import Agreement, replay
from twins.records.twins import latest
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db
GOTI, THOMSON = "vancomycin-goti-2018", "vancomycin-thomson-2009"


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models whose kernels were compiled, which takes long and is tested elsewhere."""
    seen: list[str] = []
    monkeypatch.setattr(models_change, "rehearse", lambda model, _drug: seen.append(model.id))
    return seen


def asked(drug: str = "vancomycin") -> Job:
    job = request_models_change(drug, asked_by="user-1")
    models_change.run(str(job.pk))
    job.refresh_from_db()
    return job


def on(drug: str = "vancomycin", hours_ago: float = 5.0) -> Chart:
    """Somebody who was given one dose of the drug."""
    chart = Chart.of()
    at = timezone.now() - timedelta(hours=hours_ago)
    GivenDose.objects.create(
        subject=chart.subject, drug=drug, amount_mg=1000.0, duration_h=1.0, event_time=at, received_time=at,
        source_key=f"test/MedicationAdministration/{chart.subject.pk}", source_version="1",
    )  # fmt: skip
    return chart


def updates() -> set[str]:
    found = Job.objects.filter(kind=JobKind.TWIN_UPDATE)
    return {job.parameters["subject"] for job in found if job.parameters["drug"] == "vancomycin"}


def test_an_update_is_asked_for_of_each_subject_who_is_on_the_drug(rehearsed: list[str]) -> None:
    first, second = on(), on()
    on("gentamicin")
    Chart.of()
    job = asked()
    assert updates() == {str(first.subject.pk), str(second.subject.pk)}
    assert (job.state, job.done, job.total, job.result) == (JobState.DONE, 2, 2, {"subjects": 2})
    assert {update.asked_by for update in Job.objects.filter(kind=JobKind.TWIN_UPDATE)} == {"system"}
    assert rehearsed == [], "the updates compile what they need"


def test_where_nobody_is_on_the_drug_its_models_are_compiled_for_the_first_who_will_be(rehearsed: list[str]) -> None:
    on("gentamicin")
    assert asked().result == {"subjects": 0}
    assert rehearsed == [GOTI, THOMSON]


def test_who_has_only_an_order_or_a_level_is_on_it_and_who_had_it_long_ago_is_not() -> None:
    now = timezone.now()
    ordered, measured, long_ago = Chart.of(), Chart.of(), on(hours_ago=EPISODE_GAP.total_seconds() / 3600 + 1)
    about = {"received_time": now, "source_version": "1"}
    Order.objects.create(
        subject=ordered.subject, drug="vancomycin", amount_mg=1000.0, interval_h=12.0, duration_h=1.0,
        event_time=now - timedelta(days=30), end_time=now, source_key="test/MedicationRequest/1", **about,
    )  # fmt: skip
    StoredSample.objects.create(
        subject=measured.subject, channel=Channel.VANCOMYCIN, value=12.0, event_time=now,
        source_key="test/Observation/1", **about,
    )  # fmt: skip
    found = on_drug("vancomycin", now)
    assert set(found) == {ordered.subject.pk, measured.subject.pk}
    assert long_ago.subject.pk not in found
    assert on_drug("meropenem", now) == [], "of which no level is taken in"


def test_many_are_asked_for_some_at_a_time(rehearsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_change, "_AT_ONCE", 2)
    for _ in range(5):
        on()
    job = asked()
    assert (job.done, len(updates())) == (5, 5)


def test_of_a_drug_that_is_followed_no_longer_nothing_is_asked(rehearsed: list[str]) -> None:
    on()
    chosen("vancomycin")
    job = asked()
    assert (job.state, updates(), rehearsed) == (JobState.DONE, set(), [])


def test_a_model_that_cannot_be_rehearsed_keeps_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> None:
        raise CovariateError("nobody")

    monkeypatch.setattr(models_change, "rehearse", nobody)
    assert asked().state == JobState.DONE


def test_the_progress_counts_who_has_the_new_twins(rehearsed: list[str]) -> None:
    assert progress("vancomycin") is None
    on(), on(), on()
    job = request_models_change("vancomycin", asked_by="user-1")
    begun = progress("vancomycin")
    assert begun is not None
    assert (begun.open, begun.asking) == (True, True)
    models_change.run(str(job.pk))
    waiting = progress("vancomycin")
    assert (waiting.subjects, waiting.done, waiting.waiting, waiting.open) == (3, 0, 3, True)
    one, two, _ = Job.objects.filter(kind=JobKind.TWIN_UPDATE)
    Job.objects.filter(pk=one.pk).update(state=JobState.DONE)
    Job.objects.filter(pk=two.pk).update(state=JobState.FAILED)
    later = progress("vancomycin")
    assert (later.done, later.waiting, later.failed, later.open) == (2, 1, 1, True)
    Job.objects.filter(kind=JobKind.TWIN_UPDATE).update(state=JobState.DONE)
    assert not progress("vancomycin").open
    assert progress("gentamicin") is None


def test_a_lost_message_is_sent_again_by_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    job = request_models_change("vancomycin", asked_by="user-1")
    Job.objects.filter(pk=job.pk).update(enqueued_at=timezone.now() - timedelta(hours=1))
    sent: list[Job] = []
    monkeypatch.setattr(sweep, "send", lambda one: sent.append(one) or True)
    assert sweep.sweep() == 1
    assert sent == [job]


def test_the_first_model_of_today_makes_the_comparison_of_a_twin_that_it_made_when_it_was_second() -> None:
    chart = Chart.of().stable()
    learn(chart.subject)
    second = latest(chart.subject, "vancomycin", THOMSON)
    chosen("vancomycin", THOMSON, GOTI)
    learn(chart.subject)
    assert TwinVersion.objects.count() == 2, "their data are the same"
    made = Comparison.objects.get(twin_version=second)
    assert made.is_default
    assert replay(made).agreement is Agreement.BIT_EQUAL
    learn(chart.subject)
    assert Comparison.objects.count() == 2


def test_another_model_makes_its_twin_and_comparison_and_those_of_the_one_before_stay() -> None:
    chart = Chart.of().stable()
    learn(chart.subject)
    before = Comparison.objects.get()
    chosen("vancomycin", "vancomycin-buelga-2005")
    learn(chart.subject)
    version = latest(chart.subject, "vancomycin")
    assert (version.model_id, version.number) == ("vancomycin-buelga-2005", 1)
    assert Comparison.objects.filter(is_default=True).count() == 2
    chart.level(47.5, 15.0)
    learn(chart.subject)
    assert latest(chart.subject, "vancomycin").number == 2
    assert latest(chart.subject, "vancomycin", GOTI).number == 1, "it learns nothing any more"
    assert replay(before).agreement is Agreement.BIT_EQUAL


def test_a_drug_that_is_stopped_learns_nothing_and_what_was_computed_can_be_computed_again() -> None:
    chart = Chart.of().stable()
    learn(chart.subject)
    before = Comparison.objects.get()
    job = request_update(chart.subject, "vancomycin")
    chosen("vancomycin")
    chart.level(47.5, 15.0)
    learn(chart.subject)
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"versions": []})
    assert replay(before).agreement is Agreement.BIT_EQUAL
    chosen("vancomycin", GOTI)
    learn(chart.subject)
    assert latest(chart.subject, "vancomycin", GOTI).number == 2


def test_models_that_change_while_a_twin_is_computed_are_those_it_is_stored_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chart = Chart.of().stable()
    individual = learning.individual
    late = iter([lambda: chosen("vancomycin", THOMSON)])

    def interrupted(*given: object, **options: object) -> object:
        next(late, lambda: None)()
        return individual(*given, **options)

    monkeypatch.setattr(learning, "individual", interrupted)
    update.run(str(request_update(chart.subject, "vancomycin").pk))
    assert [version.model_id for version in TwinVersion.objects.all()] == [THOMSON]
    assert Comparison.objects.get().twin_version.model_id == THOMSON
