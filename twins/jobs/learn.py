"""From the stored records to new twin versions: build the course, individualise each model, compare, store."""

from typing import TypeAlias

from django.conf import settings
from django.db import transaction

from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.individualise import individualise, seed_for
from twins.forecasts.compare import compare
from twins.forecasts.forecast import ComparisonResult
from twins.forecasts.optimise import propose
from twins.jobs.claim import Lease
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, current_plan
from twins.records.courses import build_course
from twins.records.followed import followed, held
from twins.records.house import drug_here
from twins.records.ledger import enter
from twins.records.models import Subject, TwinVersion
from twins.records.standing import FORECASTABLE
from twins.records.store import store_comparison, store_version
from twins.records.twins import fit_of, latest
from twins.samples.course import Course

Made: TypeAlias = tuple[Fit, tuple[Plan, ...], ComparisonResult | None]
"""A fit, and what was forecast from it, if anything was."""
_ROUNDS = 20
"""Data that change so often while a fit runs are not a passing race."""


def learn(lease: Lease) -> None:
    """Bring the subject's twins up to date with their records.

    Nothing is stored for a model whose latest version has the same course and model version; but the comparison is
    made where the drug's first model has none yet, since it was not the first when its twin was made. The course and
    the models are read again under the lock in which the versions are stored, so that of two workers the one with the
    older data starts over. Of a drug that is not followed any more nothing is made.
    """
    drug = lease.job.parameters["drug"]
    subject = Subject.objects.get(pk=lease.job.parameters["subject"])
    made: dict[str, Made] = {}
    basis: object = None
    for _ in range(_ROUNDS):
        with lease.kept(), held():
            models = followed().get(drug, ())
            course = build_course(subject, drug) if models else None
            if course is not None:
                if (models, course.digest()) != basis:
                    basis, made = (models, course.digest()), {}
                for model_id in models:
                    if model_id not in made and not up_to_date(subject, model_id, course):
                        made[model_id] = individual(model_id, course, with_comparison=model_id == models[0])
                if models[0] not in made and (led := _uncompared(subject, models[0], drug)) is not None:
                    made[models[0]] = compared(models[0], course, fit_of(led))
        with transaction.atomic():
            # Only the key stays free: rows that point to the subject can come in meanwhile without a deadlock.
            Subject.objects.select_for_update(no_key=True).get(pk=subject.pk)
            if followed().get(drug, ()) != models:
                continue
            now = build_course(subject, drug) if models else None
            if (now.digest() if now else None) != (course.digest() if course else None):
                continue
            lease.finish(_store(subject, course, made, lease.job.asked_by) if course else {"versions": []})
            return
    raise RuntimeError(f"the records changed {_ROUNDS} times while their twin was computed; ask again")


def up_to_date(subject: Subject, model_id: str, course: Course) -> bool:
    """Whether the latest version was computed from this course by this version of the model."""
    version = latest(subject, course.drug, model_id)
    return (
        version is not None
        and version.course_digest == course.digest()
        and version.model_version == formulary.model(model_id).version
    )


def _uncompared(subject: Subject, model_id: str, drug: str) -> TwinVersion | None:
    """The latest version, if it could be forecast from and nothing was."""
    version = latest(subject, drug, model_id)
    if version is None or FitOutcome[version.outcome] not in FORECASTABLE:
        return None
    return None if version.comparisons.filter(is_default=True).exists() else version


def individual(model_id: str, course: Course, *, with_comparison: bool) -> Made:
    """The fit, and where it can be forecast and is asked for, the default plans and their comparison."""
    model = formulary.model(model_id)
    fit = individualise(model, course, seed=seed_for(course.digest(), model_id), draws=settings.POSTERIOR_DRAWS)
    return compared(model_id, course, fit) if with_comparison else (fit, (), None)


def compared(model_id: str, course: Course, fit: Fit) -> Made:
    """The fit, and where it can be forecast, the default plans and their comparison."""
    if fit.outcome not in FORECASTABLE:
        return fit, (), None
    model = formulary.model(model_id)
    plans = default_plans(model, course, fit)
    return fit, plans, compare(model, course, fit, plans, target=drug_here(course.drug).target)


def default_plans(model: PopulationModel, course: Course, fit: Fit) -> tuple[Plan, ...]:
    """The current plan (or no further doses, where none is known) first, then what the regimen search proposes."""
    drug = drug_here(course.drug)
    current = current_plan(course)
    first = current or Plan("No further doses", None)
    proposed = propose(model, course, fit, current=current, target=drug.target, practice=drug.practice)
    plans = (first, *(plan for plan in proposed if plan.regimen != first.regimen))
    if len(plans) == 1:
        plans = (*plans, Plan("No further doses", None))
    return plans


def _store(subject: Subject, course: Course, made: dict[str, Made], asked_by: str) -> dict[str, object]:
    result: dict[str, object] = {"versions": []}
    for model_id, (fit, plans, answer) in made.items():
        version = latest(subject, course.drug, model_id)
        if version is None or not up_to_date(subject, model_id, course):  # else another worker stored it meanwhile
            version = store_version(subject=subject, course=course, fit=fit, parent=version, asked_by=asked_by)
            result["versions"].append(str(version.pk))
            enter(version, course)
        if answer is not None and not version.comparisons.filter(is_default=True).exists():
            comparison = store_comparison(
                version=version, plans=plans, result=answer, asked_by=asked_by, is_default=True
            )
            result["comparison"] = str(comparison.pk)
    return result
