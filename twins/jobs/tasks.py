"""Where Celery looks for this folder's tasks."""

from twins.jobs import cohort, comparison, sweep, update

__all__ = ["cohort", "comparison", "sweep", "update"]
