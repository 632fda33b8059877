"""What a Subscription says of its headers, taken out of a body before anything is kept of it.

A header often holds a secret. The inbox keeps what comes byte for byte and the quarantine shows it, so that a secret
must leave the body first: in its place stays a mark, which only `Ask.secrets` of this one request can read.
"""

import re
import secrets
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.outcome import Refusal

MASK = "********"
"""What is shown for the value of a header, whoever asks."""
_exact = msgspec.json.Decoder(float_hook=Decimal)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_NAMED = b"Subscription"
_ESCAPED = re.compile(rb"\\u00[2-7]")
"""JSON may write any letter of the word so."""


def sealed(ask: Ask) -> Ask:
    """The same, where its body holds no Subscription; else with marks for the values of headers.

    Raises
    ------
    Refusal
        400 for a body that names one and is no JSON: nobody can say what in it is secret, so nothing of it is kept.
    """
    if not ask.body or (_NAMED not in ask.body and not _ESCAPED.search(ask.body)):
        return ask
    try:
        data = _exact.decode(ask.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if _NAMED not in ask.body:
            return ask
        raise Refusal(400, "structure", f"the body is not JSON ({error}); nothing of it was kept") from error
    taken: dict[str, str] = {}
    try:
        found = _mark(data, taken)
    except RecursionError as error:
        raise Refusal(400, "structure", "the body is nested too deeply; nothing of it was kept") from error
    return replace(ask, body=_encode(data), secrets={**ask.secrets, **taken}) if found else ask


def _mark(value: Any, taken: dict[str, str]) -> bool:
    """Mark the headers of every Subscription in `value`; whether there was one."""
    if isinstance(value, list):
        return sum(_mark(item, taken) for item in value) > 0
    if not isinstance(value, dict):
        return False
    found = value.get("resourceType") == "Subscription"
    channel = value.get("channel")
    if found and isinstance(channel, dict) and "header" in channel:
        lines = channel["header"]
        channel["header"] = [_marked(line, taken) for line in (lines if isinstance(lines, list) else [lines])]
    return sum(_mark(item, taken) for item in value.values()) > 0 or found


def _marked(line: Any, taken: dict[str, str]) -> str:
    """``Name: mark``; of what is no such line, a mark alone."""
    name, colon, value = line.partition(":") if isinstance(line, str) else ("", "", str(line))
    if not colon:
        name, value = "", name or value
    mark = f"sealed-{secrets.token_hex(8)}"
    taken[mark] = value.strip()
    return f"{name.strip()}: {mark}" if colon else mark
