"""A value that its own source wrote down before it was measured is kept, flagged, and moves no twin into the future."""

import pytest

from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import observation, patient
from twins.records.models import StoredSample


@pytest.mark.parametrize(
    ("written", "flags"), [("2026-03-02T06:30:00Z", []), ("2026-03-01T06:30:00Z", ["level-in-future"])]
)
def test_a_level_is_of_the_future_by_its_sources_clock(take_in: TakeIn, written: str, flags: list[str]) -> None:
    level = observation(value=15.3, unit="mg/L")
    level["meta"] = {"versionId": "1", "lastUpdated": written}
    take_in(patient(), level)
    assert StoredSample.objects.get().quality == flags
