"""A study as its pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.charts.shown_levels import ShownLevels
from clinic.charts.target_words import is_auc24
from clinic.twin_words.said import said
from twins.cohorts.distribution import Distribution
from twins.cohorts.study import StudySpec
from twins.cohorts.summarise import GroupExposure
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.target import Metric, Target
from twins.quantities.unit import of_area, readable
from twins.records.models import Job, JobState
from twins.records.models.job import OPEN_STATES

_WORDS = {
    JobState.QUEUED: gettext_noop("waiting for a worker"),
    JobState.RUNNING: gettext_noop("running"),
    JobState.DONE: gettext_noop("done"),
    JobState.FAILED: gettext_noop("failed"),
    JobState.CANCELLED: gettext_noop("cancelled"),
}


def rows_of(job: Job) -> tuple[GroupExposure, ...]:
    """The table of a finished study, in the unit of its model: as its files have it."""
    return tuple(GroupExposure.from_json(row) for row in job.result["table"])


@dataclass(frozen=True, slots=True)
class ShownStudy:
    key: UUID
    spec: StudySpec
    model_title: str
    state: str
    words: str
    chunks_done: int
    chunks: int
    error: str
    asked_at: datetime
    finished_at: datetime | None
    code_version: str
    result_digest: str
    unit: str
    """Of a concentration, as a reader writes it."""
    area_unit: str
    levels: ShownLevels | None
    """None where the formulary does not have the model any more, or another unit than its drug's is the model's."""

    @classmethod
    def of(cls, job: Job) -> "ShownStudy":
        spec = StudySpec.from_json(job.parameters["spec"])
        known = formulary.model(spec.model_id) if spec.model_id in formulary.model_ids() else None
        unit = known.system.outputs[0].unit if known else "mg/L"
        levels = ShownLevels.of(known.drug) if known else None
        if levels is not None and levels.own != unit:
            levels = None
        return cls(
            key=job.pk,
            spec=spec,
            model_title=known.title if known else spec.model_id,
            state=job.state,
            words=gettext(_WORDS[JobState(job.state)]),
            chunks_done=min(job.done, job.total),
            chunks=job.total,
            error=job.error,
            asked_at=job.enqueued_at,
            finished_at=job.finished_at,
            code_version=job.code_version,
            result_digest=job.result.get("result_digest", ""),
            unit=levels.name if levels else readable(unit),
            area_unit=levels.area_name if levels else readable(of_area(unit)),
            levels=levels,
        )

    @property
    def target(self) -> Target:
        """As pages show it."""
        return self.levels.target(self.spec.target) if self.levels else self.spec.target

    def rows(self, found: Sequence[GroupExposure]) -> tuple[GroupExposure, ...]:
        """The table as pages show it."""
        levels = self.levels
        return tuple(found if levels is None else (levels.group(row, self.spec.target) for row in found))

    @property
    def model(self) -> PopulationModel | None:
        """The study's model; None where the formulary does not have it any more."""
        return formulary.model(self.spec.model_id) if self.spec.model_id in formulary.model_ids() else None

    @property
    def open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def done(self) -> bool:
        return self.state == JobState.DONE

    @property
    def resumable(self) -> bool:
        return self.state in (JobState.CANCELLED, JobState.FAILED)

    @property
    def asked(self) -> str:
        """The target's metric with its unit, where that is not AUC24, which every study shows."""
        target = self.target
        if is_auc24(target):
            return ""
        unit = "" if target.metric is Metric.TIME_IN_RANGE else readable(target.unit)
        words = said(target.output or str(target.metric))
        return f"{words[:1].upper()}{words[1:]}{f', {unit}' if unit else ''}"

    @property
    def digest(self) -> str:
        return self.spec.digest()

    @property
    def assumptions(self) -> list[tuple[str, str, str]]:
        """Name, distribution in words and origin of each covariate."""
        return [(name, _words(spread), spread.origin) for name, spread in sorted(self.spec.covariates.items())]


def _words(spread: Distribution) -> str:
    """Shape, numbers and ends, each said for itself: ``lognormal, Median 79``."""
    return ", ".join(said(part) for part in spread.words().split(", "))
