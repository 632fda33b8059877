"""How the past forecasts of a twin turned out: each level beside what was said of it before it came, and the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clinic.charts import words
from clinic.charts.shown_levels import ShownLevels
from clinic.patients.models import Patient
from clinic.worklist.records import Records, address_of
from twins.estimation.fit import FitOutcome
from twins.forecasts.forecast import Band
from twins.forecasts.ledger import Entry, Score, score
from twins.records.models import LevelForecast, StoredSample

MOST_READ = 500
SHOWN = 12
_SAME_MOMENT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Foretold:
    """One level and the forecast of it."""

    entry: Entry
    at: datetime
    href: str
    version: int
    from_population: bool
    """Made before there was any level: the population's forecast, not this patient's."""

    @property
    def verdict(self) -> str:
        if self.entry.within_50:
            # xgettext:no-python-format
            return _("within the 50 % interval")
        if self.entry.within_90:
            # xgettext:no-python-format
            return _("within the 90 % interval")
        if self.entry.error > 0:
            # xgettext:no-python-format
            return _("below the 90 % interval")
        # xgettext:no-python-format
        return _("above the 90 % interval")


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The newest rows first; the score is of all of them. Both in the unit that pages show."""

    rows: tuple[Foretold, ...]
    score: Score | None
    levels: int
    """Levels in use, scored or not."""
    unit: str = "mg/L"

    @property
    def shown(self) -> tuple[Foretold, ...]:
        return self.rows[:SHOWN]

    @property
    def bias_words(self) -> str:
        """``1.2 mg/L too high``; without a number where forecasts err neither way."""
        if self.score is None:
            return ""
        size = abs(self.score.bias)
        if size < 0.05:
            return _("neither too high nor too low on average")
        said = _("{size} {unit} too high on average") if self.score.bias > 0 else _("{size} {unit} too low on average")
        return said.format(size=words.concentration(size), unit=self.unit)


def track_records(patient: Patient, model_ids: Sequence[str], records: Records) -> dict[str, TrackRecord]:
    """Of each model's twin, on the levels that are in use now and as they count now. One query."""
    levels = {
        (sample.source_key, sample.source_version): sample
        for sample in records.levels
        if not records.is_left_out(sample)
    }
    entered = (
        LevelForecast.objects.filter(subject=patient.pk, drug=records.shown.name, model_id__in=model_ids)
        .select_related("version")
        .only(
            *("model_id", "source_key", "source_version", "event_time", "measured", "q05", "q25", "q50", "q75", "q95"),
            *("version", "version__number", "version__outcome"),
        )
        .order_by("-event_time")[: MOST_READ * len(model_ids)]
    )
    shown = records.shown.levels
    rows: dict[str, list[Foretold]] = {model_id: [] for model_id in model_ids}
    for found in entered:
        sample = levels.get((found.source_key, found.source_version))
        if sample is not None and abs(records.time_of(sample) - found.event_time) <= _SAME_MOMENT:
            rows[found.model_id].append(_row(found, sample, shown))
    return {
        model_id: TrackRecord(tuple(found), score([row.entry for row in found]), len(levels), shown.name)
        for model_id, found in rows.items()
    }


def _row(found: LevelForecast, sample: StoredSample, shown: ShownLevels) -> Foretold:
    band = Band(found.q05, found.q25, found.q50, found.q75, found.q95)
    return Foretold(
        shown.entry(Entry(found.measured, band)),
        found.event_time,
        address_of(sample),
        found.version.number,
        found.version.outcome == FitOutcome.PRIOR_ONLY.name,
    )
