"""Who chose which plan of which comparison, and why, or why none; who agreed; and what replaced it. Never changed."""

import hashlib
import json
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.translation import pgettext, pgettext_lazy

from twins.records.models import Comparison


class Standing(StrEnum):
    """How a decision stands now; `label` is what a page calls it."""

    IN_FORCE = "signed"
    DECLINED = "all plans declined"
    AWAITING = "awaiting a second signature"
    REFUSED = "second signature refused"
    REPLACED = "replaced"

    @property
    def label(self) -> str:
        return str(_STANDINGS[self])


_STANDINGS = {
    Standing.IN_FORCE: pgettext_lazy("decision", "signed"),
    Standing.DECLINED: pgettext_lazy("decision", "all plans declined"),
    Standing.AWAITING: pgettext_lazy("decision", "awaiting a second signature"),
    Standing.REFUSED: pgettext_lazy("decision", "second signature refused"),
    Standing.REPLACED: pgettext_lazy("decision", "replaced"),
}


class Decision(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="decisions")
    comparison_digest = models.CharField(max_length=64)
    """The digest of what was on the page when it was signed."""
    number = models.PositiveSmallIntegerField(default=1)
    """1, 2, 3 … of the decisions on one comparison."""
    amends = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="amended_by")
    """What this replaces once it is final: a decision on the same comparison, or a signature on an earlier one."""
    needs_second = models.BooleanField(default=False)
    """The drug was a high-alert one when this was signed: it is final only when another person agreed."""
    chosen_plan = models.PositiveSmallIntegerField(null=True, blank=True)
    """Position in the comparison's plans; null when all were declined."""
    reason = models.CharField(max_length=1000)
    acknowledged = models.JSONField(null=True, blank=True)
    """What the signer said they knew: its key, its text, and the engine's sentences; null where nothing was asked."""
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.UniqueConstraint(fields=["comparison", "number"], name="decision_number"),
            models.CheckConstraint(
                name="a_further_decision_amends", condition=models.Q(number=1) | models.Q(amends__isnull=False)
            ),
            models.CheckConstraint(
                name="declining_needs_no_second",
                condition=models.Q(needs_second=False) | models.Q(chosen_plan__isnull=False),
            ),
            models.CheckConstraint(name="decision_has_reason", condition=~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return "declined" if self.chosen_plan is None else f"plan {self.chosen_plan}"

    @property
    def words(self) -> str:
        """As `str`, in the reader's language."""
        if self.chosen_plan is None:
            return pgettext("decision", "declined")
        return pgettext("decision", "plan {position}").format(position=self.chosen_plan)

    @property
    def answer(self) -> "SecondSignature | None":
        """What the second person said, if a second person is needed and answered."""
        return _or_none(self, "second") if self.needs_second else None

    @property
    def successor(self) -> "Decision | None":
        """The decision that amends this one, final or not."""
        return _or_none(self, "amended_by")

    @property
    def final_at(self) -> datetime | None:
        """When it became final; None where it awaits a second signature, or was refused one."""
        if not self.needs_second:
            return self.decided_at
        answer = self.answer
        return answer.decided_at if answer is not None and answer.agreed else None

    @property
    def replaced_by(self) -> "Decision | None":
        """The first final one of those that amend it; one that is not final itself gives way to any."""
        later = self.successor
        while later is not None and self.final_at is not None and later.final_at is None:
            later = later.successor
        return later

    @property
    def replaces(self) -> "Decision | None":
        """The last final one of those that it amends."""
        earlier = self.amends
        while earlier is not None and earlier.final_at is None:
            earlier = earlier.amends
        return earlier

    @property
    def standing(self) -> Standing:
        if self.replaced_by is not None:
            return Standing.REPLACED
        if self.final_at is not None:
            return Standing.DECLINED if self.chosen_plan is None else Standing.IN_FORCE
        return Standing.AWAITING if self.answer is None else Standing.REFUSED

    def digest(self) -> str:
        """SHA-256 of what was decided, which the audit trail keeps: a decision changed later no longer fits it."""
        content: list[Any] = [
            str(self.pk),
            str(self.comparison_id),
            self.comparison_digest,
            self.chosen_plan,
            self.reason,
            self.decided_by_id,
            self.decided_at.astimezone(UTC).isoformat(),
        ]
        # What a decision does not have is left out, so that the digests of earlier ones stay as they were recorded.
        if self.number > 1 or self.amends_id or self.needs_second:
            content += [self.number, str(self.amends_id or ""), self.needs_second]
        return _sha256(content + _in_order(self.acknowledged))


class SecondSignature(models.Model):
    """What another person said to a signature on a plan of a high-alert drug: once, and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="second")
    agreed = models.BooleanField()
    reason = models.CharField(max_length=1000, blank=True, default="")
    """Why not; whoever agrees need not say why."""
    acknowledged = models.JSONField(null=True, blank=True)
    """As of `Decision`; null where nothing was asked or it was refused."""
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    """Who signed first, kept here so that the database itself refuses the same person twice."""
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="second_signatures")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="the_second_is_another_person", condition=~models.Q(decided_by=models.F("first_by"))
            ),
            models.CheckConstraint(name="refusal_has_reason", condition=models.Q(agreed=True) | ~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return "agreed" if self.agreed else "refused"

    def digest(self) -> str:
        """SHA-256 of what was said, and to which decision."""
        return _sha256(
            [
                str(self.pk),
                str(self.decision_id),
                self.agreed,
                self.reason,
                self.decided_by_id,
                self.decided_at.astimezone(UTC).isoformat(),
                *_in_order(self.acknowledged),
            ]
        )


def _in_order(acknowledged: list[dict[str, Any]] | None) -> list[Any]:
    """For a digest: PostgreSQL keeps the keys of an object in an order of its own."""
    return [[one["key"], one["text"], one["because"]] for one in acknowledged or ()]


def _or_none(of: models.Model, name: str) -> Any:
    """The row at the other end of a one-to-one relation, or None."""
    try:
        return getattr(of, name)
    except ObjectDoesNotExist:
        return None


def _sha256(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
