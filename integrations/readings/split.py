"""A payload into the resources that it holds, each as the exact text that was received."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from integrations.readings.identity import Identity
from integrations.readings.models import QuarantineReason
from integrations.readings.refusal import Refused, shown

_NOTIFICATIONS = frozenset({"history", "subscription-notification"})
"""Types of Bundle that notify: by the R4 backport of subscriptions, and by R5."""
WHOLE = -1
"""The position of a payload that is one resource, or that cannot be taken apart."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a payload: its place, its text digit for digit, and the name its Bundle gives it.

    `identity` is set where this product gave the resource its name and version itself, at its own door.
    """

    position: int
    text: str
    full_url: str = ""
    identity: Identity | None = None
    method: str = ""


class _Kind(msgspec.Struct):
    resourceType: str


class _Bundle(msgspec.Struct):
    entry: list[msgspec.Raw] = []
    type: str = ""


class _BundleEntry(msgspec.Struct):
    resource: msgspec.Raw = msgspec.Raw()
    fullUrl: str = ""
    search: dict[str, object] | None = None


class _Link(msgspec.Struct):
    relation: str = ""
    url: str = ""


class _Meta(msgspec.Struct):
    lastUpdated: str = ""


class _BundleHead(msgspec.Struct):
    resourceType: str
    link: list[_Link] = []
    meta: _Meta | None = None


@dataclass(frozen=True, slots=True)
class PageHead:
    """What a search result says of itself: the link to the next page, and its own time as text; empty where absent."""

    next_url: str
    last_updated: str


def split(content: bytes, content_type: str) -> tuple[Entry, ...]:
    """Every resource of `content`: of a Bundle, of ndjson, or the one resource that it is.

    Raises
    ------
    Refused
        NOT_JSON if it is not complete JSON in UTF-8, NOT_FHIR if it is JSON of another kind.
    """
    text = _decoded(content)
    if "ndjson" in content_type:
        return tuple(Entry(number, line) for number, line in enumerate(text.split("\n")) if line.strip())
    if _resource_type(text) != "Bundle":
        return (Entry(WHOLE, text),)
    try:
        bundle = msgspec.json.decode(text, type=_Bundle)
    except msgspec.MsgspecError as error:
        raise Refused(QuarantineReason.NOT_FHIR, f"Bundle.entry is not a list ({error}); send a Bundle") from error
    return tuple(_entries(bundle))


def page_head(content: bytes) -> PageHead:
    """The next link and the time of a searchset.

    Raises
    ------
    Refused
        As `split`, and NOT_FHIR for anything but a Bundle.
    """
    text = _decoded(content)
    kind = _resource_type(text)
    if kind != "Bundle":
        raise Refused(QuarantineReason.NOT_FHIR, f"resourceType is {shown(kind)}; a search answers with a Bundle")
    try:
        head = msgspec.json.decode(text, type=_BundleHead)
    except msgspec.MsgspecError as error:
        raise Refused(
            QuarantineReason.NOT_FHIR, f"Bundle.link or meta is malformed ({error}); send a Bundle"
        ) from error
    following = next((link.url for link in head.link if link.relation == "next"), "")
    return PageHead(following, head.meta.lastUpdated if head.meta else "")


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(
            QuarantineReason.NOT_JSON, f"byte {error.start} is not UTF-8; send JSON in UTF-8, and send it again"
        ) from error


def _resource_type(text: str) -> str:
    """The `resourceType`, after the whole text was read once, so that nothing cut short passes."""
    try:
        try:
            return msgspec.json.decode(text, type=_Kind).resourceType
        except msgspec.ValidationError:
            msgspec.json.decode(text)  # cut short is worse than of another kind
            raise
    except msgspec.ValidationError as error:
        raise Refused(
            QuarantineReason.NOT_FHIR, f"there is no resourceType ({error}); send a FHIR R4 resource or Bundle"
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(
            QuarantineReason.NOT_JSON, f"after {len(text)} characters: {error}; fetch or send it again, whole"
        ) from error


def _entries(bundle: _Bundle) -> Iterator[Entry]:
    for position, raw in enumerate(bundle.entry):
        text = bytes(raw).decode()
        try:
            entry = msgspec.json.decode(text, type=_BundleEntry)
        except msgspec.MsgspecError:
            yield Entry(position, text)
            continue
        if (entry.search or {}).get("mode") == "outcome" or not bytes(entry.resource):
            continue  # a remark of the server about the search, or a mere response: nobody's data
        if position == 0 and bundle.type in _NOTIFICATIONS and _is_status(entry.resource):
            continue  # what a notification says of its subscription
        yield Entry(position, bytes(entry.resource).decode(), entry.fullUrl)


def _is_status(resource: msgspec.Raw) -> bool:
    try:
        return msgspec.json.decode(resource, type=_Kind).resourceType in ("Parameters", "SubscriptionStatus")
    except msgspec.MsgspecError:
        return False
