"""Store what was computed: twin versions and comparisons, each with its digest, and the word of it to the listeners.

Both are called inside the transaction of the job that computed them.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from twins.estimation.fit import Fit
from twins.forecasts.forecast import ComparisonResult
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at
from twins.records.models import Comparison, Subject, TwinVersion
from twins.records.runtime import code_version, runtime
from twins.records.signals import comparison_made, twin_updated
from twins.records.twins import canonical, draw_bytes
from twins.samples.course import Course


def fit_digest(fit: Fit) -> str:
    """SHA-256 over the fit as canonical JSON and the bytes of the draws."""
    return hashlib.sha256(canonical(fit.to_json()) + draw_bytes(fit.draws)).hexdigest()


def comparison_digest(plans: Sequence[Plan], result: ComparisonResult) -> str:
    """SHA-256 over plans and result as canonical JSON: what a decision refers to."""
    return _digest({"plans": [plan.to_json() for plan in plans], "result": result.to_json()})


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(data)).hexdigest()


def store_version(
    *, subject: Subject, course: Course, fit: Fit, parent: TwinVersion | None, asked_by: str
) -> TwinVersion:
    """A new version after `parent`, with the number that follows.

    Raises
    ------
    django.db.IntegrityError
        If `parent` has a child already: another worker was first.
    """
    version = TwinVersion.objects.create(
        subject=subject,
        drug=course.drug,
        model_id=fit.model_id,
        model_version=fit.model_version,
        number=parent.number + 1 if parent else 1,
        parent=parent,
        course=course.to_json(),
        course_digest=course.digest(),
        data_until=moment_at(course.start, course.until_h),
        code_version=code_version(),
        runtime=runtime(),
        seed=fit.seed,
        outcome=fit.outcome.name,
        fit=fit.to_json(),
        draws=draw_bytes(fit.draws),
        digest=fit_digest(fit),
    )
    twin_updated.send(TwinVersion, instance=version, asked_by=asked_by)
    return version


def store_comparison(
    *, version: TwinVersion, plans: Sequence[Plan], result: ComparisonResult, asked_by: str, is_default: bool = False
) -> Comparison:
    """The comparison of `plans` on `version`."""
    data = {"plans": [plan.to_json() for plan in plans], "result": result.to_json()}
    comparison = Comparison.objects.create(
        twin_version=version,
        **data,
        digest=_digest(data),
        is_default=is_default,
        asked_by=asked_by,
        code_version=code_version(),
        runtime=runtime(),
    )
    comparison_made.send(Comparison, instance=comparison, asked_by=asked_by)
    return comparison
