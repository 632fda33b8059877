"""Forms and queries as callers send them, and what is answered to one that cannot be read."""

import codecs

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import HttpRequest

from integrations.fhir.outcome import Refusal

_CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1"})
"""Python knows others that are no charsets of the web, and some that give text which cannot be written again."""


def check_charset(request: HttpRequest) -> None:
    """Raise 415 for a charset that forms are not read in."""
    if request.encoding is not None and codecs.lookup(request.encoding).name not in _CHARSETS:
        raise Refusal(415, "not-supported", f"The charset {request.encoding[:40]!r} is not read; send UTF-8.")


def unreadable(error: SuspiciousOperation) -> Refusal:
    """Django's refusal of a request as one of ours."""
    match error:
        case RequestDataTooBig():
            return Refusal(413, "too-long", "The body is longer than this server reads; send a shorter one.")
        case TooManyFieldsSent():
            return Refusal(400, "too-costly", "The request has more fields than this server reads; send fewer.")
        case _:
            return Refusal(400, "invalid", "The request cannot be read as it was sent.")
