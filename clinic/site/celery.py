"""The Celery application: ``celery -A clinic.site worker``."""

import os

from celery import Celery, signals

from clinic.access import deferred
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


@signals.worker_init.connect(dispatch_uid="load what tasks need")
def _load(**_: object) -> None:
    """Before a worker has children, so that the first task of none of them waits for it."""
    deferred.load_all()
