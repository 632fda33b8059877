"""Compute the comparison that a person asked for, and store it."""

from django.db import transaction

from twins.estimation.fit import OUTCOMES, Fit, FitOutcome
from twins.forecasts.averaged import compare_averaged
from twins.forecasts.compare import compare
from twins.jobs.claim import Lease
from twins.jobs.work import JobError
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.quantities.sentence import ANY, Sentence
from twins.records.house import drug_here
from twins.records.models import TwinVersion
from twins.records.standing import FORECASTABLE
from twins.records.store import store_comparison
from twins.records.together import together
from twins.records.twins import course_of, fit_of

_CANNOT = Sentence("{outcome} {reason}", outcome=OUTCOMES, reason=ANY)
_OTHER_VERSION = Sentence(
    "The twin was made with version {then} of {model}, which is now {now}; wait for its update and ask again."
)


def ask(lease: Lease) -> None:
    """Compare the job's plans on its twin version, or on those of several models together.

    Raises
    ------
    JobError
        If nothing can be forecast from that version, or its model has changed since.
    """
    version = TwinVersion.objects.get(pk=lease.job.parameters["version"])
    plans = tuple(Plan.from_json(plan) for plan in lease.job.parameters["plans"])
    others = [TwinVersion.objects.get(pk=pk) for pk in lease.job.parameters.get("others", ())]
    with lease.kept():
        versions = together(version, others)
        fits = [fit_of(each) for each in versions]
        models = [_model(each, fit) for each, fit in zip(versions, fits, strict=True)]
        course, target = course_of(version), drug_here(version.drug).target
        if others:
            result = compare_averaged(
                models, fits, course, plans, target=target, twins=[each.digest for each in versions]
            )
        else:
            result = compare(models[0], course, fits[0], plans, target=target)
    with transaction.atomic():
        comparison = store_comparison(version=version, plans=plans, result=result, asked_by=lease.job.asked_by)
        lease.finish({"comparison": str(comparison.pk)})


def _model(version: TwinVersion, fit: Fit) -> PopulationModel:
    """The model as it was when the twin was made; raises `JobError` where nothing can be forecast from it."""
    if fit.outcome not in FORECASTABLE:
        raise JobError(_CANNOT(outcome=FitOutcome(fit.outcome), reason=fit.reason))
    model = formulary.model(version.model_id)
    if model.version != version.model_version:
        raise JobError(_OTHER_VERSION(then=version.model_version, model=model.title, now=model.version))
    return model
