"""The one place that wires everything together."""

from clinic.site.celery import app as celery_app

__all__ = ["celery_app"]
