"""Enter into the ledger what earlier twin versions had said of the levels that a new version knows."""

import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from twins.estimation.fit import FitOutcome
from twins.forecasts.ledger import foretell
from twins.pharmacology import formulary
from twins.quantities.clock import hours_between, moment_at
from twins.quantities.dose import Dose
from twins.records.models import LevelForecast, RecordState, StoredSample, TwinVersion
from twins.records.runtime import code_version
from twins.records.twins import course_of, fit_of
from twins.samples.course import Course, Level
from twins.samples.quality import usable_levels

logger = logging.getLogger(__name__)

FORECASTING = frozenset({FitOutcome.FITTED.name, FitOutcome.PRIOR_ONLY.name})
_MOST_AT_ONCE = 20
"""Levels entered with one new version; where a source brings more at once, the newest."""
_SAME_MOMENT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Known:
    """A level on record: the row in use, and when any version of it first came in."""

    source_key: str
    source_version: str
    first_received: datetime


def enter(version: TwinVersion, course: Course) -> list[LevelForecast]:
    """Score the levels of `course` that are not in the ledger of the version's model yet.

    Of each level the newest version speaks that existed when the level was first received; where there was none, or
    nothing could be forecast from it, or it was made by another version of the model, there is no entry.
    """
    waiting = _waiting(version, course)
    if not waiting:
        return []
    made = _made_by(version, max(known.first_received for known in waiting.values()))
    times = [created for created, _ in made]
    wanted: dict[UUID, list[tuple[Level, _Known]]] = {}
    for level, known in waiting.items():
        place = bisect_right(times, known.first_received)
        spoke = made[place - 1][1] if place else None
        if spoke is not None:
            wanted.setdefault(spoke, []).append((level, known))
    rows = [
        row
        for earlier in TwinVersion.objects.filter(pk__in=wanted)
        for row in _said(earlier, course, wanted[earlier.pk])
    ]
    return LevelForecast.objects.bulk_create(rows)


def _waiting(version: TwinVersion, course: Course) -> dict[Level, _Known]:
    channel = formulary.drug(course.drug).level_channel
    levels = usable_levels(course)
    if channel is None or not levels:
        return {}
    entered: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for key, number, time in LevelForecast.objects.filter(
        subject=version.subject_id, drug=version.drug, model_id=version.model_id
    ).values_list("source_key", "source_version", "event_time"):
        entered[key, number].append(time)
    known = _on_record(version, channel)
    found = {}
    for level in levels:
        row = known.get(level.source)
        if row is None:
            continue
        at = moment_at(course.start, level.time_h)
        if all(abs(time - at) > _SAME_MOMENT for time in entered[row.source_key, row.source_version]):
            found[level] = row
    return dict(list(found.items())[-_MOST_AT_ONCE:])


def _on_record(version: TwinVersion, channel: str) -> Mapping[str, _Known]:
    """Levels in use by the reference that courses name them by."""
    first: dict[str, datetime] = {}
    in_use: dict[str, StoredSample] = {}
    for row in StoredSample.objects.filter(subject=version.subject_id, channel=channel):
        first[row.source_key] = min(row.received_time, first.get(row.source_key, row.received_time))
        if row.state == RecordState.ACTIVE:
            in_use[row.reference] = row
    return {name: _Known(row.source_key, row.source_version, first[row.source_key]) for name, row in in_use.items()}


def _made_by(version: TwinVersion, last: datetime) -> list[tuple[datetime, UUID | None]]:
    """When each version up to `last` was made, and its key; None for one that forecasts nothing."""
    earlier = TwinVersion.objects.filter(
        subject=version.subject_id,
        drug=version.drug,
        model_id=version.model_id,
        number__lt=version.number,
        created_at__lte=last,
    ).order_by("created_at", "number")
    return [
        (created, key if outcome in FORECASTING and model_version == version.model_version else None)
        for created, key, outcome, model_version in earlier.values_list("created_at", "pk", "outcome", "model_version")
    ]


def _said(earlier: TwinVersion, course: Course, levels: list[tuple[Level, _Known]]) -> list[LevelForecast]:
    model = formulary.model(earlier.model_id)
    then, fit = course_of(earlier), fit_of(earlier)
    shift = hours_between(then.start, course.start)
    given: list[Dose] = [replace(dose, start_h=dose.start_h + shift) for dose in course.doses]
    rows = []
    for level, known in levels:
        try:
            band = foretell(model, then, fit, given=given, time_h=level.time_h + shift)
        except ValueError as error:  # a score is worth no twin: that goes on learning without this entry
            logger.warning("no ledger entry for a level of %s: %s", earlier.pk, error)
            continue
        if band.q50 <= 0:  # before any dose that was known: nothing was foretold
            continue
        rows.append(
            LevelForecast(
                subject_id=earlier.subject_id,
                drug=earlier.drug,
                model_id=earlier.model_id,
                version=earlier,
                source_key=known.source_key,
                source_version=known.source_version,
                event_time=moment_at(course.start, level.time_h),
                measured=level.value,
                **asdict(band),
                code_version=code_version(),
            )
        )
    return rows
