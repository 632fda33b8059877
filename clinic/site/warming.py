"""What a web process loads before anybody waits for it: its pages, the classes of FHIR, the kernels of its twins.

Each is loaded at its first use, which together takes some seconds where ``manage.py warm`` left the kernels in the
cache; where it did not, they are compiled, which takes a minute or two. The web process does it in the background as
soon as it starts, so that the first call of a CDS service finds all of it loaded.
"""

import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, connection
from django.urls import get_resolver

from clinic.access.deferred import load_all
from twins.forecasts.rehearsal import rehearse
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CovariateError

log = logging.getLogger(__name__)


def at_start() -> None:
    """What a web process does as soon as it starts."""
    if settings.WARM_AT_START:
        in_background()


def in_background() -> threading.Thread:
    """Start to load; the thread ends with the process."""
    thread = threading.Thread(target=_in_thread, name="warming", daemon=True)
    thread.start()
    return thread


def _in_thread() -> None:
    try:
        load()
    finally:
        connection.close()


def load() -> float:
    """Load pages, classes, and what the first model of each drug needs from fit to comparison; returns the seconds."""
    from integrations.readings import door  # its models can be read only once the applications are loaded

    began = time.perf_counter()
    get_resolver().url_patterns  # noqa: B018 - looked up, the table of addresses names every view
    load_all()
    door.load()
    for drug, model_ids in _models().items():
        try:
            rehearse(formulary.model(model_ids[0]), formulary.drug(drug))
        except CovariateError as error:
            log.warning("the kernels of %s are loaded at their first use: %s", drug, error)
    return time.perf_counter() - began


def _models() -> dict[str, tuple[str, ...]]:
    """What is followed; where the database does not answer yet, what a site begins with."""
    from twins.records import followed  # as above

    try:
        return followed.followed()
    except DatabaseError as error:
        log.warning("what is followed could not be read: %s", error)
        return settings.TWIN_MODELS
