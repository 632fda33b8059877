"""Sign one plan of a comparison, or decline them all: first, on the newest data, with a reason, and on record."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.audit.event import Actor
from clinic.charts.words import clock_with_zone
from clinic.decisions import keep
from clinic.decisions.models import Decision, Standing
from clinic.decisions.refusal import AlreadyDecidedError, stated
from twins.records.models import Comparison

REASON_LIMIT = keep.REASON_LIMIT


def sign(
    *,
    comparison: Comparison,
    plan_position: int,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    seen_digest: str | None = None,
    acknowledged: Collection[str] = (),
) -> Decision:
    """Choose the plan at `plan_position` (0 is the current one).

    A plan of the same drug that was signed on another comparison is replaced by this one: a patient has one regimen of
    a drug. Of a high-alert drug the signature awaits that of another person.

    Parameters
    ----------
    seen_digest
        Digest of the comparison that was on the page; a page always gives it, so that one signs what one saw.
    acknowledged
        Keys of what the person ticked; see `clinic.decisions.acknowledged`.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant it, or the patient is not open to the person.
    DecisionError
        No reason, no such plan, newer or changed data, another page than the one seen, decided already, or something
        not acknowledged.
    """
    return _decide(comparison, keep.one_of(comparison, plan_position), reason, by, actor, seen_digest, acknowledged)


def decline(
    *, comparison: Comparison, reason: str, by: AbstractBaseUser, actor: Actor, seen_digest: str | None = None
) -> Decision:
    """Choose none of the plans; a plan that was signed earlier stays signed. Raises as `sign` does."""
    return _decide(comparison, None, reason, by, actor, seen_digest)


def signed_before(comparison: Comparison) -> Decision | None:
    """The last decision of the chain that a signature on `comparison` replaces: on another one, and still to be heeded.

    It is the last that amends nothing yet; where its second signature was refused, one before it may be in force.
    """
    version = comparison.twin_version
    ends = (
        Decision.objects.filter(
            comparison__twin_version__subject=version.subject_id,
            comparison__twin_version__drug=version.drug,
            amended_by__isnull=True,
            chosen_plan__isnull=False,
        )
        .exclude(comparison=comparison)
        .select_related("second", "amends__second", "decided_by")
        .order_by("-decided_at")
    )
    for end in ends:
        if end.standing is not Standing.REFUSED:
            return end
        earlier = end.replaces
        if earlier is not None and earlier.chosen_plan is not None:
            return end
    return None


def _decide(
    comparison: Comparison,
    chosen: int | None,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    seen_digest: str | None,
    acknowledged: Collection[str] = (),
) -> Decision:
    keep.allowed(comparison, by)
    text = stated(reason, REASON_LIMIT)
    keep.as_seen(comparison, seen_digest)
    with transaction.atomic():
        keep.lock(comparison)
        keep.refuse_outdated(comparison.twin_version)
        earlier = comparison.decisions.order_by("-number").first()
        if earlier is not None:
            at = clock_with_zone(earlier.decided_at, timezone.get_current_timezone())
            words = _(
                "This comparison was decided at {time} ({decision}); amend that decision, or ask for a new comparison."
            )
            raise AlreadyDecidedError(words.format(time=at, decision=earlier.words))
        return keep.keep(
            comparison=comparison,
            chosen=chosen,
            reason=text,
            by=by,
            actor=actor,
            acknowledged=acknowledged,
            activity="comparison.decline" if chosen is None else "comparison.sign",
            amends=None if chosen is None else signed_before(comparison),
        )
