"""Where Celery looks for this folder's tasks."""

from twins.jobs import comparison, sweep, update

__all__ = ["comparison", "sweep", "update"]
