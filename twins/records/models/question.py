from django.db import models

from twins.records.models.subject import Subject


class QuestionAction(models.TextChoices):
    EXCLUDE = "exclude", "leave out"
    RETIME = "retime", "use another time"


class Question(models.Model):
    """A clinician's doubt about one record: left out, or taken at another time, with a reason; `withdrawn_at` undoes.

    It names the record by `source_key`, so that a corrected version of the record is questioned too.
    """

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="questions")
    source_key = models.CharField(max_length=300)
    action = models.CharField(max_length=8, choices=QuestionAction)
    new_time = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=64)
    """Opaque key of the user, as in the audit trail."""
    asked_at = models.DateTimeField()
    withdrawn_by = models.CharField(max_length=64, blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "source_key"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_open_question_a_record",
            ),
            models.CheckConstraint(
                name="retime_has_its_time",
                condition=models.Q(action=QuestionAction.EXCLUDE, new_time__isnull=True)
                | models.Q(action=QuestionAction.RETIME, new_time__isnull=False),
            ),
            models.CheckConstraint(
                name="withdrawn_by_someone",
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by="")
                | (models.Q(withdrawn_at__isnull=False) & ~models.Q(withdrawn_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.source_key}"
