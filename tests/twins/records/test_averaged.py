"""A comparison that several models answered together is stored with their shares and computed again to the last bit."""

import json

import pytest
from django.db import connection

from tests.factories.chart import Chart
from twins.forecasts.averaged import Averaged
from twins.forecasts.compare import compare
from twins.jobs import comparison as comparison_job
from twins.jobs import update
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
from twins.records.followed import model_ids
from twins.records.house import drug_here
from twins.records.models import Comparison, TwinVersion
from twins.records.replay import Agreement, replay
from twins.records.together import OtherDataError, siblings
from twins.records.twins import course_of, fit_of, latest, plans_of, result_of
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db
PLANS = (Plan("Current", Regimen(1000.0, 12.0, 1.0, 48.0)), Plan("No further doses", None))


@pytest.fixture
def version() -> TwinVersion:
    chart = Chart.of().stable()
    update.run(str(update.request_update(chart.subject, "vancomycin").pk))
    found = latest(chart.subject, "vancomycin")
    assert found is not None
    return found


@pytest.fixture
def averaged(version: TwinVersion) -> Comparison:
    job = comparison_job.request_comparison(version, PLANS, asked_by="user-1", others=siblings(version))
    comparison_job.run(str(job.pk))
    job.refresh_from_db()
    return Comparison.objects.get(pk=job.result["comparison"])


def test_each_model_has_its_weight_and_its_share_of_the_draws(averaged: Comparison, version: TwinVersion) -> None:
    found = Averaged.of(result_of(averaged))
    assert found is not None
    assert [share.model_id for share in found.shares] == list(model_ids("vancomycin"))
    assert found.shares[0].twin == version.digest
    assert sum(share.weight for share in found.shares) == pytest.approx(1.0, abs=1e-12)
    assert sum(share.draws for share in found.shares) == len(fit_of(version).draws)
    for share in found.shares:
        assert share.draws == pytest.approx(share.weight * len(fit_of(version).draws), abs=1.0)


def test_the_answer_lies_between_those_of_its_models(averaged: Comparison, version: TwinVersion) -> None:
    together = result_of(averaged)
    medians = []
    for each in (version, *siblings(version)):
        alone = compare(
            formulary.model(each.model_id), course_of(version), fit_of(each), plans_of(averaged),
            target=drug_here("vancomycin").target, explained=False,
        )  # fmt: skip
        medians.append(alone.forecasts[0].days[1].auc24.q50)
    assert min(medians) <= together.forecasts[0].days[1].auc24.q50 <= max(medians)
    assert min(medians) != max(medians)


def test_it_is_computed_again_bit_for_bit(averaged: Comparison) -> None:
    report = replay(averaged)
    assert report.agreement is Agreement.BIT_EQUAL, report.sentence
    assert report.numbers > 3000


def test_a_changed_weight_is_found_and_named(averaged: Comparison) -> None:
    result = averaged.result
    result["averaged"]["shares"][1]["weight"] += 1e-6
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER records_comparison_no_update")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE records_comparison DISABLE TRIGGER USER")
        cursor.execute("UPDATE records_comparison SET result = %s WHERE asked_by = 'user-1'", [json.dumps(result)])
    averaged.refresh_from_db()
    report = replay(averaged)
    assert report.agreement is Agreement.DIFFERS
    assert report.sentence.startswith("Differs: comparison.averaged.shares[1].weight: stored ")


def test_one_model_alone_is_stored_as_before_and_asked_for_apart(averaged: Comparison, version: TwinVersion) -> None:
    alone = comparison_job.request_comparison(version, PLANS, asked_by="user-1")
    comparison_job.run(str(alone.pk))
    alone.refresh_from_db()
    stored = Comparison.objects.get(pk=alone.result["comparison"])
    assert stored.pk != averaged.pk
    assert "averaged" not in stored.result
    assert replay(stored).agreement is Agreement.BIT_EQUAL


def test_twins_of_other_data_are_not_averaged(version: TwinVersion) -> None:
    other = Chart.of()
    other.order(0.0)
    other.dose(0.0)
    other.sample(Channel.WEIGHT, -2.0, 80.0)
    other.sample(Channel.CREATININE, -2.0, 1.1)
    other.level(11.5, 9.9)
    update.run(str(update.request_update(other.subject, "vancomycin").pk))
    theirs = latest(other.subject, "vancomycin", model_ids("vancomycin")[1])
    assert theirs is not None
    with pytest.raises(OtherDataError, match="other data"):
        comparison_job.request_comparison(version, PLANS, asked_by="user-1", others=[theirs])
