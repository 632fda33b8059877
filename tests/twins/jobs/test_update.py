"""The twin learns from new data, once, whatever is asked how often."""

from datetime import timedelta

import pytest

from tests.factories.chart import START, Chart
from twins.jobs import learn, update
from twins.jobs.update import request_update
from twins.records.courses import build_course
from twins.records.models import Comparison, Job, JobState, TwinVersion
from twins.records.signals import comparison_made, twin_updated
from twins.records.store import comparison_digest, fit_digest
from twins.records.twins import course_of, fit_of, latest, plans_of, result_of

pytestmark = pytest.mark.django_db

GOTI, THOMSON = "vancomycin-goti-2018", "vancomycin-thomson-2009"


def updated(chart: Chart) -> Job:
    job = request_update(chart.subject, "vancomycin")
    update.run(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return job


def test_the_first_update_makes_a_version_of_each_model_and_one_comparison():
    chart = Chart.of().stable()
    job = updated(chart)
    versions = {version.model_id: version for version in TwinVersion.objects.all()}
    assert versions.keys() == {GOTI, THOMSON}
    assert {version.number for version in versions.values()} == {1}
    assert versions[GOTI].outcome == "FITTED"
    assert versions[GOTI].data_until == START + timedelta(hours=37)
    assert versions[GOTI].seed != versions[THOMSON].seed
    assert sorted(job.result["versions"]) == sorted(str(version.pk) for version in versions.values())
    comparison = Comparison.objects.get()
    assert str(comparison.pk) == job.result["comparison"]
    assert comparison.twin_version == versions[GOTI]
    assert comparison.is_default
    assert plans_of(comparison)[0].label == "Current"
    assert len(plans_of(comparison)) >= 2
    assert [forecast.plan for forecast in result_of(comparison).forecasts] == list(plans_of(comparison))


def test_what_is_stored_reads_back_as_it_was():
    chart = Chart.of().stable()
    updated(chart)
    version = latest(chart.subject, "vancomycin")
    assert version is not None
    course, fit = course_of(version), fit_of(version)
    assert course == build_course(chart.subject, "vancomycin")
    assert course.digest() == version.course_digest
    assert fit.draws.shape == (1000, 3)
    assert fit_digest(fit) == version.digest
    comparison = Comparison.objects.get()
    assert comparison_digest(plans_of(comparison), result_of(comparison)) == comparison.digest


def test_an_update_without_new_data_stores_nothing():
    chart = Chart.of().stable()
    updated(chart)
    assert updated(chart).result == {"versions": []}
    assert TwinVersion.objects.count() == 2
    assert Comparison.objects.count() == 1


def test_new_data_make_the_next_version_with_its_parent():
    chart = Chart.of().stable()
    updated(chart)
    first = latest(chart.subject, "vancomycin")
    chart.level(47.5, 15.0)
    updated(chart)
    second = latest(chart.subject, "vancomycin")
    assert second is not None
    assert (second.number, second.parent) == (2, first)
    assert second.course_digest != first.course_digest
    assert latest(chart.subject, "vancomycin", THOMSON).number == 2
    assert Comparison.objects.count() == 2


def test_without_a_weight_the_state_and_its_reason_are_stored_and_no_comparison():
    chart = Chart.of()
    chart.dose(0.0)
    chart.level(10.0, 12.0)
    updated(chart)
    version = latest(chart.subject, "vancomycin")
    assert version is not None
    assert version.outcome == "CANNOT"
    assert "body weight" in fit_of(version).reason
    assert Comparison.objects.count() == 0


def test_without_a_level_the_prior_is_compared():
    chart = Chart.of().stable()
    chart.subject.samples.filter(channel="vancomycin").delete()
    updated(chart)
    version = latest(chart.subject, "vancomycin")
    assert version is not None
    assert version.outcome == "PRIOR_ONLY"
    assert Comparison.objects.get().twin_version == version


def test_without_an_order_and_a_second_dose_the_first_plan_is_no_further_doses():
    chart = Chart.of().stable()
    chart.subject.orders.all().delete()
    chart.subject.doses.exclude(event_time=START).delete()
    updated(chart)
    plans = plans_of(Comparison.objects.get())
    assert plans[0].label == "No further doses"
    assert plans[0].regimen is None
    assert len({plan.regimen for plan in plans}) == len(plans) >= 2


def test_a_subject_without_the_drug_is_done_with_nothing():
    assert updated(Chart.of()).result == {"versions": []}


def test_equal_records_give_equal_fits_in_another_subject():
    one, two = Chart.of().stable(), Chart.of()
    two.level(35.5, 14.0, source_key="b/Observation/level-2")
    two.level(23.5, 11.0, source_key="b/Observation/level-1")
    two.sample("creatinine", -2.0, 1.1, source_key="b/Observation/creatinine")
    two.sample("weight", -2.0, 80.0, source_key="b/Observation/weight")
    for number in (2, 0, 3, 1):
        two.dose(12.0 * number, source_key=f"b/MedicationAdministration/{number}")
    two.order(0.0, source_key="b/MedicationRequest/order")
    updated(one)
    updated(two)
    first, second = latest(one.subject, "vancomycin"), latest(two.subject, "vancomycin")
    assert (first.seed, first.digest) == (second.seed, second.digest)
    assert len({comparison.digest for comparison in Comparison.objects.all()}) == 1


def test_data_that_arrive_while_the_fit_runs_are_in_the_stored_version(monkeypatch: pytest.MonkeyPatch):
    chart = Chart.of().stable()
    individual = learn.individual
    late = iter([lambda: chart.level(47.5, 15.0)])

    def interrupted(*args, **options):
        next(late, lambda: None)()
        return individual(*args, **options)

    monkeypatch.setattr(learn, "individual", interrupted)
    updated(chart)
    version = latest(chart.subject, "vancomycin")
    assert version.number == 1
    assert len(course_of(version).levels) == 3


def test_a_listener_that_fails_leaves_nothing_behind():
    chart = Chart.of().stable()

    def refuse(**_):
        raise RuntimeError("the trail cannot be written")

    comparison_made.connect(refuse)
    try:
        job = request_update(chart.subject, "vancomycin")
        with pytest.raises(RuntimeError, match="trail"):
            update.run(str(job.pk))
    finally:
        comparison_made.disconnect(refuse)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "RuntimeError: the trail cannot be written")
    assert TwinVersion.objects.count() == 0


def test_every_stored_version_is_told_to_listeners():
    heard = []

    def listen(*, instance, asked_by, **_):
        heard.append((instance.model_id, asked_by))

    twin_updated.connect(listen)
    try:
        updated(Chart.of().stable())
    finally:
        twin_updated.disconnect(listen)
    assert sorted(heard) == [(GOTI, "system"), (THOMSON, "system")]
