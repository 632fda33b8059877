"""Vital signs: numbers that wander around a patient's means, spot values and monitor strips.

These are invented, not modelled: a first-order autoregressive walk with a daily rhythm, for readings that look like a
ward's. Nothing of the drug's kinetics depends on them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrations.ward.patients import WardPatient
from integrations.ward.randomness import stream

STRIP_POINTS = 12
STRIP_PERIOD_MIN = 5


@dataclass(frozen=True, slots=True)
class SpotCheck:
    """One round of the nurse, or one cycle of the monitor: /min, %, /min, mm[Hg], mm[Hg], Cel."""

    time_h: float
    heart_rate: int | None
    oxygen_saturation: int | None
    respiratory_rate: int
    systolic: int
    diastolic: int
    temperature: float


@dataclass(frozen=True, slots=True)
class Strip:
    """An hour of a monitor's channel: a point every five minutes; E not measured, U above and L below its range."""

    start_h: float
    heart_rate: tuple[str, ...]
    """Whole beats a minute."""
    oxygen_saturation: tuple[str, ...]
    """Half percents."""


def spot_checks(patient: WardPatient, seed: int) -> tuple[SpotCheck, ...]:
    """Every 6 h, or every 4 h in a monitored bed, whose heart rate and saturation come as strips instead."""
    profile = patient.profile
    means = profile.vitals
    every = 4.0 if profile.monitored else 6.0
    first = np.ceil(max(profile.admitted_h + 0.5, 0.0))
    times = np.arange(first, patient.horizon_h, every)
    wander = _wander(stream(seed, profile.key, "spot-checks"), len(times), 5)
    minutes = stream(seed, profile.key, "rounds").integers(0, 20, size=len(times))
    rhythm = np.sin(2 * np.pi * times / 24.0)
    checks = []
    for i, hour in enumerate(times):
        heart, saturation, breath, pressure, warmth = wander[:, i]
        systolic = round(means.systolic + 9 * pressure + 3 * rhythm[i])
        checks.append(
            SpotCheck(
                time_h=round(hour * 60 + int(minutes[i])) / 60,
                heart_rate=None if profile.monitored else round(means.heart_rate + 6 * heart + 3 * rhythm[i]),
                oxygen_saturation=None if profile.monitored else min(100, round(means.oxygen_saturation + saturation)),
                respiratory_rate=max(8, round(means.respiratory_rate + 1.5 * breath)),
                systolic=systolic,
                diastolic=min(systolic - 15, round(means.diastolic + 5 * pressure)),
                temperature=round(means.temperature + 0.3 * warmth + 0.2 * rhythm[i], 1),
            )
        )
    return tuple(checks)


def strips(patient: WardPatient, seed: int) -> tuple[Strip, ...]:
    """One strip an hour for a monitored bed; none elsewhere."""
    profile = patient.profile
    if not profile.monitored:
        return ()
    first = int(np.ceil(max(profile.admitted_h + 0.5, 0.0)))
    hours = range(first, int(patient.horizon_h))
    wander = _wander(stream(seed, profile.key, "strips"), len(hours) * STRIP_POINTS, 2)
    fault = stream(seed, profile.key, "strip-faults").random((wander.shape[1], 2)).T
    made = []
    for i, hour in enumerate(hours):
        part = slice(i * STRIP_POINTS, (i + 1) * STRIP_POINTS)
        rhythm = 3 * np.sin(2 * np.pi * hour / 24.0)
        heart = np.round(profile.vitals.heart_rate + 5 * wander[0, part] + rhythm).astype(int)
        halves = np.round(2 * np.minimum(100.0, profile.vitals.oxygen_saturation + 0.8 * wander[1, part])).astype(int)
        made.append(
            Strip(
                float(hour),
                tuple(_point(v, f, "U") for v, f in zip(heart, fault[0, part], strict=True)),
                tuple(_point(v, f, "L") for v, f in zip(halves, fault[1, part], strict=True)),
            )
        )
    return tuple(made)


def _point(value: np.int64, fault: np.float64, out_of_range: str) -> str:
    """About one point in 150 is not measured, one in 500 out of the sensor's range."""
    if fault < 0.002:
        return out_of_range
    return "E" if fault < 0.009 else str(value)


def _wander(draw: np.random.Generator, count: int, channels: int) -> NDArray[np.float64]:
    """`channels` autoregressive walks of unit variance, shape (channels, count)."""
    keep = 0.8
    noise = draw.standard_normal((count, channels)).T  # in order of time, so that a longer story begins the same
    walk = np.empty_like(noise)
    state = noise[:, 0] if count else np.zeros(channels)
    for i in range(count):
        state = keep * state + np.sqrt(1 - keep**2) * noise[:, i]
        walk[:, i] = state
    return walk
