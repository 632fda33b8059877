"""Patch: a JSON Patch (RFC 6902) or a merge patch (RFC 7396) on the newest version.

Numbers that it does not touch keep their digits. R4 asks for JSON Patch; fhirpy sends merge patches, as plain JSON.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonpatch
import jsonpointer
import msgspec

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.checked import checked, names_this_address, own_id, text_of
from integrations.fhir.interactions.drafts import lock
from integrations.fhir.interactions.found import current, gone
from integrations.fhir.interactions.permitted import permitted
from integrations.fhir.interactions.update import current_of, put, queried
from integrations.fhir.outcome import Refusal

JSON_PATCH = "application/json-patch+json"
_MERGES = ("application/merge-patch+json", "application/json")
PATCHES = (JSON_PATCH, *_MERGES)
MOST_STEPS = 1000
MOST_COPIED_BYTES = 1024 * 1024
"""What the copies of one patch may add: each can double a resource, so that thirty would fill the memory."""
_exact = msgspec.json.Decoder(float_hook=Decimal)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def patch(ask: Ask) -> Answer:
    """``PATCH [base]/[type]/[id]`` with one of `PATCHES`, or of the one that answers a query.

    Who may change a resource and not read it is not told by a patch what is in it: nothing of it comes back, and no
    value of it is tested.

    Raises
    ------
    Refusal
        400 for what is no patch, 403, 404, 405, 410, 412, and 422 where it does not fit or the result is invalid.
    """
    permitted(ask, "patch")
    lock()
    if not ask.identifier:
        known = queried(ask, list(ask.query))
        if known is None:
            raise Refusal(404, "not-found", f"No {ask.resource_type} answers the query.")
        ask = replace(ask, identifier=known.id)
    identifier = own_id(ask.identifier)
    found = current_of(ask, identifier)
    if found.deleted:
        raise gone(found)
    blind = not _reads(ask, identifier)
    if blind and ask.returns != "minimal":
        ask = replace(ask, headers={**ask.headers, "prefer": "return=OperationOutcome"})
    try:
        changed = _encode(_patched(_exact.decode(found.served.body), ask, blind))
    except RecursionError as error:
        raise Refusal(422, "processing", "the patch nests too deeply; send one that changes less") from error
    body = checked(changed, ask.resource_type)
    names_this_address(body.data, identifier)
    return put(ask, identifier, body, "PATCH")


def _reads(ask: Ask, identifier: str) -> bool:
    """Whether the caller's scope covers reading what is to be patched."""
    if not ask.caller.covers(ask.resource_type, "r"):
        return False
    return current(replace(ask, identifier=identifier), "r") is not None


def _patched(resource: dict[str, Any], ask: Ask, blind: bool) -> dict[str, Any]:
    try:
        steps = _exact.decode(text_of(ask.body))
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(400, "structure", f"the patch is not JSON ({error}); send a JSON Patch") from error
    if ask.headers.get("content-type", "").partition(";")[0].strip().lower() in _MERGES:
        return _merged(resource, steps)
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise Refusal(400, "structure", f"a JSON Patch is a list of at most {MOST_STEPS} operations; send one")
    try:
        jsonpatch.JsonPatch(steps)  # whether all of them can be read, before the first is done
        if blind and any(step["op"] == "test" for step in steps):
            raise Refusal(403, "forbidden", f"to test a value is to read it; ask for system/{ask.resource_type}.r too")
        changed = _stepped(resource, steps)
    except jsonpatch.InvalidJsonPatch as error:
        raise Refusal(400, "structure", f"the patch is none ({error}); send a JSON Patch") from error
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, AttributeError) as error:
        why = "" if blind else f" ({error})"
        raise Refusal(422, "processing", f"the patch does not fit the resource{why}; read it again") from error
    if not isinstance(changed, dict):
        raise Refusal(422, "processing", "the patch leaves no resource; send one that changes elements")
    return changed


def _stepped(resource: Any, steps: list[dict[str, Any]]) -> Any:
    """The resource after all steps; 422 where its copies would add more than `MOST_COPIED_BYTES`."""
    copied = 0
    for step in steps:
        if step["op"] == "copy" and isinstance(step.get("from"), str):
            copied += len(_encode(jsonpointer.resolve_pointer(resource, step["from"])))
            if copied > MOST_COPIED_BYTES:
                raise Refusal(422, "too-costly", f"the patch copies more than {MOST_COPIED_BYTES} bytes; copy less")
        resource = jsonpatch.JsonPatch([step]).apply(resource, in_place=True)
    return resource


def _merged(resource: dict[str, Any], change: Any) -> dict[str, Any]:
    """The resource with the members of `change` in place of its own; null takes one away."""
    if not isinstance(change, dict):
        raise Refusal(400, "structure", f"a merge patch is an object; send one, or a JSON Patch as {JSON_PATCH}")
    merged = dict(resource)
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            known = merged.get(name)
            merged[name] = _merged(known if isinstance(known, dict) else {}, value)
        else:
            merged[name] = value
    return merged
