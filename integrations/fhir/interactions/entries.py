"""The entries of a batch or transaction, each as what it asks of the door."""

import base64
import binascii
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.outcome import Refusal, outcome

MOST_ENTRIES = 5000
"""More belong into several Bundles: a transaction holds the door's lock until its end."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class _Request(msgspec.Struct):
    method: str = ""
    url: str = ""
    ifNoneMatch: str = ""
    ifModifiedSince: str = ""
    ifMatch: str = ""
    ifNoneExist: str = ""


class _Entry(msgspec.Struct):
    fullUrl: str = ""
    resource: msgspec.Raw = msgspec.Raw()
    request: _Request = msgspec.field(default_factory=_Request)


class _Bundle(msgspec.Struct):
    resourceType: str = ""
    type: str = ""
    entry: list[_Entry] = []


@dataclass(frozen=True, slots=True)
class Step:
    """One entry: its place, the name that the Bundle gives it, and what it asks, or why that cannot be told."""

    position: int
    full_url: str
    ask: Ask
    refusal: Refusal | None = None

    @property
    def where(self) -> str:
        return f"Bundle.entry[{self.position}]"


def steps_of(ask: Ask) -> tuple[str, list[Step]]:
    """``batch`` or ``transaction``, and the steps.

    Raises
    ------
    Refusal
        400 for what is no such Bundle, or a transaction with an entry that cannot be read; 413 for too many entries.
    """
    try:
        bundle = msgspec.json.decode(ask.body, type=_Bundle)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Refusal(400, "structure", f"the body is no Bundle ({error}); send a batch or transaction") from error
    if bundle.resourceType != "Bundle" or bundle.type not in ("batch", "transaction"):
        raise Refusal(
            400,
            "value",
            f"Bundle.type is {bundle.type[:60]!r}; send a batch or a transaction",
            expression="Bundle.type",
        )
    if len(bundle.entry) > MOST_ENTRIES:
        raise Refusal(413, "too-costly", f"the Bundle has {len(bundle.entry)} entries; send {MOST_ENTRIES} at most")
    steps = []
    for position, entry in enumerate(bundle.entry):
        try:
            steps.append(_step(position, entry, ask))
        except Refusal as refusal:
            if bundle.type == "transaction":
                raise
            steps.append(Step(position, entry.fullUrl, ask, refusal))
    return bundle.type, steps


def _step(position: int, entry: _Entry, ask: Ask) -> Step:
    request = entry.request
    where = f"Bundle.entry[{position}].request"
    method = request.method.upper()
    if method not in _METHODS:
        raise Refusal(
            400, "value", f"{where}.method is {request.method[:20]!r}; give one of {', '.join(_METHODS)}",
            expression=f"{where}.method",
        )  # fmt: skip
    address, _, query = request.url.removeprefix(ask.base).lstrip("/").partition("?")
    headers = {
        "if-none-match": request.ifNoneMatch,
        "if-modified-since": request.ifModifiedSince,
        "if-match": request.ifMatch,
        "if-none-exist": request.ifNoneExist,
        "prefer": ask.headers.get("prefer", ""),
    }
    of_entry = replace(
        ask,
        method=method,
        headers={name: value for name, value in headers.items() if value},
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        body=_body(bytes(entry.resource), method, where),
        **_place([unquote(part) for part in address.split("/")], method, where, request.url),
    )
    return Step(position, entry.fullUrl, of_entry)


def _place(parts: list[str], method: str, where: str, url: str) -> dict[str, Any]:
    reads = method in ("GET", "HEAD")
    match parts:
        case [kind] if kind and kind[0] not in "$_" and kind != "metadata":
            return {"resource_type": kind, "identifier": "", "version": ""}
        case [kind, "_history"] if reads:
            return {"resource_type": kind, "identifier": "", "version": "", "history": True}
        case [kind, identifier, "_history"] if reads:
            return {"resource_type": kind, "identifier": identifier, "version": "", "history": True}
        case [kind, identifier, "_history", version] if reads:
            return {"resource_type": kind, "identifier": identifier, "version": version}
        case ["Patient", owner, kind] if reads and kind and kind[0] not in "$_":
            return {"resource_type": kind, "identifier": "", "version": "", "compartment": ("Patient", owner)}
        case [kind, identifier] if method != "POST" and identifier and identifier[0] not in "$_":
            return {"resource_type": kind, "identifier": identifier, "version": ""}
    raise Refusal(
        400, "value", f"{where}.url is {url[:100]!r}; give Type, Type?query, Type/id, Patient/id/Type, or"
        " what of it has _history; operations are asked for outside of a Bundle",
        expression=f"{where}.url",
    )  # fmt: skip


def _body(resource: bytes, method: str, where: str) -> bytes:
    """The entry's resource; of a patch, which comes as a Binary, what it holds."""
    if method != "PATCH" or not resource:
        return resource
    try:
        binary: dict[str, Any] = msgspec.json.decode(resource)
        return base64.b64decode(binary["data"], validate=True)
    except (msgspec.DecodeError, KeyError, TypeError, binascii.Error) as error:
        raise Refusal(
            400, "structure", f"{where} is a patch without a Binary of its JSON Patch in base64; send one"
        ) from error


def entry_of(step: Step, answer: Answer) -> dict[str, Any]:
    """The answer as an entry of the response."""
    response: dict[str, Any] = {"status": answer.line}
    for name, header in (("location", "Location"), ("etag", "ETag")):
        if header in answer.headers:
            response[name] = answer.headers[header]
    written = answer.written or answer.shown
    if len(written) == 1 and "ETag" in answer.headers:
        response["lastModified"] = written[0].last_updated.isoformat()
    entry: dict[str, Any] = {}
    if answer.headers.get("Location"):
        entry["fullUrl"] = answer.headers["Location"].split("/_history/")[0]
    if answer.body:
        is_outcome = step.ask.returns == "OperationOutcome" and step.ask.method not in ("GET", "HEAD")
        if is_outcome:
            response["outcome"] = msgspec.Raw(answer.body)
        else:
            entry["resource"] = msgspec.Raw(answer.body)
    return entry | {"response": response}


def refused_entry(refusal: Refusal) -> dict[str, Any]:
    """A refusal as an entry of a batch's response."""
    status = Answer(refusal.status).line
    return {"response": {"status": status, "outcome": outcome(refusal)}}
