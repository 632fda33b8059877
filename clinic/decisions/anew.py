"""Ask what the newest twin says of a plan that was signed on earlier data."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.decisions.keep import allowed
from clinic.decisions.models import Decision
from clinic.decisions.refusal import NothingInForceError, StaleComparisonError
from clinic.twin_words.said import said
from twins.jobs.comparison import request_comparison
from twins.pharmacology.continued import continued
from twins.pharmacology.regimen import Plan, current_plan
from twins.quantities.clock import hours_between
from twins.records.followed import no_longer
from twins.records.models import Job, TwinVersion
from twins.records.standing import FORECASTABLE
from twins.records.together import siblings
from twins.records.twins import course_of

_FORECASTABLE = frozenset(outcome.name for outcome in FORECASTABLE)


def ask_anew(*, decision: Decision, by: AbstractBaseUser, actor: Actor) -> Job:
    """Request a comparison of the plan in force now and of what is left of the signed one, on the newest twin.

    What several models answered together is asked of those again that have a twin of the newest data.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant asking, or the patient is in none of the person's care teams.
    NothingInForceError
        No plan was signed by this decision.
    StaleComparisonError
        The newest twin of its model learns nothing any more.
    """
    version = decision.comparison.twin_version
    allowed(decision.comparison, by, Permission.COMPARISON_ASK)
    if decision.chosen_plan is None:
        raise NothingInForceError(_("All plans were declined; no plan can be looked at again."))
    newest = TwinVersion.objects.filter(
        subject=version.subject_id, drug=version.drug, model_id=version.model_id
    ).latest("number")
    if why := said(no_longer(newest)):
        raise StaleComparisonError(_("{why}; ask for a comparison on the patient's page.").format(why=why))
    averaged = decision.comparison.result.get("averaged") is not None
    others = [other for other in siblings(newest) if other.outcome in _FORECASTABLE] if averaged else []
    course = course_of(newest)
    signed = continued(
        Plan.from_json(decision.comparison.plans[decision.chosen_plan]),
        shift_h=hours_between(course.start, course_of(version).start),
        from_h=course.until_h,
        label="As signed",
    )
    plans = (current_plan(course) or Plan("No further doses", None), signed)
    with transaction.atomic():
        job = request_comparison(newest, plans, asked_by=key_of(by), others=others)
        record(
            by=actor,
            action=Action.EXECUTE,
            activity="comparison.ask",
            subject_key=version.subject_id,
            entity_type="TwinVersion",
            entity_id=newest.pk,
            entity_version=newest.digest,
            detail={"job": str(job.pk), "plans": len(plans), "decision": str(decision.pk)},
        )
    return job
