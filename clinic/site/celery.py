"""The Celery application: ``celery -A clinic.site worker``."""

import os

from celery import Celery

from clinic.site import spool

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")

spool.use()
app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "twins.jobs",
        "integrations.ehr",
        "integrations.fhir.bulk",
        "integrations.fhir.subscriptions",
        "clinic.access",
        "clinic.audit",
        "clinic.site",
    ]
)
