"""Any exception of a view as a refusal."""

import logging

from django.core.exceptions import SuspiciousOperation
from rest_framework import exceptions

from integrations.fhir.form import unreadable
from integrations.fhir.outcome import Refusal

log = logging.getLogger(__name__)


def refusal_of(error: Exception, allowed: list[str], *, door: str) -> Refusal:
    """What a door answers to any exception; the unforeseen is logged and tells the caller nothing of its inside."""
    match error:
        case Refusal():
            return error
        case SuspiciousOperation():
            return unreadable(error)
        case exceptions.MethodNotAllowed():
            return Refusal(405, "not-supported", "This address does not take that method.", Allow=", ".join(allowed))
        case exceptions.Throttled():
            wait = str(max(1, int(error.wait or 1)))
            return Refusal(429, "throttled", f"Too many requests; wait {wait} s.", Retry_After=wait)
        case exceptions.UnsupportedMediaType():
            return Refusal(415, "not-supported", "Send it as application/x-www-form-urlencoded.")
        case exceptions.ParseError():
            return Refusal(400, "invalid", "The body cannot be read as a form.")
        case _:
            log.error("unforeseen fault of %s", door, exc_info=error)
            return Refusal(500, "exception", "A fault of this server; it was logged.")
