"""The scheduled pull, as Celery beat asks for it."""

import logging

from celery import shared_task
from django.conf import settings

from integrations.ehr.client import Client
from integrations.ehr.pull import pull
from integrations.ehr.source import source_for

logger = logging.getLogger(__name__)


@shared_task(name="integrations.ehr.tasks.pull_source")
def pull_source() -> None:
    """Pull from ``PULL_SOURCE_URL`` once; does nothing where none is set."""
    if not settings.PULL_SOURCE_URL:
        return
    with Client(settings.PULL_SOURCE_URL, token=settings.PULL_TOKEN) as client:
        report = pull(source_for(settings.PULL_SOURCE_NAME, client.base), client)
    for progress in report.types.values():
        logger.info("%s", progress.summary())
