"""How the past forecasts of a twin turned out: each level beside what was said of it before it came, and the score."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.patients.models import Patient
from clinic.worklist.records import Records, address_of
from clinic.worklist.rows import DRUG
from twins.estimation.fit import FitOutcome
from twins.forecasts.forecast import Band
from twins.forecasts.ledger import Entry, Score, score
from twins.records.models import LevelForecast, StoredSample
from twins.samples.channel import Channel

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
            return "within the 50 % interval"
        if self.entry.within_90:
            return "within the 90 % interval"
        return "below the 90 % interval" if self.entry.error > 0 else "above the 90 % interval"


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The newest rows first; the score is of all of them."""

    rows: tuple[Foretold, ...]
    score: Score | None
    levels: int
    """Levels in use, scored or not."""

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
            return "neither too high nor too low on average"
        return f"{size:.1f} mg/L too {'high' if self.score.bias > 0 else 'low'} on average"

    @classmethod
    def of(cls, patient: Patient, model_id: str, records: Records) -> "TrackRecord":
        """Of the levels that are in use now, as they count now. One query."""
        levels = {
            (sample.source_key, sample.source_version): sample
            for sample in records.of_channel(Channel.VANCOMYCIN)
            if not records.is_left_out(sample)
        }
        entered = (
            LevelForecast.objects.filter(subject=patient.pk, drug=DRUG, model_id=model_id)
            .select_related("version")
            .only(
                *("source_key", "source_version", "event_time", "measured", "q05", "q25", "q50", "q75", "q95"),
                *("version", "version__number", "version__outcome"),
            )
            .order_by("-event_time")[:MOST_READ]
        )
        rows = []
        for found in entered:
            sample = levels.get((found.source_key, found.source_version))
            if sample is not None and abs(records.time_of(sample) - found.event_time) <= _SAME_MOMENT:
                rows.append(_row(found, sample))
        return cls(tuple(rows), score([row.entry for row in rows]), len(levels))


def _row(found: LevelForecast, sample: StoredSample) -> Foretold:
    band = Band(found.q05, found.q25, found.q50, found.q75, found.q95)
    return Foretold(
        Entry(found.measured, band),
        found.event_time,
        address_of(sample),
        found.version.number,
        found.version.outcome == FitOutcome.PRIOR_ONLY.name,
    )
