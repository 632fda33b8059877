"""Signs of life of the worker processes, in the database that web and workers share."""

from django.db import models


class WorkerHeartbeat(models.Model):
    """One row a worker, by its Celery name; `beat_at` is the last sign of life."""

    worker = models.CharField(max_length=200, primary_key=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.worker} at {self.beat_at:%Y-%m-%d %H:%M:%S}"
