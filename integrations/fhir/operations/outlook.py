"""A forecast as parts of a Parameters resource: trajectories as SampledData, probabilities and exposure day by day."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from integrations.fhir.publish.forecasts import instant, measured, percent
from integrations.fhir.publish.naming import UCUM, quantity
from twins.forecasts.forecast import QUANTILES, Band, DayExposure, PlanForecast
from twins.pharmacology.target import Target
from twins.quantities.clock import moment_at
from twins.quantities.unit import of_area

_HOUR_MS = 3_600_000
STEP_H = 0.5
"""Between two points of a trajectory, unless told otherwise."""


def sampled(values: Sequence[float], unit: str, step_h: float) -> dict[str, Any]:
    """Values at even steps as SampledData: every digit of each, separated by spaces; the period is in milliseconds."""
    return {
        "origin": {"value": 0, "unit": unit, "system": UCUM, "code": unit},
        "period": _number(step_h * _HOUR_MS),
        "dimensions": 1,
        "data": " ".join(format(Decimal(repr(float(value))), "f") for value in values),
    }


def even(forecast: PlanForecast, as_of_h: float, horizon_h: float, step_h: float) -> np.ndarray:
    """The positions of the even steps among the times of a forecast, which has the turns at each dose besides."""
    steps = as_of_h + step_h * np.arange(int(np.ceil(horizon_h / step_h)))
    times = np.asarray(forecast.times_h)
    places = np.searchsorted(times, steps)
    return np.asarray([place for place, step in zip(places, steps, strict=True) if times[place] == step])


def outlook(
    forecast: PlanForecast,
    target: Target,
    start: datetime,
    *,
    as_of_h: float,
    horizon_h: float,
    step_h: float,
    unit: str,
) -> list[dict[str, Any]]:
    """The parts of one plan.

    Parameters
    ----------
    start
        Of the course: what its hours are counted from.
    unit
        UCUM code of the concentration.
    """
    parts: list[dict[str, Any]] = [
        {"name": "name", "valueString": forecast.plan.label},
        {"name": "regimen", "valueString": forecast.plan.sentence()},
        {"name": "summary", "valueString": forecast.sentence},
    ]
    if forecast.hours_to_target is not None:
        parts.append({"name": "time-to-target", "valueQuantity": quantity(forecast.hours_to_target, "h")})
    places = even(forecast, as_of_h, horizon_h, step_h)
    for share, row in zip(QUANTILES, forecast.quantiles, strict=True):
        parts.append(
            {
                "name": "trajectory",
                "part": [
                    {"name": "percentile", "valueDecimal": round(100 * share)},
                    {"name": "start", "valueDateTime": moment_at(start, as_of_h).isoformat()},
                    {"name": "values", "valueSampledData": sampled([row[place] for place in places], unit, step_h)},
                ],
            }
        )
    parts += [_day(day, target, start, unit) for day in forecast.days]
    return parts


def at_times(times: Sequence[datetime], quantiles: np.ndarray, unit: str) -> list[dict[str, Any]]:
    """Quantiles at single times; `quantiles` of shape (percentiles, times)."""
    return [
        {
            "name": "at",
            "part": [
                {"name": "time", "valueDateTime": time.isoformat()},
                *(
                    {"name": f"p{round(100 * share)}", "valueQuantity": quantity(float(quantiles[row, column]), unit)}
                    for row, share in enumerate(QUANTILES)
                ),
            ],
        }
        for column, time in enumerate(times)
    ]


def _day(day: DayExposure, target: Target, start: datetime, unit: str) -> dict[str, Any]:
    metric, _, band = measured(day, target)
    parts = [
        {
            "name": "period",
            "valuePeriod": {
                "start": instant(moment_at(start, day.from_h)),
                "end": instant(moment_at(start, day.to_h)),
            },
        },
        {"name": "probability-in-target", "valueDecimal": percent(day.p_in_target)},
        *([{"name": "probability-above", "valueDecimal": percent(day.p_above)}] if target.has_limit else []),
        *([{"name": "probability-below", "valueDecimal": percent(day.p_below)}] if target.has_floor else []),
        _exposure("AUC24", day.auc24, of_area(unit)),
        _exposure("peak", day.peak, unit),
        _exposure("trough", day.trough, unit),
    ]
    if day.value is not None and metric not in ("AUC24", "peak", "trough"):
        parts.append(_exposure(metric, band, target.unit))
    return {"name": "day", "part": parts}


def _exposure(name: str, band: Band, unit: str) -> dict[str, Any]:
    values = (band.q05, band.q25, band.q50, band.q75, band.q95)
    return {
        "name": "exposure",
        "part": [
            {"name": "metric", "valueString": name},
            *(
                {"name": f"p{round(100 * share)}", "valueQuantity": quantity(value, unit)}
                for share, value in zip(QUANTILES, values, strict=True)
            ),
        ],
    }


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value
