"""Compute the comparison that a person asked for, and store it."""

from django.db import transaction

from twins.estimation.fit import OUTCOMES, FitOutcome
from twins.forecasts.compare import compare
from twins.jobs.claim import Lease
from twins.jobs.work import JobError
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan
from twins.quantities.sentence import ANY, Sentence
from twins.records.house import drug_here
from twins.records.models import TwinVersion
from twins.records.standing import FORECASTABLE
from twins.records.store import store_comparison
from twins.records.twins import course_of, fit_of

_CANNOT = Sentence("{outcome} {reason}", outcome=OUTCOMES, reason=ANY)
_OTHER_VERSION = Sentence(
    "The twin was made with version {then} of {model}, which is now {now}; wait for its update and ask again."
)


def ask(lease: Lease) -> None:
    """Compare the job's plans on its twin version.

    Raises
    ------
    JobError
        If nothing can be forecast from that version, or its model has changed since.
    """
    version = TwinVersion.objects.get(pk=lease.job.parameters["version"])
    plans = tuple(Plan.from_json(plan) for plan in lease.job.parameters["plans"])
    with lease.kept():
        fit = fit_of(version)
        if fit.outcome not in FORECASTABLE:
            raise JobError(_CANNOT(outcome=FitOutcome(fit.outcome), reason=fit.reason))
        model = formulary.model(version.model_id)
        if model.version != version.model_version:
            raise JobError(_OTHER_VERSION(then=version.model_version, model=model.title, now=model.version))
        course = course_of(version)
        result = compare(model, course, fit, plans, target=drug_here(version.drug).target)
    with transaction.atomic():
        comparison = store_comparison(version=version, plans=plans, result=result, asked_by=lease.job.asked_by)
        lease.finish({"comparison": str(comparison.pk)})
