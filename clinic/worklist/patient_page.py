"""Everything the patient page shows, put together from the records."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from clinic.charts.parameters import ParameterRow, parameter_rows
from clinic.charts.shown_levels import ShownLevels
from clinic.charts.twin_facts import (
    CovariateRow,
    FindingRow,
    Opinion,
    Quality,
    contradictions,
    covariate_rows,
    finding_rows,
    opinion,
    quality,
)
from clinic.charts.words import plan_title
from clinic.patients.models import Patient
from twins.estimation.fit import Fit
from twins.forecasts.forecast import ComparisonResult, PlanForecast, Target
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import current_plan
from twins.records.followed import every_model, followed, no_longer
from twins.records.house import drug_here
from twins.records.models import Comparison, TwinVersion
from twins.records.twins import course_of, fit_of, result_of
from twins.samples.course import Course

ASKED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class TwinCard:
    """One model's twin of the patient."""

    version: TwinVersion
    model: PopulationModel
    fit: Fit
    quality: Quality
    parameters: tuple[ParameterRow, ...]
    opinion: Opinion

    @property
    def contradicting(self) -> tuple[str, ...]:
        """Why the levels do not fit the model, in the reader's language."""
        return contradictions(self.fit, self.model)


@dataclass(frozen=True, slots=True)
class TwinView:
    """The twins of the patient and what follows from the first of them, levels in the unit that pages show."""

    card: TwinCard
    no_longer: str
    """Why it learns nothing any more, where that is so."""
    others: tuple[TwinCard, ...]
    course: Course
    covariates: tuple[CovariateRow, ...]
    findings: tuple[FindingRow, ...]
    comparison: Comparison | None
    asked: tuple[Comparison, ...]
    """Comparisons that people asked for on this version, the newest first."""
    result: ComparisonResult | None
    """Of the default comparison."""
    target: Target
    current_title: str

    @property
    def current(self) -> PlanForecast | None:
        """The forecast of the current plan."""
        return self.result.forecasts[0] if self.result else None

    @classmethod
    def of(cls, patient: Patient, drug: str) -> "TwinView | None":
        """None where no twin was made yet."""
        newest = {
            version.model_id: version
            for version in TwinVersion.objects.filter(subject=patient.subject, drug=drug, child__isnull=True)
        }
        ids = [model_id for model_id in followed().get(drug, ()) if model_id in newest]
        if not ids and newest:  # it is not followed any more, or by models that have not learned of the patient yet
            ids = [model_id for model_id in every_model(drug) if model_id in newest][:1]
        if not ids:
            return None
        levels = ShownLevels.of(drug)
        course = levels.course(course_of(newest[ids[0]]))
        plan = current_plan(course)
        daily = plan.regimen.daily_mg if plan and plan.regimen else None
        first, *others = (_card(newest[model_id], daily) for model_id in ids)
        comparison = Comparison.objects.filter(twin_version=first.version, is_default=True).first()
        result = levels.result(result_of(comparison)) if comparison else None
        return cls(
            card=first,
            no_longer=no_longer(first.version),
            others=tuple(others),
            course=course,
            covariates=covariate_rows(course, first.model),
            findings=finding_rows(course),
            comparison=comparison,
            asked=tuple(
                Comparison.objects.filter(twin_version=first.version, is_default=False).defer("result")[:ASKED_SHOWN]
            ),
            result=result,
            target=levels.target(drug_here(drug).target),
            current_title=plan_title(plan) if plan else _("No dose ordered or given"),
        )


def _card(version: TwinVersion, daily_mg: float | None) -> TwinCard:
    fit = ShownLevels.of(version.drug).fit(fit_of(version))
    model = formulary.model(version.model_id)
    return TwinCard(
        version=version,
        model=model,
        fit=fit,
        quality=quality(fit),
        parameters=parameter_rows(fit, model),
        opinion=opinion(fit, model, daily_mg),
    )
