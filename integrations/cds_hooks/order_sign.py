"""order-sign: what is tried is kept too, as the comparison that its card leads to."""

from integrations.cds_hooks.order_select import Trial
from twins.jobs.comparison import request_comparison
from twins.records.models import Comparison, Job


def kept(trial: Trial, *, asked_by: str) -> Comparison | Job | None:
    """The comparison of the trial's plans on its stored twin, if there is one, else the job that makes it.

    The card's own numbers are computed in the call. The comparison explains them as well, which takes ten times as
    long: a worker makes it, from the same stored draws and so with the same numbers. None where the twin is not stored.
    Nothing of it is an order.
    """
    version, plans = trial.basis.version, trial.plans
    if version is None:
        return None
    asked = [plan.to_json() for plan in plans]
    known = Comparison.objects.filter(twin_version=version, is_default=False, plans=asked).defer("result").first()
    return known or request_comparison(version, plans, asked_by=asked_by)
