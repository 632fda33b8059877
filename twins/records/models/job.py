import uuid

from django.db import models


class JobKind(models.TextChoices):
    TWIN_UPDATE = "twin-update", "update of a twin"
    COMPARISON = "comparison", "what-if comparison"
    STUDY = "study", "study of virtual patients"
    MODELS_CHANGE = "models-change", "twins by other models"


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)
NOT_DONE = (*OPEN_STATES, JobState.FAILED)
"""What a page tells of: still to come, or failed."""


class Job(models.Model):
    """Work for the workers. This row is the truth; a broker's message only carries its id.

    `key` names what the job is about; one queued job of a kind and key stands for all requests that came in meanwhile.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=JobKind)
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    parameters = models.JSONField(default=dict)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=1)
    seed = models.BigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=64, blank=True, default="")
    code_version = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(state="queued"), name="one_queued_job_a_key"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "lease_until"], name="job_by_lease"),
            models.Index(fields=["kind", "key", "enqueued_at"], name="job_of_key"),
            # jobs are kept: what a worklist asks of each of its patients must not cost a walk through all that are done
            models.Index(fields=["kind", "key"], name="job_not_done", condition=models.Q(state__in=NOT_DONE)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} ({self.state})"


class JobChunk(models.Model):
    """One finished part of a job, written once however often it is computed."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    finished_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="chunk_once")]

    def __str__(self) -> str:
        return f"chunk {self.number}"
