from datetime import UTC, datetime, timedelta

import pytest

from integrations.ward.clock import ClockError, WardClock, default_epoch

EPOCH = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Time:
    """A monotonic clock and a present that the test moves."""

    def __init__(self, present: datetime) -> None:
        self.seconds = 1000.0
        self.present = present

    def clock(self, **options: float) -> WardClock:
        return WardClock(EPOCH, monotonic=lambda: self.seconds, present=lambda: self.present, **options)


def test_it_starts_with_the_hours_that_are_known_and_runs_at_its_speed() -> None:
    time = Time(EPOCH + timedelta(days=30))
    clock = time.clock(hours_known=72.0, speed=60.0)
    assert clock.now() == EPOCH + timedelta(hours=72)
    time.seconds += 60
    assert clock.now() == EPOCH + timedelta(hours=73)


def test_it_never_passes_the_real_present() -> None:
    time = Time(EPOCH + timedelta(hours=74))
    clock = time.clock(hours_known=72.0, speed=3600.0)
    time.seconds += 10
    assert clock.now() == EPOCH + timedelta(hours=74)
    assert clock.set_hours(1000) == EPOCH + timedelta(hours=74)


def test_speed_0_is_frozen() -> None:
    time = Time(EPOCH + timedelta(days=30))
    clock = time.clock(hours_known=5.0, speed=0.0)
    time.seconds += 10_000
    assert clock.hours == 5.0


def test_setting_it_lets_it_run_on_from_there_and_backwards_too() -> None:
    time = Time(EPOCH + timedelta(days=30))
    clock = time.clock(hours_known=72.0, speed=3600.0)
    clock.set_hours(24)
    time.seconds += 2
    assert clock.hours == pytest.approx(26.0)


@pytest.mark.parametrize("options", [{"speed": -1.0}, {"hours_known": -1.0}, {"hours_known": float("nan")}])
def test_what_cannot_be_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ClockError, match=r"speed is|hours is"):
        Time(EPOCH).clock(**options)


def test_an_epoch_without_a_zone_is_refused() -> None:
    with pytest.raises(ClockError, match="without a time zone"):
        WardClock(datetime(2026, 3, 1))  # noqa: DTZ001


def test_the_epoch_is_four_days_ago_on_the_hour_unless_said_otherwise() -> None:
    assert default_epoch(datetime(2026, 3, 5, 8, 59, 59, tzinfo=UTC)) == EPOCH
