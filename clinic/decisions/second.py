"""The second signature on a plan of a high-alert drug: another person agrees, or refuses with a reason."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.decisions import keep
from clinic.decisions.acknowledged import acknowledged as acknowledge
from clinic.decisions.models import Decision, SecondSignature, Standing
from clinic.decisions.refusal import NotAwaitingError, SamePersonError, stated
from clinic.decisions.signals import decision_made


def agree(
    *,
    decision: Decision,
    by: AbstractBaseUser,
    actor: Actor,
    seen_digest: str | None = None,
    acknowledged: Collection[str] = (),
) -> SecondSignature:
    """Sign as the second person; the decision is then final.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant signing, or the patient is in none of the person's care teams.
    DecisionError
        The person signed first, no second signature is awaited, newer or changed data, another page than the one seen,
        or something not acknowledged: the second person must know what the first did.
    """
    return _answer(decision, True, "", by, actor, seen_digest, acknowledged)


def refuse(
    *, decision: Decision, reason: str, by: AbstractBaseUser, actor: Actor, seen_digest: str | None = None
) -> SecondSignature:
    """Do not agree, with a reason; the decision never becomes final. Raises as `agree` does, data may be newer."""
    return _answer(decision, False, stated(reason, keep.REASON_LIMIT), by, actor, seen_digest)


def _answer(
    decision: Decision,
    agreed: bool,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    seen_digest: str | None,
    acknowledged: Collection[str] = (),
) -> SecondSignature:
    comparison = decision.comparison
    keep.allowed(comparison, by)
    keep.as_seen(comparison, seen_digest)
    with transaction.atomic():
        keep.lock(comparison)
        first = Decision.objects.select_related("comparison__twin_version").get(pk=decision.pk)
        if first.standing is not Standing.AWAITING:
            words = _("This decision awaits no second signature; it is {standing}.")
            raise NotAwaitingError(words.format(standing=first.standing.label))
        if first.decided_by_id == by.pk:
            raise SamePersonError(_("You signed first; the second signature is another person's."))
        if agreed:
            keep.refuse_outdated(comparison.twin_version)
        known = acknowledge(comparison, acknowledged) if agreed else None
        answer = SecondSignature.objects.create(
            decision=first,
            agreed=agreed,
            reason=reason,
            acknowledged=known,
            first_by_id=first.decided_by_id,
            decided_by=by,
            decided_at=timezone.now(),
        )
        detail: dict[str, Any] = {"decision": str(first.pk), "second": str(answer.pk), "content": answer.digest()}
        record(
            by=actor,
            action=Action.CREATE,
            activity="comparison.second_sign" if agreed else "comparison.second_refuse",
            subject_key=comparison.twin_version.subject_id,
            entity_type="Comparison",
            entity_id=comparison.pk,
            entity_version=comparison.digest,
            detail=detail | ({"acknowledged": [one["key"] for one in known]} if known else {}),
        )
        if agreed:
            final = Decision.objects.get(pk=first.pk)
            decision_made.send(Decision, instance=final, asked_by=actor.key)
    return answer
