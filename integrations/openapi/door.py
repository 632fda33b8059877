"""The FHIR door, made from what is registered, as its CapabilityStatement is: types by interactions, and operations."""

from typing import Any

from integrations.fhir.ask import EVERYWHERE, MOST
from integrations.fhir.interactions.patch import JSON_PATCH
from integrations.fhir.operations.operation import Operation
from integrations.fhir.parameters import Kind
from integrations.fhir.registry import HISTORY, OPERATIONS, TYPES
from integrations.fhir.resources.served import ServedType
from integrations.openapi.said import BEARER, FORM, PUBLIC, Described, answers, body, content, of_type, parameter

_ID = {"pattern": r"^[A-Za-z0-9.\-]{1,64}$", "minLength": 1, "maxLength": 64}
_BUNDLE = {"$ref": "#/components/schemas/Bundle"}
_RESOURCE = {"$ref": "#/components/schemas/Resource"}
_NOTHING = {"description": "Nothing is there any more"}
_CONTROLS = (
    parameter("_count", f"How many a page holds, at most {MOST}", pattern=r"^\d{1,9}$"),
    parameter("_sort", "_lastUpdated, _id or date; with a hyphen before it for the reverse"),
    parameter("_summary", "true, text, data, count or false"),
    parameter("_elements", "The elements to send"),
    parameter("_total", "none, estimate or accurate"),
    parameter("_include", "Type:parameter, whose resources come along"),
    parameter("_revinclude", "Type:parameter, which refers to what is found"),
)
_HISTORY = (_CONTROLS[0], parameter("_since", "Only versions from that instant on"))
_PREFER = parameter("Prefer", "return=minimal, return=representation or return=OperationOutcome", place="header")
_IF_MATCH = parameter("If-Match", 'The version that is to be changed: W/"3"', place="header")


def door() -> Described:
    """Every operation of the door."""
    found: Described = {
        ("/fhir/metadata", "get"): _operation(
            "metadata", "What this server can do", success={200: content("CapabilityStatement", _RESOURCE)},
        )
        | {"security": PUBLIC},
        ("/fhir", "post"): _operation(
            "bundle", "A batch or a transaction", 400, 409, 412, 413, 415, 422,
            success={200: content("The entries' answers, in their order", _BUNDLE)}, requestBody=body(_BUNDLE),
        ),
    }  # fmt: skip
    for served in TYPES.values():
        found |= _reads(served) | _writes(served)
    for operation in OPERATIONS.values():
        found |= _asked(operation)
    return found


def _operation(
    name: str, summary: str, *statuses: int, success: dict[int, dict[str, Any]], **more: Any
) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["FHIR"],
        "security": BEARER,
        "responses": answers(*statuses, success=success),
        **more,
    }


def _at(name: str, documentation: str) -> dict[str, Any]:
    return parameter(name, documentation, place="path", **_ID)


def _reads(served: ServedType) -> Described:
    kind, place = served.name, f"/fhir/{served.name}"
    one, versions = content(f"The {kind}", of_type(kind)), content("Versions, the newest first", _BUNDLE)
    found: Described = {
        (f"{place}/{{id}}", "get"): _operation(
            f"read{kind}", f"Read a {kind}", 404, 410, success={200: one, 304: {"description": "As you know it"}},
            parameters=[_at("id", "Its id"), parameter("If-None-Match", 'The version known: W/"3"', place="header")],
        ),
    }  # fmt: skip
    if served.versions:
        found[f"{place}/{{id}}/_history/{{version}}", "get"] = _operation(
            f"vread{kind}", f"Read a version of a {kind}", 404, 410, success={200: one},
            parameters=[_at("id", "Its id"), _at("version", "The version")],
        )  # fmt: skip
        if "history-instance" in HISTORY:
            found[f"{place}/{{id}}/_history", "get"] = _operation(
                f"history{kind}", f"The versions of a {kind}", 400, 404, success={200: versions},
                parameters=[_at("id", "Its id"), *_HISTORY],
            )  # fmt: skip
        if "history-type" in HISTORY:
            found[f"{place}/_history", "get"] = _operation(
                f"historyOfType{kind}", f"The versions of every {kind}", 400, success={200: versions},
                parameters=list(_HISTORY),
            )  # fmt: skip
    return found | (_searches(served) if served.searched else {})


def _searches(served: ServedType) -> Described:
    kind, place = served.name, f"/fhir/{served.name}"
    page = content("A page of what was found", _BUNDLE)
    asked = [
        parameter(one.name, f"{one.documentation} ({one.kind.value})")
        for one in (*EVERYWHERE, *served.parameters)
    ] + list(_CONTROLS)  # fmt: skip
    fields = {one["name"]: {"type": "string", "description": one["description"]} for one in asked}
    found: Described = {
        (place, "get"): _operation(
            f"search{kind}", f"Search for {kind}", 400, success={200: page}, parameters=asked
        ),
        (f"{place}/_search", "post"): _operation(
            f"searchByPost{kind}", f"Search for {kind} with a form", 400, 415, success={200: page},
            requestBody=body({"type": "object", "properties": fields}, FORM),
        ),
    }  # fmt: skip
    if any(one.kind is Kind.REFERENCE and one.name == "patient" for one in served.parameters):
        found[f"/fhir/Patient/{{id}}/{kind}", "get"] = _operation(
            f"searchOfPatient{kind}", f"Search for {kind} of one patient", 400, 404, success={200: page},
            parameters=[_at("id", "The patient's id"), *asked],
        )  # fmt: skip
    return found


def _writes(served: ServedType) -> Described:
    kind, place = served.name, f"/fhir/{served.name}"
    one = content(f"The {kind} as it is now", of_type(kind))
    found: Described = {}
    if "create" in served.writes:
        found[place, "post"] = _operation(
            f"create{kind}", f"Create a {kind}", 400, 412, 413, 415, 422, success={201: one, 200: one},
            requestBody=body(of_type(kind)),
            parameters=[_PREFER, parameter("If-None-Exist", "Create unless one answers that query", place="header")],
        )  # fmt: skip
    if "update" in served.writes:
        found[f"{place}/{{id}}", "put"] = _operation(
            f"update{kind}", f"Write a {kind} under its id", 400, 405, 412, 413, 415, 422,
            success={200: one, 201: one}, requestBody=body(of_type(kind)),
            parameters=[_at("id", "Its id"), _PREFER, _IF_MATCH],
        )  # fmt: skip
    if "patch" in served.writes:
        steps = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
        found[f"{place}/{{id}}", "patch"] = _operation(
            f"patch{kind}", f"Change a {kind} by JSON Patch", 400, 404, 405, 410, 412, 413, 415, 422,
            success={200: one}, requestBody=body(steps, JSON_PATCH),
            parameters=[_at("id", "Its id"), _PREFER, _IF_MATCH],
        )  # fmt: skip
    if "delete" in served.writes:
        found[f"{place}/{{id}}", "delete"] = _operation(
            f"delete{kind}", f"Delete a {kind}", 405, 409, 412, success={204: _NOTHING},
            parameters=[_at("id", "Its id"), _IF_MATCH],
        )  # fmt: skip
    return found


def _asked(operation: Operation) -> Described:
    """An operation at each address where it is asked, by GET too where it changes nothing."""
    found: Described = {}
    places = [("/fhir", "", operation.system)]
    places += [(f"/fhir/{kind}", kind, operation.of_type) for kind in operation.types]
    places += [(f"/fhir/{kind}/{{id}}", f"{kind}Instance", operation.of_instance) for kind in operation.types]
    simple = [
        parameter(slot.name, f"{slot.documentation} ({slot.kind})")
        for slot in operation.slots
        if slot.use == "in" and slot.kind[:1].islower()
    ]
    for place, where, taken in places:
        if not taken:
            continue
        at = [_at("id", "Its id")] if "{id}" in place else []
        success = {
            200: content(operation.title, _RESOURCE),
            202: {"description": "It goes on; Content-Location says where"},
        }
        more = {"summary": operation.title, "description": operation.description}
        refused = (400, 404, 405, 412, 413, 415, 422)
        name = f"{operation.name}{where}"
        found[f"{place}/${operation.name}", "post"] = (
            _operation(f"{name}ByPost", "", *refused, success=success, parameters=at, requestBody=body(_RESOURCE))
            | more
        )
        if not operation.affects_state:
            found[f"{place}/${operation.name}", "get"] = (
                _operation(name, "", *refused, success=success, parameters=[*at, *simple]) | more
            )
    return found
