"""What a forecast and a comparison hold: plain values that can be stored, shown and recomputed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "QUANTILES",
    "Attained",
    "Band",
    "ComparisonResult",
    "DayExposure",
    "Influence",
    "PastFit",
    "PlanForecast",
    "Target",
]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Band:
    """Quantiles 5, 25, 50, 75 and 95 % of one number."""

    q05: float
    q25: float
    q50: float
    q75: float
    q95: float


@dataclass(frozen=True, slots=True)
class DayExposure:
    """One 24-hour window [from_h, to_h) of a plan and what it gives.

    Concentrations in the unit of the model's first output, AUC24 (exact, not a trapezoid) in that times h,
    probabilities 0 to 1 over the posterior draws. `value` is the target's metric, where that is not AUC24.
    """

    from_h: float
    to_h: float
    auc24: Band
    peak: Band
    trough: Band
    p_in_target: float
    p_above: float
    p_below: float
    value: Band | None = None

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        if self.value is None:
            del data["value"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "DayExposure":
        bands = {name: Band(**data[name]) for name in ("auc24", "peak", "trough", "value") if name in data}
        return cls(**{**data, **bands})


@dataclass(frozen=True, slots=True)
class Attained:
    """How one plan lies to one more target, over the window that its sentence would speak of."""

    target: Target
    from_h: float
    to_h: float
    value: Band
    p_in_target: float
    p_above: float
    p_below: float

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "target": self.target.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Attained":
        return cls(**{**data, "target": Target.from_json(data["target"]), "value": Band(**data["value"])})


@dataclass(frozen=True, slots=True)
class PlanForecast:
    """One plan of a comparison.

    Attributes
    ----------
    times_h, quantiles
        Hours since the course's start, and the concentration quantiles at them; `quantiles[i][k]` is quantile
        ``QUANTILES[i]`` at `times_h[k]`.
    days
        One entry for each 24 hours from the comparison's `as_of_h`.
    hours_to_target : float or None
        From `as_of_h` to the end of the first 24-hour window in which at least half of the draws are in the target.
    sentence : str
        The plain sentence of the page.
    also
        The drug's further targets, side by side, where these were asked for.
    """

    plan: Plan
    times_h: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]
    days: tuple[DayExposure, ...]
    hours_to_target: float | None
    sentence: str
    also: tuple[Attained, ...] = ()

    def to_json(self) -> dict[str, Any]:
        # Field by field: `asdict` would copy every number of the curves, which takes longer than the forecast.
        data: dict[str, Any] = {
            "plan": self.plan.to_json(),
            "times_h": self.times_h,
            "quantiles": self.quantiles,
            "days": [day.to_json() for day in self.days],
            "hours_to_target": self.hours_to_target,
            "sentence": self.sentence,
        }
        if self.also:
            data["also"] = [item.to_json() for item in self.also]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PlanForecast":
        return cls(
            plan=Plan.from_json(data["plan"]),
            times_h=tuple(data["times_h"]),
            quantiles=tuple(tuple(row) for row in data["quantiles"]),
            days=tuple(DayExposure.from_json(day) for day in data["days"]),
            hours_to_target=data["hours_to_target"],
            sentence=data["sentence"],
            also=tuple(Attained.from_json(item) for item in data.get("also", ())),
        )


@dataclass(frozen=True, slots=True)
class Influence:
    """How much one input moves the answer: the median of the target's metric with it and without or changed."""

    what: str
    changed: str
    before: float
    after: float
    p_in_target_before: float
    p_in_target_after: float


@dataclass(frozen=True, slots=True)
class PastFit:
    """The twin's fit over what has been: quantiles of concentration (same layout as `PlanForecast`)."""

    times_h: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """Two or more plans, the current one first, on one fit: everything that the comparison page shows of numbers.

    `as_of_h` is the course's end: doses before it were given, doses from it on are the plan's. `averaged` says how far
    each model was believed, where several answered together (`twins.forecasts.averaged`).
    """

    as_of_h: float
    horizon_h: float
    target: Target
    forecasts: tuple[PlanForecast, ...]
    past: PastFit
    influences: tuple[Influence, ...]
    averaged: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "as_of_h": self.as_of_h,
            "horizon_h": self.horizon_h,
            "target": self.target.to_json(),
            "forecasts": [forecast.to_json() for forecast in self.forecasts],
            "past": {"times_h": self.past.times_h, "quantiles": self.past.quantiles},
            "influences": [asdict(influence) for influence in self.influences],
        }
        if self.averaged is not None:
            data["averaged"] = self.averaged
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ComparisonResult":
        return cls(
            as_of_h=data["as_of_h"],
            horizon_h=data["horizon_h"],
            target=Target.from_json(data["target"]),
            forecasts=tuple(PlanForecast.from_json(item) for item in data["forecasts"]),
            past=PastFit(tuple(data["past"]["times_h"]), tuple(tuple(row) for row in data["past"]["quantiles"])),
            influences=tuple(Influence(**item) for item in data["influences"]),
            averaged=data.get("averaged"),
        )

    def to_frame(self) -> "pd.DataFrame":
        """One row a plan and day: its window, quantiles of AUC24, peak and trough, and the chances."""
        import pandas as pd  # loaded where a table is wanted: it takes longer than all the rest

        rows = []
        for forecast in self.forecasts:
            for number, day in enumerate(forecast.days, start=1):
                row: dict[str, Any] = {
                    "plan": forecast.plan.label,
                    "day": number,
                    "from_h": day.from_h,
                    "to_h": day.to_h,
                }
                for name, found in (("auc24", day.auc24), ("peak", day.peak), ("trough", day.trough)):
                    row |= {f"{name}_{quantile}": value for quantile, value in asdict(found).items()}
                if day.value is not None:
                    row |= {f"target_{quantile}": value for quantile, value in asdict(day.value).items()}
                row |= {"p_in_target": day.p_in_target, "p_above": day.p_above, "p_below": day.p_below}
                rows.append(row)
        return pd.DataFrame(rows)
