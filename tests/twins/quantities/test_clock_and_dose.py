import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from twins.quantities.clock import NaiveTimeError, hours_between, moment_at
from twins.quantities.dose import Dose, DoseError

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_hours_and_moments_are_each_other_s_inverse() -> None:
    for hours in (-3.25, 0.0, 0.1, 1000.5):
        assert hours_between(START, moment_at(START, hours)) == pytest.approx(hours, abs=1e-9)


def test_hours_are_of_instants_and_not_of_wall_clocks() -> None:
    east = datetime(2026, 3, 2, 14, 0, tzinfo=timezone(timedelta(hours=5)))
    assert hours_between(START, east) == 1.0


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001
    with pytest.raises(NaiveTimeError, match="no time zone"):
        hours_between(START, naive)
    with pytest.raises(NaiveTimeError):
        moment_at(naive, 1.0)


def test_a_dose_knows_its_end_and_rate() -> None:
    assert (Dose(1.0, 1000.0, 2.0).end_h, Dose(1.0, 1000.0, 2.0).rate_mg_per_h) == (3.0, 500.0)
    assert Dose(1.0, 1000.0).rate_mg_per_h == math.inf


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((math.nan, 1.0, 0.0), "start_h"),
        ((0.0, 0.0, 0.0), "amount_mg"),
        ((0.0, -5.0, 0.0), "amount_mg"),
        ((0.0, math.inf, 0.0), "amount_mg"),
        ((0.0, 1.0, -1.0), "duration_h"),
    ],
)
def test_an_impossible_dose_names_the_field(values: tuple[float, float, float], words: str) -> None:
    with pytest.raises(DoseError, match=words):
        Dose(*values)
