"""The ward's clock: it may run faster than real time, and never past the real present."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    return datetime.now(UTC)


def default_epoch(now: datetime) -> datetime:
    """Four days before `now`, floored to the hour."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(days=4)


class ClockError(ValueError):
    """A clock that cannot run so; names the field, the value and the remedy."""


class WardClock:
    """Simulated now = `epoch` + `hours_known` + `speed` × real time elapsed, capped at the real present.

    Parameters
    ----------
    epoch
        When the ward's story begins; timezone-aware.
    hours_known
        How many hours of the story have already happened when the clock starts; 0 or more.
    speed
        Simulated seconds a real second; 1 is real time, 0 a frozen clock.
    monotonic, present
        Where real time comes from; tests give their own.
    """

    def __init__(
        self,
        epoch: datetime,
        *,
        hours_known: float = 72.0,
        speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
        present: Callable[[], datetime] = real_now,
    ) -> None:
        if epoch.tzinfo is None:
            raise ClockError(f"epoch is {epoch.isoformat()} without a time zone; add one, for example Z")
        if not 0 <= speed <= 1e6:
            raise ClockError(f"speed is {speed}; give 0 (frozen) to 1000000 simulated seconds a second")
        self.epoch = epoch.astimezone(UTC)
        self.speed = speed
        self._monotonic = monotonic
        self._present = present
        self._lock = threading.Lock()
        self.set_hours(hours_known)

    def set_hours(self, hours: float) -> datetime:
        """Put the clock to `epoch` + `hours` and let it run on from there; returns the ward's now (which is capped)."""
        if not 0 <= hours <= 24 * 366:
            raise ClockError(f"hours is {hours}; give the hours since the epoch, 0 to 8784")
        with self._lock:
            self._base = self.epoch + timedelta(hours=hours)
            self._started = self._monotonic()
        return self.now()

    def now(self) -> datetime:
        with self._lock:
            elapsed = (self._monotonic() - self._started) * self.speed
            simulated = self._base + timedelta(seconds=elapsed)
        return min(simulated, self._present())

    @property
    def hours(self) -> float:
        """Hours since the epoch, now."""
        return (self.now() - self.epoch).total_seconds() / 3600.0
