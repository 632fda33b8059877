"""Amend a decision by another one, which points to it: the row that is there is never edited."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.audit.event import Actor
from clinic.decisions import keep
from clinic.decisions.models import Decision
from clinic.decisions.refusal import AlreadyAmendedError, NothingInForceError, OtherInForceError, stated
from clinic.decisions.sign import signed_before


def amend(
    *,
    decision: Decision,
    plan_position: int | None,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    seen_digest: str | None = None,
    acknowledged: Collection[str] = (),
) -> Decision:
    """Decide otherwise on the same comparison: for another plan, for the same with another reason, or (None) for none.

    A plan can be chosen only while the data are the newest; what was signed can be withdrawn at any time.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant it, or the patient is in none of the person's care teams.
    DecisionError
        No reason, no such plan, another page than the one seen, amended already, newer or changed data, nothing to
        withdraw, or something not acknowledged that the plan takes.
    """
    comparison = decision.comparison
    keep.allowed(comparison, by)
    text = stated(reason, keep.REASON_LIMIT)
    chosen = None if plan_position is None else keep.one_of(comparison, plan_position)
    keep.as_seen(comparison, seen_digest)
    with transaction.atomic():
        keep.lock(comparison)
        last = Decision.objects.get(pk=decision.pk)
        if last.successor is not None:
            raise AlreadyAmendedError(
                _("This decision was amended already; open the comparison again and amend there.")
            )
        _refuse(last, chosen)
        return keep.keep(
            comparison=comparison,
            chosen=chosen,
            reason=text,
            by=by,
            actor=actor,
            activity="comparison.amend",
            acknowledged=acknowledged,
            amends=last,
        )


def signed(last: Decision) -> Decision | None:
    """The signature that a withdrawal of `last` would end: its own, or that of one before it which still stands."""
    if last.chosen_plan is None:
        return None
    final = last if last.final_at is not None else last.replaces
    return final if final is not None and final.chosen_plan is not None else None


def _refuse(last: Decision, chosen: int | None) -> None:
    if chosen is None and last.chosen_plan is None:
        raise NothingInForceError(_("All plans were declined already; there is nothing to withdraw."))
    if chosen is None and signed(last) is not None:
        return
    keep.refuse_outdated(last.comparison.twin_version)
    if chosen is not None and last.chosen_plan is None and signed_before(last.comparison) is not None:
        # One decision amends one other: what was declined here and what was signed there cannot both be replaced.
        raise OtherInForceError(
            _(
                "A plan is signed on another comparison of this patient; withdraw it there first, or ask for a new "
                "comparison and sign on that, which replaces it."
            )
        )
