"""What a forecast was made from: the inputs of one twin, in rows that a reader can check."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from clinic.charts import words
from clinic.charts.shown_levels import ShownLevels
from clinic.charts.twin_facts import (
    CovariateRow,
    FindingRow,
    Quality,
    contradictions,
    covariate_rows,
    finding_rows,
    quality,
)
from clinic.charts.unused_rows import NotUsed
from clinic.comparisons.linked import Linked
from clinic.patients.unused import unused_of
from twins.estimation.fit import Fit, FitOutcome
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.quantities.clock import moment_at
from twins.records.followed import usual_drug
from twins.records.models import TwinVersion
from twins.records.standing import Standing
from twins.samples.course import Course

Row = TypeVar("Row", CovariateRow, FindingRow)


@dataclass(frozen=True, slots=True)
class DoseInput:
    start: datetime
    given: str
    """``1000 mg over 1 h``."""
    source: str
    href: str


@dataclass(frozen=True, slots=True)
class LevelInput:
    """A level that the fit used, and how it lies to it; predictions are None where there was no fit."""

    time: datetime
    value: float
    source: str
    population: float | None
    individual: float | None
    weighted_residual: float | None
    href: str

    @property
    def far(self) -> bool:
        """Further than two residual standard deviations from the fit."""
        return self.weighted_residual is not None and abs(self.weighted_residual) > 2.0


@dataclass(frozen=True, slots=True)
class Assumed:
    """Everything that the panel of assumptions shows of one twin version, levels in the unit that pages show."""

    version: TwinVersion
    model: PopulationModel
    fit: Fit
    quality: Quality
    covariates: tuple[CovariateRow, ...]
    not_used: NotUsed
    """What waits to be read at this moment, and was known no better when the twin was made."""
    findings: tuple[FindingRow, ...]
    """Of the data, what is not used first."""
    doses: tuple[DoseInput, ...]
    levels: tuple[LevelInput, ...]
    as_of: datetime

    @property
    def drug_title(self) -> str:
        return formulary.drug(self.model.drug).title

    @property
    def drug_query(self) -> str:
        """What an address needs to mean this drug and not the usual one."""
        return "" if self.model.drug == usual_drug() else f"?{urlencode({'drug': self.model.drug})}"

    @property
    def unit(self) -> str:
        """Of the drug's levels, as wards write it."""
        return ShownLevels.of(self.model.drug).name

    @property
    def area_unit(self) -> str:
        """Of the area under their curve."""
        return ShownLevels.of(self.model.drug).area_name

    @property
    def prior_only(self) -> bool:
        return self.fit.outcome is FitOutcome.PRIOR_ONLY

    @property
    def contradicting(self) -> tuple[str, ...]:
        """Why the levels do not fit the model, in the reader's language."""
        return contradictions(self.fit, self.model)

    @property
    def outside(self) -> tuple[CovariateRow, ...]:
        """Covariates outside the range of the model's population."""
        return tuple(row for row in self.covariates if row.outside)

    @classmethod
    def of_standing(cls, standing: Standing) -> "Assumed":
        levels, model = ShownLevels.of(standing.drug), standing.model
        course, fit = levels.course(standing.course), levels.fit(standing.fit)
        linked, not_used = Linked(standing.version), not_used_in(course, standing.version)
        return cls(
            version=standing.version,
            model=model,
            fit=fit,
            quality=quality(fit),
            covariates=linked_rows(covariate_rows(course, model), linked),
            not_used=not_used,
            findings=(*not_used.rows, *linked_rows(finding_rows(course), linked)),
            doses=dose_inputs(course, linked),
            levels=level_inputs(course, fit, linked),
            as_of=moment_at(course.start, course.until_h),
        )


def not_used_in(course: Course, version: TwinVersion) -> NotUsed:
    """What was received of the patient that this course cannot hold. One query."""
    found = unused_of([version.subject_id]).get(version.subject_id, ())
    return NotUsed.of(found, version.drug, course)


def linked_rows(rows: Iterable[Row], linked: Linked) -> tuple[Row, ...]:
    """The rows, each with the address of the record that it names as its source."""
    return tuple(replace(row, href=linked.to(row.source, row.when)) for row in rows)


def dose_inputs(course: Course, linked: Linked) -> tuple[DoseInput, ...]:
    """Each dose of the course."""
    times = (moment_at(course.start, dose.start_h) for dose in course.doses)
    return tuple(
        DoseInput(
            time,
            words.dose(dose.amount_mg, dose.duration_h, dose.route),
            dose.source,
            linked.to(dose.source, time),
        )
        for dose, time in zip(course.doses, times, strict=True)
    )


def level_inputs(course: Course, fit: Fit, linked: Linked) -> tuple[LevelInput, ...]:
    """Each level of the course beside what population and fit make of it."""
    residuals = {(r.time_h, r.observed): r for r in fit.residuals}
    rows = []
    for level in course.levels:
        residual = residuals.get((level.time_h, level.value))
        time = moment_at(course.start, level.time_h)
        rows.append(
            LevelInput(
                time,
                level.value,
                level.source,
                residual.population if residual else None,
                residual.individual if residual else None,
                residual.weighted_residual if residual else None,
                linked.to(level.source, time),
            )
        )
    return tuple(rows)
