"""order-sign: what is tried is kept too, as the comparison that its card leads to."""

from django.db import transaction

from integrations.cds_hooks.order_select import Trial
from twins.forecasts.compare import compare
from twins.records.models import Comparison
from twins.records.store import store_comparison


def kept(trial: Trial, *, asked_by: str) -> Comparison | None:
    """The comparison of the trial's plans on its stored twin: the one that there is, or a new one.

    None where the twin is not stored. Nothing of it is an order.
    """
    basis, plans = trial.basis, trial.plans
    version = basis.version
    if version is None:
        return None
    asked = [plan.to_json() for plan in plans]
    known = Comparison.objects.filter(twin_version=version, is_default=False, plans=asked).defer("result").first()
    if known is not None:
        return known
    result = compare(basis.model, basis.course, basis.fit, plans, target=basis.drug.target)
    with transaction.atomic():
        return store_comparison(version=version, plans=plans, result=result, asked_by=asked_by)
