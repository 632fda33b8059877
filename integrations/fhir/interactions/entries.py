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
MOST_OF_A_BATCH = 1000
"""Each entry of a batch is a request of its own, and counts as one."""
MOST_OPERATIONS = 20
"""Operations of one batch: each may compute for a while, and a batch holds the door's lock once it has written."""
_FORM = "application/x-www-form-urlencoded"
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
    most = MOST_ENTRIES if bundle.type == "transaction" else MOST_OF_A_BATCH
    if len(bundle.entry) > most:
        raise Refusal(413, "too-costly", f"the {bundle.type} has {len(bundle.entry)} entries; send {most} at most")
    steps = []
    operations = 0
    for position, entry in enumerate(bundle.entry):
        try:
            step = _step(position, entry, ask)
            operations += step.ask.called.startswith("$")
            if step.ask.called and bundle.type == "transaction":
                raise _only_in_a_batch(step)
            if operations > MOST_OPERATIONS:
                raise Refusal(400, "too-costly", f"{step.where}: a batch has {MOST_OPERATIONS} operations at most")
            steps.append(step)
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
    place = _place([unquote(part) for part in address.split("/")], method, where, request.url)
    called = place.get("called", "")
    if called.startswith("$"):
        del headers["prefer"]  # that of the Bundle is not about how an operation answers
    body, pairs = bytes(entry.resource), parse_qsl(query, keep_blank_values=True)
    if method == "PATCH" and body:
        body = _held(body, where, "JSON Patch")
    elif called == "_search" and body:
        pairs += parse_qsl(_held(body, where, "form", _FORM).decode("utf-8", "replace"), keep_blank_values=True)
        body = b""
    of_entry = replace(
        ask,
        method=method,
        headers={name: value for name, value in headers.items() if value},
        query=tuple(pairs),
        body=body,
        **place,
    )
    return Step(position, entry.fullUrl, of_entry)


def _only_in_a_batch(step: Step) -> Refusal:
    return Refusal(
        400, "not-supported", f"{step.where} asks for {step.ask.called[:60]}, which a transaction does not do; send it"
        " in a batch, or by itself", expression=f"{step.where}.request.url",
    )  # fmt: skip


def _place(parts: list[str], method: str, where: str, url: str) -> dict[str, Any]:
    reads = method in ("GET", "HEAD")
    asks = reads or method == "POST"
    match parts:
        case ["metadata"] if reads:
            return {"resource_type": "", "identifier": "", "version": "", "called": "metadata"}
        case [kind, "_search"] if method == "POST":
            return {"resource_type": kind, "identifier": "", "version": "", "called": "_search"}
        case [*where_asked, name] if asks and name[:1] == "$" and len(where_asked) <= 2:
            kind, identifier = [*where_asked, "", ""][:2]
            return {"resource_type": kind, "identifier": identifier, "version": "", "called": name}
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
        400, "value", f"{where}.url is {url[:100]!r}; give Type, Type?query, Type/id, Patient/id/Type, what"
        " of it has _history, or in a batch metadata, Type/_search or an operation",
        expression=f"{where}.url",
    )  # fmt: skip


def _held(resource: bytes, where: str, what: str, content_type: str = "") -> bytes:
    """What the Binary holds in which a patch or a form comes."""
    try:
        binary: dict[str, Any] = msgspec.json.decode(resource)
        if content_type and binary["contentType"].partition(";")[0].strip() != content_type:
            raise KeyError(content_type)
        return base64.b64decode(binary["data"], validate=True)
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError, binascii.Error) as error:
        raise Refusal(
            400, "structure", f"{where} comes without a Binary of its {what} in base64; send one", expression=where
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
