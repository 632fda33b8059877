"""Addresses of pages: the query as it was used, and where the page begins."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from django.core import signing

from integrations.fhir.outcome import Refusal, bad_value
from integrations.fhir.resources.served import Key, Order

_SALT = "integrations.fhir.search"


def of(
    base: str, path: str, applied: Sequence[tuple[str, str]], order: Order, after: Key | None, until: Key | None
) -> str:
    """The address of the page that begins after a place; `path` is ``Observation`` or ``Patient/x/Observation``."""
    parameters = list(applied)
    if after is not None:
        place = signing.dumps([path, str(order), after, until], salt=_SALT)
        parameters.append(("_cursor", place))
    address = base + quote(path, safe="/*")
    return f"{address}?{urlencode(parameters)}" if parameters else address


def place(path: str, order: Order, text: str) -> tuple[Key, Key | None]:
    """Where a page begins; signed, so that only what this server wrote is read.

    Raises
    ------
    Refusal
        400 where it is no place of this search.
    """
    try:
        name, sorted_by, after, until = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise _lost(text) from error
    if (name, sorted_by) != (path, str(order)):
        raise _lost(text)
    return tuple(after), None if until is None else tuple(until)


def _lost(text: str) -> Refusal:
    return bad_value("_cursor", text, "follow the next link as it was given, or begin the search anew")
