"""The rows of the worklist: read in a fixed number of queries, however many patients there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, Min, OuterRef
from django.utils.translation import pgettext

from clinic.charts import words
from clinic.charts.palette import plan_letter
from clinic.charts.shown_levels import ShownLevels
from clinic.charts.unused_rows import concerns
from clinic.patients.models import Encounter, Patient
from clinic.patients.unused import unused_of
from clinic.twin_words.said import said
from clinic.worklist.attention import DayChance, Situation, reasons
from clinic.worklist.not_followed import not_followed, signatures_in_force
from clinic.worklist.reason import Reason, Urgency
from clinic.worklist.rhythms import Comings, comings
from twins.pharmacology.drug import Drug
from twins.pharmacology.formulary import drug
from twins.pharmacology.target import Metric, Target
from twins.records.courses import EPISODE_GAP
from twins.records.followed import followed
from twins.records.models import (
    Comparison,
    GivenDose,
    Job,
    JobKind,
    JobState,
    LevelForecast,
    Order,
    RecordState,
    StoredSample,
    TwinVersion,
)
from twins.records.models.job import NOT_DONE, OPEN_STATES
from twins.samples.channel import LEVELS, Channel
from twins.samples.course import FindingCode

Case = tuple[UUID, str]
"""A patient and one of their drugs: what a row of the list is about."""
DOUBTFUL = frozenset(
    {
        FindingCode.LEVEL_BEFORE_FIRST_DOSE,
        FindingCode.LEVEL_IN_FUTURE,
        FindingCode.LEVEL_SOON_AFTER_DOSE,
        FindingCode.DUPLICATE_LEVEL,
        FindingCode.DUPLICATE_DOSE,
    }
)
"""Findings that ask for a person's judgement of a value; the others only state what was assumed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One patient of the list on one drug; `drug` is None for who is on none that twins are kept for."""

    patient: Patient
    drug: Drug | None
    place: str
    reasons: tuple[Reason, ...]
    situation: Situation
    last_level: tuple[datetime, float] | None
    last_reading: datetime | None
    version: UUID | None
    """The twin version that it speaks of."""
    comparison: UUID | None
    decision: str
    is_first: bool = True
    """Whether the drug is the one that the patient's page shows unless told otherwise."""

    @property
    def urgency(self) -> Urgency:
        return self.reasons[0].urgency if self.reasons else Urgency.NOTE

    @property
    def rank(self) -> tuple[object, ...]:
        """Most pressing first; those on no drug last."""
        first = self.reasons[0] if self.reasons else None
        return (
            not self.situation.on_drug,
            -(first.urgency if first else 0),
            -(first.weight if first else 0),
            -len(self.reasons),
            str(self.patient),
        )


def worklist_rows(patients: Sequence[Patient], now: datetime) -> list[Row]:
    """A row for each drug of each patient, the one that needs attention most first; one for who is on none."""
    keys = [patient.pk for patient in patients]
    versions = _latest_versions(keys)
    comparisons = _default_comparisons([version["id"] for version in versions.values()])
    every_decision = _decisions(keys)
    decisions = {(one["subject_id"], one["drug"]): one for one in every_decision}  # the last of each stays
    signatures = signatures_in_force(every_decision)
    coming = comings(keys, now)
    levels, creatinine = _values(keys)
    doses = {
        (row["subject_id"], row["drug"]): row
        for row in GivenDose.objects.filter(subject__in=keys, drug__in=followed(), state=RecordState.ACTIVE)
        .values("subject_id", "drug")
        .annotate(first=Min("event_time"), last=Max("event_time"), received=Max("received_time"))
    }
    active = Order.objects.filter(subject__in=keys, drug__in=followed(), state=RecordState.ACTIVE)
    ordered = set(active.values_list("subject_id", "drug").distinct())
    foretold = _foretold(keys)
    places = _places(keys)
    unused = unused_of(keys, since=now - EPISODE_GAP, others=False)

    on = doses.keys() | ordered | versions.keys()
    on |= {(key, one.drug) for key, ones in unused.items() for one in ones if one.what in ("dose", "order")}
    drugs = {name: drug(name) for name in followed()}
    cases = [(patient, name) for patient in patients for name in drugs if (patient.pk, name) in on]
    jobs = _update_jobs((patient.pk, name) for patient, name in cases)
    somewhere = {patient.pk for patient, _ in cases}
    cases += [(patient, "") for patient in patients if patient.pk not in somewhere]
    firsts: dict[UUID, str] = {}
    rows = []
    for patient, name in cases:
        key, case = patient.pk, (patient.pk, name)
        version = versions.get(case)
        comparison = comparisons.get(version["id"]) if version else None
        decision = decisions.get(case)
        dose = doses.get(case, {})
        came = coming.get(key, Comings())
        channels = came.rhythms
        measured = [rhythm.last for rhythm in channels.values()]
        level = drugs[name].level_channel if name else None
        shown = ShownLevels.of(drugs[name]) if name else None
        levels_last = channels[level].last if level in channels else None
        times = [time for time in (*measured, dose.get("last")) if time]
        job = jobs.get(f"{key}/{name}")
        situation = Situation(
            on_drug=bool(name),
            level_unit=shown.name if shown else "",
            levels_come=level is not None,
            outcome=version["outcome"] if version else "",
            cannot_reason=shown.sentence(version["fit__reason"] or "") if version and shown else "",
            days=_chances(comparison, shown) if comparison and shown else (),
            creatinine=tuple(creatinine.get(key, ())),
            haemodialysis=patient.subject.haemodialysis_since is not None,
            first_dose=dose.get("first"),
            last_level=levels_last,
            surprise=_surprise(foretold.get(case), levels_last, shown) if shown else None,
            last_dose=dose.get("last"),
            last_data=max(times, default=None),
            devices={words.inside(said(channel.label)): one for channel, one in came.by_device().items()},
            device_faults=came.faults,
            unsigned=comparison is not None and not _decided_on(decision, version),
            signed_change=_signed_change(decision, version),
            awaiting_second=_awaiting(decision),
            decided_on_older=_older(decision, version),
            not_followed=not_followed(signatures.get(case), version),
            unused=tuple(one for one in unused.get(key, ()) if concerns(one, name)),
            doubts=_doubts(version) if version else 0,
            updating=job in OPEN_STATES,
            update_failed=job == JobState.FAILED,
        )
        rows.append(
            Row(
                patient=patient,
                drug=drugs.get(name),
                place=places.get(key, ""),
                reasons=reasons(situation, now),
                situation=situation,
                last_level=_shown(levels[case][-1], shown) if shown and levels.get(case) else None,
                last_reading=situation.last_data,
                version=version["id"] if version else None,
                comparison=_signed_comparison(decision, version) or (comparison["id"] if comparison else None),
                decision=_decision_words(decision, version),
                is_first=firsts.setdefault(key, name) == name,
            )
        )
    return sorted(rows, key=lambda row: row.rank)


def _latest_versions(keys: Iterable[UUID]) -> dict[Case, dict[str, Any]]:
    """The newest version of the first model of each drug of each subject, without its draws."""
    of_course = ("course__findings", "course__start", "course__until_h", "course__doses")
    found = TwinVersion.objects.filter(subject__in=keys, model_id__in=_firsts(), child__isnull=True).values(
        "id", "subject_id", "drug", "outcome", "data_until", "number", "fit__reason", *of_course
    )
    return {(version["subject_id"], version["drug"]): version for version in found}


def _firsts() -> list[str]:
    """The first model of each drug: a model is of one drug."""
    return [models[0] for models in followed().values()]


def _default_comparisons(version_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """The default comparison of each version: only the days of its current plan, not the curves."""
    found = Comparison.objects.filter(twin_version__in=version_ids, is_default=True).values(
        "id", "twin_version_id", "result__forecasts__0__days", "result__target"
    )
    return {comparison["twin_version_id"]: comparison for comparison in found}


def _chances(comparison: dict[str, Any], shown: ShownLevels) -> tuple[DayChance, ...]:
    target = shown.target(Target.from_json(comparison["result__target"]))
    return tuple(
        DayChance(
            k,
            day["p_in_target"],
            day["p_above"],
            day["p_below"],
            target.high,
            target.low,
            of_auc24=target.metric is Metric.AUC24,
        )
        for k, day in enumerate(comparison["result__forecasts__0__days"] or ())
    )


def _decisions(keys: Iterable[UUID]) -> list[dict[str, Any]]:
    """All of these subjects, in order of time, with the plans that were chosen among and nothing of their curves."""
    found = (
        TwinVersion.objects.filter(subject__in=keys, comparisons__decisions__isnull=False)
        .order_by("comparisons__decisions__decided_at")
        .values(
            "id",
            "subject_id",
            "drug",
            "data_until",
            "comparisons__decisions__decided_at",
            "comparisons__decisions__chosen_plan",
            "comparisons__decisions__needs_second",
            "comparisons__decisions__second__agreed",
            "comparisons__decisions__second__decided_at",
            "comparisons__decisions__amends",
            "comparisons__id",
            "comparisons__plans",
            "course__start",
            "course__until_h",
        )
    )
    return list(found)


def _decided_on(decision: dict[str, Any] | None, version: dict[str, Any] | None) -> bool:
    """Whether the last decision was on the newest version, be it on its default comparison or on one asked for."""
    return decision is not None and version is not None and decision["id"] == version["id"] and not _refused(decision)


def _needs(decision: dict[str, Any] | None) -> bool:
    return decision is not None and decision["comparisons__decisions__needs_second"]


def _awaiting(decision: dict[str, Any] | None) -> str:
    """The letter of the plan that was signed last and awaits another person's signature."""
    if decision is None or not _needs(decision) or decision["comparisons__decisions__second__agreed"] is not None:
        return ""
    return plan_letter(decision["comparisons__decisions__chosen_plan"])


def _refused(decision: dict[str, Any]) -> bool:
    return _needs(decision) and decision["comparisons__decisions__second__agreed"] is False


def _signed_comparison(decision: dict[str, Any] | None, version: dict[str, Any] | None) -> UUID | None:
    """The comparison of the newest version on which a plan was signed last."""
    if decision is None or not _decided_on(decision, version):
        return None
    return None if decision["comparisons__decisions__chosen_plan"] is None else decision["comparisons__id"]


def _signed_change(decision: dict[str, Any] | None, version: dict[str, Any] | None) -> str:
    """The letter of a signed plan that is not the current one; a new order would have made a new version."""
    if decision is None or _awaiting(decision) or _signed_comparison(decision, version) is None:
        return ""
    chosen = decision["comparisons__decisions__chosen_plan"]
    return plan_letter(chosen) if chosen else ""


def _older(decision: dict[str, Any] | None, version: dict[str, Any] | None) -> datetime | None:
    if decision is None or version is None or decision["id"] == version["id"]:
        return None
    return decision["data_until"]


def _decision_words(decision: dict[str, Any] | None, version: dict[str, Any] | None) -> str:
    if decision is None:
        return pgettext("decision", "none yet")
    newest = _decided_on(decision, version)
    if _awaiting(decision):
        fresh = pgettext("decision", "awaiting a second signature")
        older = pgettext("decision", "awaiting a second signature on earlier data")
    elif _refused(decision):
        return pgettext("decision", "second signature refused")
    elif decision["comparisons__decisions__chosen_plan"] is None:
        fresh, older = pgettext("decision", "declined"), pgettext("decision", "declined on earlier data")
    else:
        fresh, older = pgettext("decision", "signed"), pgettext("decision", "signed on earlier data")
    return fresh if newest else older


def _values(
    keys: Iterable[UUID],
) -> tuple[dict[Case, list[tuple[datetime, float]]], dict[UUID, list[tuple[datetime, float]]]]:
    """Levels of each drug and creatinine of each subject in order of time."""
    levels: dict[Case, list[tuple[datetime, float]]] = defaultdict(list)
    creatinine: dict[UUID, list[tuple[datetime, float]]] = defaultdict(list)
    found = (
        StoredSample.objects.filter(
            subject__in=keys, state=RecordState.ACTIVE, channel__in=(*LEVELS, Channel.CREATININE)
        )
        .order_by("event_time")
        .values_list("subject_id", "channel", "event_time", "value")
    )
    for key, channel, time, value in found:
        if channel == Channel.CREATININE:
            creatinine[key].append((time, value))
        else:
            levels[key, channel].append((time, value))  # a channel of levels is named as its drug
    return levels, creatinine


def _foretold(keys: Iterable[UUID]) -> dict[Case, dict[str, Any]]:
    """Of each drug of each subject the last level that a version of the first model had spoken of before it came."""
    found = LevelForecast.objects.filter(subject__in=keys, model_id__in=_firsts())
    columns = ("subject_id", "drug", "event_time", "measured", "q05", "q95")
    return {(row["subject_id"], row["drug"]): row for row in found.order_by("event_time", "pk").values(*columns)}


def _shown(level: tuple[datetime, float], shown: ShownLevels) -> tuple[datetime, float]:
    return level[0], shown.value(level[1])


def _surprise(
    foretold: dict[str, Any] | None, last_level: datetime | None, shown: ShownLevels
) -> tuple[float, float, float] | None:
    """The last level and the band it lies outside of, in the unit that pages show."""
    if foretold is None or foretold["event_time"] != last_level:
        return None
    value, low, high = foretold["measured"], foretold["q05"], foretold["q95"]
    return None if low <= value <= high else (shown.value(value), shown.value(low), shown.value(high))


def _update_jobs(cases: Iterable[Case]) -> dict[str, str]:
    """The state of the last update job of each ``<subject>/<drug>``, where it is not done."""
    updates = Job.objects.filter(kind=JobKind.TWIN_UPDATE)
    later = updates.filter(key=OuterRef("key"), enqueued_at__gt=OuterRef("enqueued_at"))
    names = [f"{key}/{drug}" for key, drug in cases]
    found = updates.filter(key__in=names, state__in=NOT_DONE).exclude(Exists(later))
    return dict(found.values_list("key", "state"))


def _places(keys: Iterable[UUID]) -> dict[UUID, str]:
    found = Encounter.objects.filter(patient__in=keys, ended__isnull=True).order_by("started")
    return dict(found.values_list("patient_id", "location"))


def _doubts(version: dict[str, Any]) -> int:
    return sum(finding["code"] in DOUBTFUL for finding in version["course__findings"] or ())
