"""What workers do with hospital systems: the scheduled pull, deliveries into charts, and what was lost on the way."""

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from integrations.ehr import deliver as deliver_work
from integrations.ehr import notified as notified_work
from integrations.ehr.access import Access
from integrations.ehr.client import Client
from integrations.ehr.configured import access_to, address_of, is_on, set_on_page
from integrations.ehr.lease import SourceBusyError
from integrations.ehr.pull import pull
from integrations.ehr.source import source_for
from twins.jobs.queue import send_task

logger = logging.getLogger(__name__)


LONGEST_S = 3600
"""A pull that takes longer is ended, and the next goes on where it was."""
_TO_END_S = 120
"""To let requests under way end, before the process is ended."""


@shared_task(name="integrations.ehr.tasks.pull_source", soft_time_limit=LONGEST_S, time_limit=LONGEST_S + _TO_END_S)
def pull_source() -> None:
    """Pull from ``PULL_SOURCE_URL`` once; does nothing where none is set, or while another pull of it runs."""
    if settings.PULL_SOURCE_URL and is_on(settings.PULL_SOURCE_NAME):
        with Client(settings.PULL_SOURCE_URL, token=settings.PULL_TOKEN) as client:
            _pull(settings.PULL_SOURCE_NAME, client)


@shared_task(name="integrations.ehr.tasks.pull_named", soft_time_limit=LONGEST_S, time_limit=LONGEST_S + _TO_END_S)
def pull_named(name: str) -> None:
    """Pull once from the source that ``EHR_SOURCES`` or the page of sources calls `name`; not while it is off."""
    base = address_of(name)
    if base:
        access: Access | None = access_to(name, base)
        with Client(base, access=access) as client:
            _pull(name, client)


@shared_task(name="integrations.ehr.tasks.pull_set")
def pull_set() -> int:
    """Have every source that was set on its page pulled; how many those are."""
    return sum(send_task("integrations.ehr.tasks.pull_named", name) for name in set_on_page())


def _pull(name: str, client: Client) -> None:
    try:
        report = pull(source_for(name, client.base), client)
    except SourceBusyError as error:
        logger.warning("%s", error)
        return
    for progress in report.types.values():
        logger.info("%s", progress.summary())


@shared_task(name="integrations.ehr.tasks.deliver", soft_time_limit=110, time_limit=115)
def deliver(pk: int) -> None:
    """Try to put one resource into its chart."""
    deliver_work.deliver(pk)


@shared_task(name="integrations.ehr.tasks.notified", soft_time_limit=LONGEST_S, time_limit=LONGEST_S + _TO_END_S)
def notified(pk: int) -> None:
    """Bring in what a notification announces."""
    notified_work.handle(pk)


@shared_task(name="integrations.ehr.tasks.sweep")
def sweep() -> int:
    """Send everything again whose time has come; how much that was. Several sweeps at once do no harm."""
    now = timezone.now()
    sent = sum(send_task("integrations.ehr.tasks.deliver", pk) for pk in deliver_work.due(now))
    return sent + sum(send_task("integrations.ehr.tasks.notified", pk) for pk in notified_work.due(now))
