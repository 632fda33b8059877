"""Step 2: the reading is a clean sample, in its channel's unit, with both of its times."""

import pytest

from tests.story.site import Site

pytestmark = pytest.mark.servers

PLAUSIBLE = {
    "vancomycin": (0.5, 120),
    "creatinine": (0.2, 15),
    "weight": (35, 200),
    "height": (140, 210),
    "heart_rate": (30, 220),
    "oxygen_saturation": (50, 100),
    "systolic_pressure": (60, 250),
    "diastolic_pressure": (30, 150),
    "temperature": (33, 42),
}


def test_every_channel_of_the_ward_has_samples_in_its_canonical_unit(site: Site) -> None:
    seen = {
        channel: (low, high)
        for channel, low, high in site.sql(
            "select channel, min(value), max(value) from records_storedsample group by channel"
        )
    }
    assert set(PLAUSIBLE) <= set(seen)
    for channel, (low, high) in PLAUSIBLE.items():
        assert low <= seen[channel][0] <= seen[channel][1] <= high, channel


def test_a_sample_was_received_after_it_happened(site: Site) -> None:
    assert site.sql("select count(*) from records_storedsample where received_time < event_time") == [(0,)]


def test_samples_name_their_device(site: Site) -> None:
    (named,) = site.sql("select count(*) from records_storedsample where channel = 'heart_rate' and device_key <> ''")
    assert named[0] > 100
