"""``[type]/$validate`` and ``[type]/[id]/$validate``: every fault of a resource, and whether a write would be taken.

https://hl7.org/fhir/R4/resource-operation-validate.html. The answer is 200 with an OperationOutcome, whatever it says.
"""

import msgspec

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.found import Found, absent, current
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.outcome import Refusal, bad_value
from integrations.fhir.registry import TYPES
from integrations.fhir.sources import STORED
from integrations.fhir.validate.fault import Fault
from integrations.fhir.validate.faults import faults
from integrations.fhir.validate.outcome import outcome
from integrations.fhir.validate.profiles import PROFILES
from integrations.readings.door import decode
from integrations.readings.refusal import Refused

MODES = ("create", "update", "delete", "profile")
_raw = msgspec.json.Decoder(dict[str, msgspec.Raw])
_parts = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def validate(ask: Ask, inputs: Inputs) -> Answer:
    """All that is wrong as an OperationOutcome.

    Raises
    ------
    Refusal
        400 for a mode or profile that is unknown, or no resource; 404 for one that is not there for this caller.
    """
    inputs.only(("resource", "mode", "profile"))
    mode, profile = inputs.text("mode") or "", inputs.text("profile") or ""
    if mode and mode not in MODES:
        raise bad_value("mode", mode, f"give one of {', '.join(MODES)}")
    if profile and profile not in PROFILES:
        raise bad_value("profile", profile, "give a profile that is checked here: R4's vital signs, US Core's results")
    if mode == "profile" and not profile:
        raise Refusal(400, "required", "profile is missing; mode profile needs it", expression="http.profile")
    if mode in ("update", "delete") and not ask.identifier:
        raise Refusal(400, "invalid", f"mode {mode} is asked of a resource; put its id into the address")
    found = _found(ask) if ask.identifier else None
    wrong = _of_mode(ask, mode, found)
    text = _text(ask.body, given=bool(inputs.many("resource")))
    if mode != "delete":
        if text is None and found is not None:
            text = found.served.body.decode()
        if text is None:
            raise Refusal(400, "required", "resource is missing; send the resource, or Parameters with it")
        wrong += _faults(ask, text, mode, profile)
    shown = [found.served] if found is not None else []
    body = msgspec.json.encode(outcome(wrong))
    return Answer(
        200, body, shown=shown, activity="fhir.operation.validate", detail={"mode": mode, "faults": len(wrong)}
    )


def _found(ask: Ask) -> Found:
    found = current(ask, "r") if ask.resource_type in STORED else None
    if found is None or found.deleted:
        raise absent(ask)
    return found


def _of_mode(ask: Ask, mode: str, found: Found | None) -> list[Fault]:
    """Whether this server, and this caller's scope, would take the write."""
    if mode not in ("create", "update", "delete"):
        return []
    name = ask.resource_type
    wrong = []
    if mode not in TYPES[name].writes:
        wrong.append(Fault("error", "not-supported", f"{name} takes no {mode} here; it can be read", name))
    elif not ask.caller.covers(name, mode[0]):
        wrong.append(Fault("error", "forbidden", f"the token's scope does not cover {mode} of {name}", name))
    if found is not None and not found.is_ours:
        sentence = f"{name}/{ask.identifier} came from another system or the twins and is not changed here"
        wrong.append(Fault("error", "business-rule", sentence, name))
    return wrong


def _faults(ask: Ask, text: str, mode: str, profile: str) -> list[Fault]:
    name = ask.resource_type
    try:
        data = decode(text)
    except Refused as refused:
        return [Fault("error", "structure", refused.detail, name)]
    if data.get("resourceType") != name:
        sentence = f"resourceType is {str(data.get('resourceType'))[:64]!r}; the address wants {name}"
        return [Fault("error", "invalid", sentence, name)]
    wrong = []
    if mode == "update" and data.get("id") != ask.identifier:
        sentence = f"id is {str(data.get('id'))[:64]!r} and the address names {ask.identifier}; send the same"
        wrong.append(Fault("error", "invalid", sentence, f"{name}.id"))
    if profile:
        meta = data.get("meta") if isinstance(data.get("meta"), dict) else {}
        named = meta.get("profile") if isinstance(meta.get("profile"), list) else []
        data = {**data, "meta": {**meta, "profile": [*named, *([] if profile in named else [profile])]}}
    return wrong + faults(name, text, data)


def _text(body: bytes, *, given: bool) -> str | None:
    """The resource as it was written, so that repeated keys and digits are seen; None where there is none."""
    if not given or not body.strip():
        return None
    members = _raw.decode(body)
    if msgspec.json.decode(members["resourceType"]) != "Parameters":
        return body.decode("utf-8-sig")
    for part in _parts.decode(members.get("parameter", msgspec.Raw(b"[]"))):
        if msgspec.json.decode(part.get("name", msgspec.Raw(b'""'))) == "resource" and "resource" in part:
            return bytes(part["resource"]).decode()
    return None


VALIDATE = Operation(
    name="validate",
    title="Validate a resource",
    description="Every fault of a resource against FHIR R4 and the profiles that it names, and whether a create, "
    "update or delete would be taken.",
    definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    types=tuple(TYPES),
    of_type=True,
    of_instance=True,
    slots=(
        Slot("resource", "Resource", "What is to be validated; what is stored, where it is left out"),
        Slot("mode", "code", "create, update, delete or profile"),
        Slot("profile", "uri", "A profile to hold it to, besides those that it names"),
        Slot("return", "OperationOutcome", "All that is wrong", least=1, use="out"),
    ),
    do=validate,
)
