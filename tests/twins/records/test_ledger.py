"""What earlier versions said of a level is entered when the level comes, once, and as they had it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from tests.factories.chart import Chart
from twins.jobs import update
from twins.records.models import LevelForecast, QuestionAction, StoredSample, TwinVersion
from twins.records.twins import latest

pytestmark = pytest.mark.django_db

GOTI = "vancomycin-goti-2018"


def updated(chart: Chart) -> None:
    update.run(str(update.request_update(chart.subject, "vancomycin").pk))


def entries(chart: Chart) -> list[LevelForecast]:
    return list(LevelForecast.objects.filter(subject=chart.subject, model_id=GOTI))


def test_a_level_that_comes_later_is_scored_by_the_version_that_did_not_know_it():
    chart = Chart.of().stable()
    updated(chart)
    assert entries(chart) == []  # nobody had said anything of the first two
    first = latest(chart.subject, "vancomycin")
    chart.dose(48.0)
    late = chart.level(59.5, 15.0, received_time=timezone.now())
    updated(chart)
    (entry,) = entries(chart)
    assert (entry.version, entry.source_key, entry.measured) == (first, late.source_key, 15.0)
    assert entry.event_time == late.event_time
    assert entry.q05 < entry.q25 < entry.q50 < entry.q75 < entry.q95
    # the dose that was given after the version was made is counted: without it 12 h later there were much less
    assert entry.q50 > 8.0
    assert LevelForecast.objects.filter(subject=chart.subject).count() == 2  # each model has its own
    updated(chart)
    assert len(entries(chart)) == 1


def test_a_level_received_before_any_version_was_made_has_no_entry():
    chart = Chart.of().stable()
    updated(chart)
    chart.level(59.5, 15.0)  # taken in long before the first version
    updated(chart)
    assert entries(chart) == []


def test_a_corrected_level_is_scored_by_what_was_said_before_it_first_came():
    chart = Chart.of().stable()
    updated(chart)
    first = latest(chart.subject, "vancomycin")
    wrong = chart.level(47.5, 51.0, received_time=timezone.now())
    updated(chart)
    StoredSample.objects.filter(pk=wrong.pk).update(state="superseded")
    chart.level(47.5, 15.0, source_key=wrong.source_key, source_version="2", received_time=timezone.now())
    updated(chart)
    corrected = next(entry for entry in entries(chart) if entry.source_version == "2")
    assert (corrected.version, corrected.measured) == (first, 15.0)
    assert TwinVersion.objects.filter(subject=chart.subject, model_id=GOTI).count() == 3


def test_a_level_taken_at_another_time_and_back_has_one_entry_a_time():
    chart = Chart.of().stable()
    updated(chart)
    level = chart.level(47.5, 15.0, received_time=timezone.now())
    updated(chart)
    question = chart.question(level, QuestionAction.RETIME, 46.5)
    updated(chart)
    question.withdrawn_at, question.withdrawn_by = timezone.now(), "user-1"
    question.save()
    updated(chart)
    assert sorted(entry.event_time for entry in entries(chart)) == [
        level.event_time - timedelta(hours=1),
        level.event_time,
    ]


def test_the_ledger_cannot_be_improved_afterwards():
    chart = Chart.of().stable()
    updated(chart)
    chart.level(47.5, 15.0, received_time=timezone.now())
    updated(chart)
    with pytest.raises(DatabaseError, match="append-only"):
        LevelForecast.objects.update(q50=15.0)
