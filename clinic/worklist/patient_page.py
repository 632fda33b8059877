"""Everything the patient page shows, put together from the records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from clinic.charts.palette import plan_letter
from clinic.charts.parameters import ParameterRow, parameter_rows
from clinic.charts.twin_facts import (
    CovariateRow,
    FindingRow,
    Opinion,
    Quality,
    covariate_rows,
    finding_rows,
    opinion,
    quality,
)
from clinic.charts.words import clock, first_dose, plan_title
from clinic.patients.models import Patient
from clinic.worklist.rows import DRUG
from twins.estimation.fit import Fit
from twins.forecasts.forecast import PlanForecast, Target
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, current_plan
from twins.records.house import drug_here
from twins.records.models import (
    Comparison,
    GivenDose,
    Order,
    Question,
    RecordState,
    StoredSample,
    TwinVersion,
)
from twins.records.twins import course_of, fit_of, result_of
from twins.samples.channel import Channel
from twins.samples.course import Course

ASKED_SHOWN = 10
CHANNELS_SHOWN = (Channel.VANCOMYCIN, Channel.CREATININE, Channel.WEIGHT, Channel.HEIGHT)


@dataclass(frozen=True, slots=True)
class TwinCard:
    """One model's twin of the patient."""

    version: TwinVersion
    model: PopulationModel
    fit: Fit
    quality: Quality
    parameters: tuple[ParameterRow, ...]
    opinion: Opinion


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record in use, and the open question about it."""

    what: str
    detail: str
    time: datetime
    record: GivenDose | StoredSample | Order
    question: Question | None


@dataclass(frozen=True, slots=True)
class Records:
    """The subject's records in use, in order of time."""

    doses: list[GivenDose]
    samples: list[StoredSample]
    orders: list[Order]
    questions: Mapping[str, Question]
    replaced: int
    """How many versions were superseded or withdrawn by their sources."""

    @classmethod
    def of(cls, patient: Patient) -> "Records":
        subject = patient.subject
        in_use = {"subject": subject, "state": RecordState.ACTIVE}
        samples = StoredSample.objects.filter(subject=subject, channel__in=CHANNELS_SHOWN).order_by("event_time", "pk")
        doses = GivenDose.objects.filter(subject=subject, drug=DRUG).order_by("event_time", "pk")
        used_samples = [s for s in samples if s.state == RecordState.ACTIVE]
        used_doses = [d for d in doses if d.state == RecordState.ACTIVE]
        return cls(
            doses=used_doses,
            samples=used_samples,
            orders=list(Order.objects.filter(**in_use, drug=DRUG).order_by("event_time", "pk")),
            questions={
                question.source_key: question
                for question in Question.objects.filter(subject=subject, withdrawn_at__isnull=True)
            },
            replaced=len(samples) + len(doses) - len(used_samples) - len(used_doses),
        )

    def rows(self) -> tuple[list[RecordRow], list[RecordRow]]:
        """Levels and doses, the newest first; and what the twin reads besides."""

        def row(what: str, detail: str, record: GivenDose | StoredSample | Order) -> RecordRow:
            return RecordRow(what, detail, record.event_time, record, self.questions.get(record.source_key))

        main = [row("Dose", f"{dose.amount_mg:g} mg {_length(dose.duration_h)}", dose) for dose in self.doses]
        besides = [
            row(
                "Order",
                f"{order.amount_mg:g} mg every {order.interval_h:g} h {_length(order.duration_h)}",
                order,
            )
            for order in self.orders
        ]
        for sample in self.samples:
            channel = Channel(sample.channel)
            unit = {"mm[Hg]": "mmHg", "Cel": "°C"}.get(channel.unit, channel.unit)
            made = row(channel.label, f"{sample.value:.4g} {unit}", sample)
            (main if channel is Channel.VANCOMYCIN else besides).append(made)
        return (
            sorted(main, key=lambda item: item.time, reverse=True),
            sorted(besides, key=lambda item: item.time, reverse=True),
        )


def _length(duration_h: float | None) -> str:
    if duration_h is None:
        return "(end not recorded)"
    return f"over {duration_h:.3g} h" if duration_h else "as a bolus"


@dataclass(frozen=True, slots=True)
class TwinView:
    """The twins of the patient and what follows from the first of them."""

    card: TwinCard
    others: tuple[TwinCard, ...]
    course: Course
    covariates: tuple[CovariateRow, ...]
    findings: tuple[FindingRow, ...]
    comparison: Comparison | None
    asked: tuple[Comparison, ...]
    """Comparisons that people asked for on this version, the newest first."""
    current: PlanForecast | None
    target: Target
    current_title: str

    @classmethod
    def of(cls, patient: Patient) -> "TwinView | None":
        """None where no twin was made yet."""
        newest = {
            version.model_id: version
            for version in TwinVersion.objects.filter(subject=patient.subject, drug=DRUG, child__isnull=True)
        }
        ids = [model_id for model_id in settings.TWIN_MODELS[DRUG] if model_id in newest]
        if not ids:
            return None
        course = course_of(newest[ids[0]])
        plan = current_plan(course)
        daily = plan.regimen.daily_mg if plan and plan.regimen else None
        first, *others = (_card(newest[model_id], daily) for model_id in ids)
        comparison = Comparison.objects.filter(twin_version=first.version, is_default=True).first()
        result = result_of(comparison) if comparison else None
        return cls(
            card=first,
            others=tuple(others),
            course=course,
            covariates=covariate_rows(course, first.model),
            findings=finding_rows(course),
            comparison=comparison,
            asked=tuple(
                Comparison.objects.filter(twin_version=first.version, is_default=False).defer("result")[:ASKED_SHOWN]
            ),
            current=result.forecasts[0] if result else None,
            target=drug_here(DRUG).target,
            current_title=plan_title(plan) if plan else "No dose ordered or given",
        )


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One past decision; `chosen` is empty where all plans were declined."""

    comparison: Comparison
    chosen: str
    reason: str
    who: str
    at: datetime

    @classmethod
    def last_of(cls, patient: Patient, count: int) -> "list[DecisionRow]":
        """The last `count` decisions about the patient, the newest first."""
        found = (
            Comparison.objects.filter(twin_version__subject=patient.subject, decisions__isnull=False)
            .annotate(course_start=F("twin_version__course__start"))
            .select_related("twin_version")
            .prefetch_related("decisions__decided_by")
            .defer("result", "twin_version__draws", "twin_version__course", "twin_version__fit")
            .order_by("-decisions__decided_at")[:count]
        )
        rows = []
        for comparison in found:
            for decision in comparison.decisions.all():
                k = decision.chosen_plan
                chosen = "" if k is None else f"{plan_letter(k)}, {_named(comparison, k)}"
                who = decision.decided_by.get_full_name() or decision.decided_by.get_username()
                rows.append(cls(comparison, chosen, decision.reason, who, decision.decided_at))
        return rows


def _named(comparison: Comparison, position: int) -> str:
    """One plan of a comparison that carries its `course_start`, with the time of the first dose."""
    plan = Plan.from_json(comparison.plans[position])
    first = first_dose(plan, datetime.fromisoformat(comparison.course_start))
    return plan_title(plan, clock(first, timezone.get_current_timezone()) if first else "")


def _card(version: TwinVersion, daily_mg: float | None) -> TwinCard:
    fit = fit_of(version)
    model = formulary.model(version.model_id)
    return TwinCard(
        version=version,
        model=model,
        fit=fit,
        quality=quality(fit),
        parameters=parameter_rows(fit, model),
        opinion=opinion(fit, model, daily_mg),
    )
