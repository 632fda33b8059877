"""Where Celery looks for this folder's tasks."""

from twins.jobs import cohort, comparison, models_change, sweep, update

__all__ = ["cohort", "comparison", "models_change", "sweep", "update"]
