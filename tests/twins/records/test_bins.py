"""The database sums samples up the same way on both engines, and never gives back more rows than asked for."""

import statistics
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.chart import START, Chart
from twins.records.bins import bins, extent
from twins.records.models import RecordState, StoredSample
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db

HEART, SPO2 = Channel.HEART_RATE, Channel.OXYGEN_SATURATION


def minutes(chart: Chart, channel: Channel, values: list[float]) -> None:
    """One value a minute from `START` on, as parts of one resource."""
    StoredSample.objects.bulk_create(
        StoredSample(
            subject=chart.subject,
            channel=channel,
            value=value,
            event_time=START + timedelta(minutes=k),
            received_time=START,
            source_key=f"ward/Observation/{channel}",
            source_version="1",
            part=str(k),
        )
        for k, value in enumerate(values)
    )


def test_each_stretch_keeps_its_lowest_median_and_highest_and_when_they_were():
    chart = Chart.of()
    values = [60.0 + (37 * k) % 50 for k in range(120)]
    minutes(chart, HEART, values)
    found = bins(chart.subject, [HEART, SPO2], start=START, end=START + timedelta(hours=2), count=8)
    assert found.keys() == {HEART}
    assert len(found[HEART]) == 8
    for k, one in enumerate(found[HEART]):
        part = values[15 * k : 15 * (k + 1)]
        assert (one.count, one.low, one.high) == (15, min(part), max(part))
        assert one.median == statistics.median_low(part)
        assert one.first == START + timedelta(minutes=15 * k)
        assert one.last == START + timedelta(minutes=15 * k + 14)
        assert one.sample is None


def test_a_single_value_can_be_opened_and_what_is_left_out_or_replaced_or_outside_is_not_there():
    chart = Chart.of()
    kept = chart.sample(HEART, 1.5, 80.0)
    doubted = chart.sample(HEART, 1.6, 200.0)
    chart.sample(HEART, 1.7, 300.0, state=RecordState.SUPERSEDED)
    chart.sample(HEART, 2.0, 90.0)  # the end is not within
    Chart.of().sample(HEART, 1.5, 99.0)  # another patient's
    end = START + timedelta(hours=2)
    (one,) = bins(chart.subject, [HEART], start=START, end=end, count=4, without=[doubted.source_key])[HEART]
    assert (one.count, one.median, one.sample) == (1, 80.0, kept.pk)


def test_ninety_days_cost_one_query_and_no_more_rows_than_asked_for():
    chart = Chart.of()
    minutes(chart, HEART, [80.0] * 3000)
    chart.sample(HEART, 90 * 24.0 - 1, 70.0)
    with CaptureQueriesContext(connection) as queries:
        found = bins(chart.subject, [HEART], start=START, end=START + timedelta(days=90), count=220)
    assert len(queries) == 1
    assert len(found[HEART]) <= 220
    assert sum(one.count for one in found[HEART]) == 3001
    with CaptureQueriesContext(connection) as queries:
        assert extent(chart.subject) == {HEART: (START, START + timedelta(days=90, hours=-1))}
    assert len(queries) == 1
