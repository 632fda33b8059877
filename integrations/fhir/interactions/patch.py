"""Patch: a JSON Patch (RFC 6902) on the newest version; numbers that it does not touch keep their digits."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonpatch
import jsonpointer
import msgspec

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.checked import checked, names_this_address, own_id, text_of
from integrations.fhir.interactions.drafts import lock
from integrations.fhir.interactions.found import gone
from integrations.fhir.interactions.permitted import permitted
from integrations.fhir.interactions.update import current_of, put, queried
from integrations.fhir.outcome import Refusal

JSON_PATCH = "application/json-patch+json"
MOST_STEPS = 1000
_exact = msgspec.json.Decoder(float_hook=Decimal)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def patch(ask: Ask) -> Answer:
    """``PATCH [base]/[type]/[id]`` with `JSON_PATCH`, or of the one that answers a query.

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
    changed = _encode(_patched(_exact.decode(found.served.body), ask.body))
    body = checked(changed, ask.resource_type)
    names_this_address(body.data, identifier)
    return put(ask, identifier, body, "PATCH")


def _patched(resource: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        steps = _exact.decode(text_of(body))
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(400, "structure", f"the patch is not JSON ({error}); send a JSON Patch") from error
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise Refusal(400, "structure", f"a JSON Patch is a list of at most {MOST_STEPS} operations; send one")
    try:
        changed = jsonpatch.JsonPatch(steps).apply(resource)
    except jsonpatch.InvalidJsonPatch as error:
        raise Refusal(400, "structure", f"the patch is none ({error}); send a JSON Patch") from error
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, AttributeError) as error:
        raise Refusal(422, "processing", f"the patch does not fit the resource ({error}); read it again") from error
    if not isinstance(changed, dict):
        raise Refusal(422, "processing", "the patch leaves no resource; send one that changes elements")
    return changed
