"""What the engine and the records say of a drug's levels, in the unit that pages show them in.

Its sentences are said with creatinine in the unit shown too.

Here alone levels are converted. A page converts what it has read before it builds anything of it; whatever builds
charts, tables and sentences shows what it is given and names the unit. Nothing that is computed or stored goes through
here, nor anything that other systems read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clinic.charts.scale import least_span
from clinic.measures.units import CONVERTED_DIGITS, ShownUnit, unit_of, unit_of_levels
from clinic.twin_words.said import OtherUnit, converted
from twins.estimation.fit import Fit, LevelResidual
from twins.forecasts.forecast import (
    Attained,
    Band,
    ComparisonResult,
    DayExposure,
    Influence,
    PastFit,
    PlanForecast,
)
from twins.forecasts.ledger import Entry
from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.target import Metric, Target
from twins.quantities.unit import of_area, readable
from twins.samples.channel import Channel
from twins.samples.course import Course

if TYPE_CHECKING:
    from twins.cohorts.summarise import GroupExposure

Curves = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class ShownLevels:
    """Of one drug: `own` is the UCUM code that its models and records state levels in, `unit` the one shown."""

    drug: str
    own: str
    unit: ShownUnit

    @classmethod
    def of(cls, drug: Drug | str) -> "ShownLevels":
        """Raises ImproperlyConfigured where the site wants a unit that levels of the drug cannot be shown in."""
        own = formulary.drug(drug).level_unit if isinstance(drug, str) else drug.level_unit
        name = drug if isinstance(drug, str) else drug.name
        return cls(name, own, unit_of_levels(name, own))

    @property
    def name(self) -> str:
        """The unit as wards write it: ``µmol/L``."""
        return self.unit.name

    @property
    def area_name(self) -> str:
        """Of the area under the curve: ``µmol·h/L``."""
        return readable(of_area(self.unit.code))

    @property
    def least_span(self) -> float:
        """How much an axis of these levels shows at least."""
        return self.unit.value(least_span(readable(self.own)))

    @property
    def as_stored(self) -> bool:
        """Whether nothing that the engine says of a patient on the drug is shown in another unit."""
        return not self._others(CONVERTED_DIGITS)

    def value(self, level: float) -> float:
        """A level, or an area under its curve."""
        return self.unit.value(level)

    def values(self, levels: Iterable[float]) -> tuple[float, ...]:
        return tuple(map(self.value, levels))

    def band(self, found: Band) -> Band:
        return Band(*self.values((found.q05, found.q25, found.q50, found.q75, found.q95)))

    def entry(self, found: Entry) -> Entry:
        return Entry(self.value(found.measured), self.band(found.forecast))

    # Sentences and targets

    def sentence(self, text: str, *, digits: int = CONVERTED_DIGITS) -> str:
        """A sentence of the engine, in English as it was; its bounds and levels to significant digits."""
        others = self._others(digits)
        return converted(text, others) if others else text

    def sentences(self, texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(self.sentence, texts))

    def aims_at_levels(self, target: Target) -> bool:
        """Whether the target is a range of levels or of their area: not of a share of time, a ratio or an effect.

        Nor of another output, such as a metabolite, which has a molar mass of its own.
        """
        of_levels = target.unit in (self.own, of_area(self.own)) and not target.output
        return of_levels and target.metric is not Metric.RATIO

    def target(self, known: Target, *, digits: int = CONVERTED_DIGITS) -> Target:
        """Its bounds to significant digits. A MIC stays as microbiology reports it."""
        if self.as_stored or not self.aims_at_levels(known):
            return known
        return replace(
            known,
            name=self.sentence(known.name, digits=digits),
            low=self.unit.rounded(known.low, digits),
            high=self.unit.rounded(known.high, digits) if known.has_limit else known.high,
            unit=self.unit.code if known.unit == self.own else of_area(self.unit.code),
        )

    def about(self, text: str, target: Target) -> str:
        """A sentence about a plan or a target, whose numbers may say no unit; of a MIC it is said in any case."""
        if self.aims_at_levels(target):
            return self.sentence(text)
        return converted(text, {"": OtherUnit(readable(self.own), {}, str)})

    def _others(self, digits: int) -> dict[str, OtherUnit]:
        """By what is measured, in the engine's words; only what is shown in another unit."""
        creatinine = unit_of(Channel.CREATININE)
        if creatinine.code == Channel.CREATININE.unit:
            return self._levels(digits)
        units = {Channel.CREATININE.unit: creatinine.name}
        said = OtherUnit(Channel.CREATININE.unit, units, lambda held: f"{creatinine.drawn(float(held)):g}")
        return {**self._levels(digits), Channel.CREATININE.label.lower(): said}

    def _levels(self, digits: int) -> dict[str, OtherUnit]:
        if self.unit.code == self.own:
            return {}
        # The engine writes units by their codes and as wards do.
        pairs = ((self.own, self.name), (of_area(self.own), self.area_name))
        units = {written: shown for code, shown in pairs for written in (code, readable(code))}
        said = OtherUnit(readable(self.own), {**units, "": ""}, lambda held: self._number(held, digits))
        return {"": said, f"{self.drug} level": said}

    def _number(self, held: str, digits: int) -> str:
        return held if self.unit.per_stored == 1 else f"{self.unit.rounded(float(held), digits):g}"

    # What a twin holds

    def course(self, known: Course) -> Course:
        """With levels and findings in the unit shown. It has another digest and is for showing alone."""
        if self.as_stored:
            return known
        return replace(
            known,
            levels=tuple(one if one.output else replace(one, value=self.value(one.value)) for one in known.levels),
            findings=tuple(replace(one, sentence=self.sentence(one.sentence)) for one in known.findings),
        )

    def fit(self, known: Fit) -> Fit:
        """With the levels that it was fitted to, and what it warns of, in the unit shown."""
        if self.as_stored:
            return known
        return replace(
            known,
            residuals=tuple(map(self._residual, known.residuals)),
            warnings=self.sentences(known.warnings),
            reason=self.sentence(known.reason),
        )

    def _residual(self, known: LevelResidual) -> LevelResidual:
        if known.unit != self.own or known.output:
            return known
        observed, population, individual = self.values((known.observed, known.population, known.individual))
        return replace(known, observed=observed, population=population, individual=individual, unit=self.unit.code)

    # What a comparison holds

    def result(self, known: ComparisonResult) -> ComparisonResult:
        """All but the chances, which are the same in every unit."""
        if self.as_stored and self.aims_at_levels(known.target):
            return known
        forecasts = tuple(self.forecast(one, known.target) for one in known.forecasts)
        if self.as_stored:
            return replace(known, forecasts=forecasts)
        return replace(
            known,
            target=self.target(known.target),
            forecasts=forecasts,
            past=PastFit(known.past.times_h, self._curves(known.past.quantiles)),
            influences=tuple(self.influence(one, known.target) for one in known.influences),
        )

    def forecast(self, known: PlanForecast, target: Target) -> PlanForecast:
        """`target` is the one in the drug's own unit that the forecast's sentence speaks of."""
        if self.as_stored:
            return replace(known, sentence=self.about(known.sentence, target))
        return replace(
            known,
            quantiles=self._curves(known.quantiles),
            days=tuple(self._day(day, target) for day in known.days),
            sentence=self.about(known.sentence, target),
            also=tuple(map(self._attained, known.also)),
        )

    def influence(self, known: Influence, target: Target) -> Influence:
        what = self.sentence(known.what)
        if not self._measures_levels(target):
            return replace(known, what=what)
        return replace(known, what=what, before=self.value(known.before), after=self.value(known.after))

    def group(self, known: "GroupExposure", target: Target) -> "GroupExposure":
        """A row of a study."""
        exposures = {name: self.values(getattr(known, name)) for name in ("auc24", "peak", "trough")}
        aimed = known.value if known.value is None or not self._measures_levels(target) else self.values(known.value)
        return replace(known, **exposures, value=aimed)

    def _day(self, known: DayExposure, target: Target) -> DayExposure:
        return replace(
            known,
            auc24=self.band(known.auc24),
            peak=self.band(known.peak),
            trough=self.band(known.trough),
            value=self._value(known.value, target),
        )

    def _attained(self, known: Attained) -> Attained:
        value = self._value(known.value, known.target)
        return replace(known, target=self.target(known.target), value=value)

    def _value(self, known: Band | None, target: Target) -> Band | None:
        return known if known is None or not self._measures_levels(target) else self.band(known)

    def _measures_levels(self, target: Target) -> bool:
        """Whether what the target's own metric comes to is a level or an area, and no share of the time."""
        return self.aims_at_levels(target) and target.metric is not Metric.TIME_IN_RANGE

    def _curves(self, known: Curves) -> Curves:
        return tuple(map(self.values, known))
