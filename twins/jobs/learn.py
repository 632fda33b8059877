"""From the stored records to new twin versions: build the course, individualise each model, compare, store."""

from django.conf import settings
from django.db import transaction

from twins.estimation.fit import Fit
from twins.estimation.individualise import individualise, seed_for
from twins.forecasts.compare import compare
from twins.forecasts.forecast import ComparisonResult
from twins.forecasts.optimise import propose
from twins.jobs.claim import Lease
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, current_plan
from twins.records.courses import build_course
from twins.records.house import drug_here
from twins.records.ledger import enter
from twins.records.models import Subject
from twins.records.standing import FORECASTABLE
from twins.records.store import store_comparison, store_version
from twins.records.twins import latest, model_ids
from twins.samples.course import Course

_ROUNDS = 20
"""Data that change so often while a fit runs are not a passing race."""


def learn(lease: Lease) -> None:
    """Bring the subject's twins up to date with their records.

    Nothing is stored for a model whose latest version has the same course and model version. The course is built again
    under the lock in which the versions are stored, so that of two workers the one with the older data starts over.
    """
    drug = lease.job.parameters["drug"]
    subject = Subject.objects.get(pk=lease.job.parameters["subject"])
    made: dict[str, tuple[Fit, tuple[Plan, ...], ComparisonResult | None]] = {}
    digest = ""
    for _ in range(_ROUNDS):
        with lease.kept():
            course = build_course(subject, drug)
            if course is not None and course.digest() != digest:
                digest, made = course.digest(), {}
            for model_id in model_ids(drug) if course else ():
                if model_id not in made and not up_to_date(subject, model_id, course):
                    made[model_id] = individual(model_id, course, with_comparison=model_id == model_ids(drug)[0])
        with transaction.atomic():
            # Only the key stays free: rows that point to the subject can come in meanwhile without a deadlock.
            Subject.objects.select_for_update(no_key=True).get(pk=subject.pk)
            now = build_course(subject, drug)
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


def individual(
    model_id: str, course: Course, *, with_comparison: bool
) -> tuple[Fit, tuple[Plan, ...], ComparisonResult | None]:
    """The fit, and where it can be forecast and is asked for, the default plans and their comparison."""
    model = formulary.model(model_id)
    fit = individualise(model, course, seed=seed_for(course.digest(), model_id), draws=settings.POSTERIOR_DRAWS)
    if not with_comparison or fit.outcome not in FORECASTABLE:
        return fit, (), None
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


def _store(
    subject: Subject,
    course: Course,
    made: dict[str, tuple[Fit, tuple[Plan, ...], ComparisonResult | None]],
    asked_by: str,
) -> dict[str, object]:
    result: dict[str, object] = {"versions": []}
    for model_id, (fit, plans, compared) in made.items():
        if up_to_date(subject, model_id, course):  # another worker stored the same meanwhile
            continue
        version = store_version(
            subject=subject,
            course=course,
            fit=fit,
            parent=latest(subject, course.drug, model_id),
            asked_by=asked_by,
        )
        result["versions"].append(str(version.pk))
        enter(version, course)
        if compared is not None:
            comparison = store_comparison(
                version=version, plans=plans, result=compared, asked_by=asked_by, is_default=True
            )
            result["comparison"] = str(comparison.pk)
    return result
