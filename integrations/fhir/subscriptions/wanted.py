"""A Subscription as it is asked for, judged: what is not supported is refused by name."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.sealed import MASK
from integrations.fhir.outcome import Refusal
from integrations.fhir.subscriptions import endpoint, filters
from integrations.fhir.subscriptions.backport import (
    CHANNEL_TYPE,
    CONTENT,
    FILTER,
    GUIDE,
    HEARTBEAT,
    MAX_COUNT,
    TIMEOUT,
    Content,
)
from integrations.fhir.subscriptions.headers import allowed, check_value
from integrations.fhir.subscriptions.topics import TOPICS, Topic
from integrations.readings.moment import maybe_instant
from integrations.readings.refusal import Refused

JSON_PAYLOADS = ("application/fhir+json", "application/json")
HEARTBEAT_S = (10, 86_400)
TIMEOUT_S = (1, 60)
AT_ONCE = (1, 100)
DEFAULT_TIMEOUT_S = 30
DEFAULT_AT_ONCE = 20
LONGEST_LOOKUP_S = 20
"""How long the addresses of one request are looked up."""
_WHERE = "Subscription.channel"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; `headers` by name, None where the value that is kept already is meant."""

    status: str
    topic: Topic
    filters: dict[str, list[str]]
    endpoint: str
    content: Content
    ends: datetime | None
    heartbeat_s: int
    timeout_s: int
    most_at_once: int
    headers: dict[str, str | None] = field(repr=False)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of `Subscriber` that say it."""
        return {
            "topic": self.topic.name,
            "filters": self.filters,
            "endpoint": self.endpoint,
            "content": self.content.value,
            "ends": self.ends,
            "heartbeat_s": self.heartbeat_s,
            "timeout_s": self.timeout_s,
            "most_at_once": self.most_at_once,
        }


def wanted(data: Mapping[str, Any], ask: Ask) -> Wanted:
    """Read a valid Subscription resource.

    Raises
    ------
    Refusal
        422 naming what is not supported; 403 where the caller may not read what the topic tells.
    """
    topic = TOPICS.get(data["criteria"])
    if topic is None:
        raise _refusal(
            f"criteria is {data['criteria'][:100]!r}, which is no topic of this server; it has {', '.join(TOPICS)}",
            "Subscription.criteria",
        )
    if topic.of_systems and ask.caller.is_person:
        raise Refusal(403, "forbidden", f"The topic {topic.name} is for systems; ask with a system's token.")
    ask.caller.reach(topic.resource_type, "r")
    channel = data["channel"]
    _check_channel(channel)
    extensions = _values(channel.get("extension"))
    return Wanted(
        status=data["status"],
        topic=topic,
        filters=filters.read(_filters(data), topic, ask.caller),
        endpoint=_endpoint(channel, ask),
        content=_content(channel),
        ends=_end(data),
        heartbeat_s=_number(extensions, HEARTBEAT, HEARTBEAT_S, 0),
        timeout_s=_number(extensions, TIMEOUT, TIMEOUT_S, DEFAULT_TIMEOUT_S),
        most_at_once=_number(extensions, MAX_COUNT, AT_ONCE, DEFAULT_AT_ONCE),
        headers=_headers(channel, ask),
    )


def _check_channel(channel: Mapping[str, Any]) -> None:
    if channel["type"] != "rest-hook" or CHANNEL_TYPE in _values(_beside(channel, "type")):
        raise _refusal(f"the channel {channel['type']!r} is not supported; there is rest-hook", f"{_WHERE}.type")
    known = (HEARTBEAT, TIMEOUT, MAX_COUNT)
    for url in _values(channel.get("extension")):
        if url.startswith(GUIDE) and url not in known:
            raise _refusal(f"the extension {url[:200]!r} is not supported", f"{_WHERE}.extension")


def _endpoint(channel: Mapping[str, Any], ask: Ask) -> str:
    """The address; its name was looked up before the database was held, and is again for every notification."""
    url = str(channel.get("endpoint") or "")
    try:
        endpoint.check_form(url)
    except endpoint.EndpointError as error:
        raise Refusal(422, "value", str(error), expression=f"{_WHERE}.endpoint") from error
    if fault := ask.beforehand.get(url):
        raise Refusal(422, "value", fault, expression=f"{_WHERE}.endpoint")
    return url


def looked_up(subscriptions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is wrong with each address that Subscriptions name, or nothing."""
    channels = [one["channel"] for one in subscriptions if isinstance(one.get("channel"), Mapping)]
    urls = dict.fromkeys(url for channel in channels if isinstance(url := channel.get("endpoint"), str))
    found: dict[str, str] = {}
    until = time.monotonic() + LONGEST_LOOKUP_S
    for url in urls:
        if time.monotonic() > until:
            found[url] = f"{url[:200]!r} could not be looked up in time; send fewer Subscriptions at once"
            continue
        try:
            endpoint.resolve(url)
        except endpoint.EndpointError as error:
            found[url] = str(error)
        else:
            found[url] = ""
    return found


def _content(channel: Mapping[str, Any]) -> Content:
    payload = channel.get("payload", JSON_PAYLOADS[0])
    if payload.partition(";")[0].strip() not in JSON_PAYLOADS:
        raise _refusal(
            f"the payload {payload[:60]!r} is not supported; there is {JSON_PAYLOADS[0]}", f"{_WHERE}.payload"
        )
    content = _values(_beside(channel, "payload")).get(CONTENT)
    if content not in tuple(Content):
        raise _refusal(
            f"the payload content is {content!r:.60}; give the extension {CONTENT} with {', '.join(Content)}",
            f"{_WHERE}.payload.extension",
        )
    return Content(content)


def _filters(data: Mapping[str, Any]) -> list[str]:
    texts = []
    for extension in _beside(data, "criteria"):
        if extension.get("url") != FILTER or not isinstance(extension.get("valueString"), str):
            raise _refusal(
                f"the extension {str(extension.get('url'))[:200]!r} of criteria is not supported; filter by {FILTER}",
                filters.WHERE,
            )
        texts.append(extension["valueString"])
    return texts


def _end(data: Mapping[str, Any]) -> datetime | None:
    try:
        end = maybe_instant(data.get("end"), "Subscription.end")
    except Refused as refused:
        raise Refusal(422, "value", refused.detail, expression="Subscription.end") from refused
    if end is not None and end <= timezone.now():
        raise Refusal(
            422, "value", f"end is {data['end']}, which is past; give a later one", expression="Subscription.end"
        )
    return end


def _headers(channel: Mapping[str, Any], ask: Ask) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for place, line in enumerate(channel.get("header") or ()):
        where = f"{_WHERE}.header[{place}]"
        name, _, mark = line.partition(":")
        name = allowed(name if ":" in line else "", where)
        value = ask.secrets.get(mark.strip(), "")
        if value != MASK:
            check_value(name, value, where)
        if name in found:
            raise Refusal(422, "duplicate", f"the header {name} came twice; give it once", expression=where)
        found[name] = None if value == MASK else value
    return found


def _number(extensions: Mapping[str, Any], url: str, bounds: tuple[int, int], default: int) -> int:
    if url not in extensions:
        return default
    value, (low, high) = extensions[url], bounds
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        name = url.rpartition("backport-")[2]
        raise Refusal(
            422, "value", f"{name} is {value!r:.40}; give a whole number from {low} to {high}",
            expression=f"{_WHERE}.extension",
        )  # fmt: skip
    return value


def _values(extensions: Any) -> dict[str, Any]:
    """The value of each extension by its address."""
    return {
        one["url"]: next((value for name, value in one.items() if name.startswith("value")), None)
        for one in extensions or ()
        if isinstance(one, Mapping) and isinstance(one.get("url"), str)
    }


def _beside(element: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The extensions of a primitive element."""
    beside = element.get(f"_{name}")
    return list(beside.get("extension") or ()) if isinstance(beside, Mapping) else []


def _refusal(sentence: str, where: str) -> Refusal:
    return Refusal(422, "not-supported", sentence, expression=where)
