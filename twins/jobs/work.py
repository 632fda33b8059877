"""Do one job from claim to end: what every task of this folder has in common."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError

from twins.jobs.claim import Lease, LeaseLostError, claim
from twins.quantities.sentence import Sentence

logger = logging.getLogger(__name__)

PASSING = (OperationalError, InterfaceError)
"""Failures that the next attempt may not meet: a locked or unreachable database."""


_NO_DATABASE = Sentence("The database did not answer: {error}.")


class JobError(RuntimeError):
    """A job that can never succeed as it was asked for; its message is the sentence for the person who asked."""


def work(job_id: str, do: Callable[[Lease], None]) -> bool:
    """Claim the job, let `do` compute, store and finish it, and write down how it ended.

    False where the job was not queued: its message came twice, or it was cancelled.
    """
    lease = claim(job_id)
    if lease is None:
        logger.info("job %s is not queued; its message is dropped", job_id)
        return False
    try:
        do(lease)
    except LeaseLostError as error:
        logger.warning("%s", error)
    except PASSING as error:
        logger.warning("job %s is queued again: %s", job_id, error)
        lease.give_back(_NO_DATABASE(error=error))
    except JobError as error:
        lease.fail(str(error))
    except Exception as error:
        lease.fail(f"{type(error).__name__}: {error}")
        raise
    return True
