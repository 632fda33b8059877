"""What every way to decide has in common: who may, on which data, and the row, its audit event and its announcement."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access.permissions import check_open, has
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.charts.palette import plan_letter
from clinic.charts.words import clock_with_zone, why_outdated
from clinic.decisions.acknowledged import acknowledged as acknowledge
from clinic.decisions.high_alert import is_high_alert
from clinic.decisions.models import Decision
from clinic.decisions.refusal import NoSuchPlanError, OtherPageError, StaleComparisonError
from clinic.decisions.signals import decision_made
from clinic.twin_words.said import said
from twins.records.followed import no_longer
from twins.records.models import Comparison, Subject, TwinVersion

REASON_LIMIT = 1000


def allowed(comparison: Comparison, by: AbstractBaseUser, permission: Permission = Permission.COMPARISON_SIGN) -> None:
    """Raises `PermissionDenied` unless the person's roles grant it and the patient is open to them."""
    subject_key = comparison.twin_version.subject_id
    if not has(by, permission):
        raise PermissionDenied(_("Your roles do not include {permission}.").format(permission=permission))
    check_open(by, subject_key)


def one_of(comparison: Comparison, position: int) -> int:
    """`position`, if it names a plan; raises `NoSuchPlanError` otherwise."""
    if not 0 <= position < len(comparison.plans):
        last = plan_letter(len(comparison.plans) - 1)
        words = _("Position {position} names no plan of this comparison; choose one of A to {last}.")
        raise NoSuchPlanError(words.format(position=position, last=last))
    return position


def as_seen(comparison: Comparison, seen_digest: str | None) -> None:
    """Raises `OtherPageError` where the page that was sent showed something else than what is stored."""
    if seen_digest is not None and seen_digest != comparison.digest:
        raise OtherPageError(
            _(
                "The page that was sent is not this comparison as it is stored; "
                "open the comparison again and sign there."
            )
        )


def lock(comparison: Comparison) -> None:
    """Until the transaction ends nobody else decides about the patient, and no newer twin is stored."""
    Subject.objects.select_for_update(no_key=True).get(pk=comparison.twin_version.subject_id)


def refuse_outdated(version: TwinVersion) -> None:
    """Raises `StaleComparisonError` where a newer twin was made since, or none will be made any more."""
    if not TwinVersion.objects.filter(parent=version).exists():
        why = said(no_longer(version))
        if why:
            raise StaleComparisonError(
                _("{why}. Nothing was decided; newer data are not worked into this twin.").format(why=why)
            )
        return
    newest = (
        TwinVersion.objects.filter(subject=version.subject_id, drug=version.drug, model_id=version.model_id)
        .only("data_until")
        .latest("number")
    )
    zone = timezone.get_current_timezone()
    why = why_outdated(version.data_until, newest.data_until, lambda moment: clock_with_zone(moment, zone))
    words = _("{why}. Nothing was decided; open the patient's newest comparison and decide there.")
    raise StaleComparisonError(words.format(why=f"{why[:1].upper()}{why[1:]}"))


def keep(
    *,
    comparison: Comparison,
    chosen: int | None,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    activity: str,
    acknowledged: Collection[str] = (),
    amends: Decision | None = None,
) -> Decision:
    """Store the decision and its audit event; announce it, unless it awaits a second signature.

    `acknowledged` holds the keys of what the person said they know; raises `NotAcknowledgedError` where a plan is
    chosen and one is missing that it takes.
    """
    known = None if chosen is None else acknowledge(comparison, acknowledged)
    decision = Decision.objects.create(
        comparison=comparison,
        comparison_digest=comparison.digest,
        number=comparison.decisions.count() + 1,
        amends=amends,
        needs_second=chosen is not None and is_high_alert(comparison.twin_version.drug),
        chosen_plan=chosen,
        reason=reason,
        acknowledged=known,
        decided_by=by,
        decided_at=timezone.now(),
    )
    detail: dict[str, Any] = {"decision": str(decision.pk), "plan": chosen, "content": decision.digest()}
    if amends is not None:
        detail["amends"] = str(amends.pk)
    if known:
        detail["acknowledged"] = [one["key"] for one in known]
    if decision.needs_second:
        detail["awaiting"] = "second signature"
    record(
        by=actor,
        action=Action.CREATE,
        activity=activity,
        subject_key=comparison.twin_version.subject_id,
        entity_type="Comparison",
        entity_id=comparison.pk,
        entity_version=comparison.digest,
        detail=detail,
    )
    if decision.final_at is not None:
        decision_made.send(Decision, instance=decision, asked_by=actor.key)
    return decision
