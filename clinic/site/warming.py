"""The kernels of the twins' own models, loaded before anybody waits for them.

A kernel that ``manage.py warm`` left in the cache is loaded at its first use, which takes a second or two for all of
them together; without a cache they are compiled, which takes a minute or two. The web process does either in the
background as soon as it starts, so that the first call of a CDS service finds them loaded.
"""

import logging
import threading
import time

from django.conf import settings

from twins.forecasts.rehearsal import rehearse
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CovariateError

log = logging.getLogger(__name__)


def in_background() -> threading.Thread:
    """Start to load the kernels; the thread ends with the process."""
    thread = threading.Thread(target=load, name="warming", daemon=True)
    thread.start()
    return thread


def load() -> float:
    """Load what the first model of each drug needs from fit to comparison; returns the seconds that it took."""
    began = time.perf_counter()
    for drug, model_ids in settings.TWIN_MODELS.items():
        try:
            rehearse(formulary.model(model_ids[0]), formulary.drug(drug))
        except CovariateError as error:
            log.warning("the kernels of %s are loaded at their first use: %s", drug, error)
    return time.perf_counter() - began
