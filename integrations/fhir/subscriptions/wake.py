"""Tell a worker that a subscription has something to deliver; what gets lost here, the sweep finds."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError as BrokerError

logger = logging.getLogger(__name__)
TASK = "integrations.fhir.subscriptions.tasks.deliver"
_STALE_S = 60
"""A message that waited longer says nothing that the sweep has not said again."""


def wake(subscriber: int) -> bool:
    """Send the message, without waiting for a broker that is down; False where it was."""
    try:
        current_app.send_task(TASK, args=(subscriber,), retry=False, expires=_STALE_S)
    except (BrokerError, OSError) as error:
        logger.warning("no message for subscription %s was sent, the sweep will do it: %s", subscriber, error)
        return False
    return True
