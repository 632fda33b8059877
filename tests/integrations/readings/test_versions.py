"""Corrections supersede, errors are withdrawn, nothing is deleted, and the order of arrival does not matter."""

from itertools import permutations
from typing import Any

import pytest

from integrations.readings.models import QuarantineEntry, Resource
from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import administration, observation, patient, request
from twins.records.models import GivenDose, Job, Order, StoredSample


def _rows(key: str) -> dict[str, tuple[str, float]]:
    rows = StoredSample.objects.filter(source_key=f"ward/Observation/{key}")
    return {row.source_version: (row.state, row.value) for row in rows}


def _current(key: str) -> list[str]:
    found = Resource.objects.filter(source_key=f"ward/Observation/{key}", is_current=True)
    return list(found.values_list("version", flat=True))


def test_a_correction_supersedes_the_first_value(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=51.0))
    take_in(observation(value=15.0, version=2, status="corrected"))
    assert _rows("o1") == {"1": ("superseded", 51.0), "2": ("active", 15.0)}
    assert _current("o1") == ["2"]


def test_an_older_version_that_arrives_late_does_not_win(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=15.0, version=10, status="amended"))
    take_in(observation(value=51.0, version=9))
    assert _rows("o1") == {"9": ("superseded", 51.0), "10": ("active", 15.0)}
    assert _current("o1") == ["10"]


def test_entered_in_error_withdraws_and_keeps(take_in: TakeIn) -> None:
    take_in(patient(), observation(), administration(), request())
    take_in(
        observation(version=2, status="entered-in-error", value=None, at=None),
        administration(version=2, status="entered-in-error"),
        request(version=2, status="entered-in-error"),
    )
    assert _rows("o1") == {"1": ("withdrawn", 15.3)}
    assert GivenDose.objects.get().state == "withdrawn"
    assert Order.objects.get().state == "withdrawn"
    assert Resource.objects.count() == 7


def test_a_cancelled_observation_is_withdrawn(take_in: TakeIn) -> None:
    take_in(patient(), observation())
    take_in(observation(version=2, status="cancelled", value=None))
    assert _rows("o1") == {"1": ("withdrawn", 15.3)}


def test_a_value_that_arrives_after_its_withdrawal_is_withdrawn(take_in: TakeIn) -> None:
    take_in(patient(), observation(version=2, status="entered-in-error"))
    take_in(observation())
    assert _rows("o1") == {"1": ("withdrawn", 15.3)}


def test_a_correction_that_cannot_be_used_still_takes_the_old_value_away(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=51.0))
    report = take_in(observation(value=15.0, unit="foo", version=2, status="corrected"))
    assert report.quarantined == 1
    assert _rows("o1") == {"1": ("superseded", 51.0)}
    take_in(observation(value=15.0, version=3, status="corrected"))
    assert _rows("o1") == {"1": ("superseded", 51.0), "3": ("active", 15.0)}


HISTORY: list[dict[str, Any]] = [
    {"value": 51.0, "version": 1},
    {"value": 15.0, "version": 2, "status": "corrected"},
    {"value": 15.0, "unit": "foo", "version": 3, "status": "amended"},
    {"value": 16.0, "version": 4, "status": "amended"},
]
ENDINGS = {
    "an amended value": {"value": 16.0, "version": 4, "status": "amended"},
    "a withdrawal": {"version": 4, "status": "entered-in-error"},
    "an unusable value": {"value": 16.0, "unit": "foo", "version": 4, "status": "amended"},
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("together", [True, False])
def test_every_order_of_arrival_ends_the_same(take_in: TakeIn, ending: str, together: bool) -> None:
    take_in(patient())
    history = [*HISTORY[:3], ENDINGS[ending]]
    ends = []
    for number, order in enumerate(permutations(history)):
        versions = [observation(f"o{number}", **version) for version in order]
        if together:
            take_in(*versions)
        else:
            for version in versions:
                take_in(version)
        ends.append((_rows(f"o{number}"), _current(f"o{number}")))
    assert all(end == ends[0] for end in ends)
    expected = {"an amended value": "active", "a withdrawal": None, "an unusable value": None}[ending]
    assert ends[0][0].get("4", (None,))[0] == expected
    assert sum(state == "active" for state, _ in ends[0][0].values()) == (expected == "active")


def test_without_version_numbers_the_later_update_wins(take_in: TakeIn) -> None:
    older = {**observation(value=51.0, version=None), "meta": {"lastUpdated": "2026-03-02T06:10:00Z"}}
    newer = {**observation(value=15.0, version=None), "meta": {"lastUpdated": "2026-03-02T09:10:00Z"}}
    take_in(patient(), newer)
    take_in(older)
    assert sorted(_rows("o1").values()) == [("active", 15.0), ("superseded", 51.0)]


def test_a_resource_without_any_version_is_known_by_its_text(take_in: TakeIn) -> None:
    take_in(patient(), observation(version=None))
    report = take_in(patient(), observation(version=None), observation("o2", version=None))
    assert (report.known, report.accepted) == (2, 1)
    assert take_in(observation("o2", version=None), patient()).known == 2
    assert StoredSample.objects.count() == 2


def test_a_version_that_comes_with_other_content_is_held_and_the_first_stays(take_in: TakeIn) -> None:
    take_in(patient(), observation(value=15.0))
    report = take_in(observation(value=51.0))
    assert report.quarantined == 1
    assert "other content" in QuarantineEntry.objects.get().detail
    assert _rows("o1") == {"1": ("active", 15.0)}


def test_a_version_whose_meta_alone_was_written_anew_is_known(take_in: TakeIn) -> None:
    take_in(patient(), observation())
    again = observation()
    again["meta"]["lastUpdated"] = "2026-03-01T08:00:01Z"
    assert take_in(again).known == 1


def test_a_page_that_shows_an_entry_twice_takes_it_once(take_in: TakeIn) -> None:
    report = take_in(patient(), observation(), patient(), observation())
    assert (report.received, report.accepted, report.known) == (4, 2, 2)
    assert StoredSample.objects.count() == 1


def test_a_correction_and_a_withdrawal_ask_for_an_update(take_in: TakeIn) -> None:
    take_in(patient(), observation())
    for change in ({"value": 14.0, "version": 2, "status": "corrected"}, {"version": 3, "status": "entered-in-error"}):
        Job.objects.all().update(state="done")
        take_in(observation(**change))
        assert Job.objects.filter(state="queued").count() == 1
