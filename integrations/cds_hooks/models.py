"""What the services gave out, what became of it, and which tokens were used."""

import uuid

from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from twins.records.models import Comparison, Job, Subject, TwinVersion


class UsedToken(models.Model):
    """A token that was shown once; shown again, it is refused. Kept until it has expired."""

    issuer = models.CharField(max_length=300)
    jti_sha256 = models.CharField(max_length=64)
    expires = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "jti_sha256"], name="cds_token_once")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.jti_sha256[:12]}"


class Indicator(models.TextChoices):
    """How pressing a card is, in the words of CDS Hooks."""

    INFO = "info", _("for information")
    WARNING = "warning", _("warning")
    CRITICAL = "critical", _("critical")


class IssuedCard(models.Model):
    """A card that left: to whom, about whom, from which twin. Its text is not kept: it can be computed again."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.CharField(max_length=64)
    client = models.CharField(max_length=64)
    """Key of the CDS client, as in the audit trail."""
    hook_instance = models.UUIDField()
    kind = models.CharField(max_length=32)
    drug = models.CharField(max_length=64)
    indicator = models.CharField(max_length=8, choices=Indicator)
    subject = models.ForeignKey(Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """None where the answer was computed from the request alone."""
    twin_version = models.ForeignKey(TwinVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    comparison = models.ForeignKey(Comparison, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """Makes the comparison, where it was not there when the card left."""
    suggestions = models.JSONField(default=list, blank=True)
    """``{"uuid": …, "label": …}`` of each suggestion."""
    issued_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["service", "issued_at"], name="cds_card_by_service")]
        constraints = [
            models.CheckConstraint(
                name="cds_card_of_a_twin_has_its_subject",
                condition=models.Q(twin_version__isnull=True) | models.Q(subject__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"card {self.uuid}"


class FeedbackOutcome(models.TextChoices):
    ACCEPTED = "accepted", _("a suggestion was accepted")
    OVERRIDDEN = "overridden", _("the card was overridden")


_OUTCOMES_IN_SHORT = {
    FeedbackOutcome.ACCEPTED: gettext_noop("accepted"),
    FeedbackOutcome.OVERRIDDEN: gettext_noop("overridden"),
}


class Feedback(models.Model):
    """What a person did with a card, as the client told it; told twice, it is kept once."""

    card = models.ForeignKey(IssuedCard, on_delete=models.PROTECT, related_name="feedback")
    outcome = models.CharField(max_length=10, choices=FeedbackOutcome)
    accepted = models.JSONField(default=list, blank=True)
    """uuids of the suggestions that were accepted."""
    reason_system = models.CharField(max_length=200, blank=True, default="")
    reason_code = models.CharField(max_length=100, blank=True, default="")
    reason_display = models.CharField(max_length=200, blank=True, default="")
    comment = models.TextField(blank=True, default="")
    outcome_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card", "outcome", "outcome_at"], name="cds_feedback_once"),
            models.CheckConstraint(
                name="cds_reason_only_of_an_override",
                condition=models.Q(outcome=FeedbackOutcome.OVERRIDDEN) | models.Q(reason_code="", comment=""),
            ),
        ]
        indexes = [models.Index(fields=["outcome_at"], name="cds_feedback_by_time")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.card_id}"

    @property
    def outcome_in_short(self) -> str:
        return gettext(_OUTCOMES_IN_SHORT[FeedbackOutcome(self.outcome)])
