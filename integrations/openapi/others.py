"""CDS Hooks, what is under way at the FHIR door, and notifications that hospital systems send."""

from typing import Any

from integrations.openapi.said import BEARER, PUBLIC, Described, body, content, parameter

_JSON = "application/json"
_FHIR = "application/fhir+json"
_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}


def others() -> Described:
    """Every operation."""
    return {**_cds_hooks(), **_under_way(), **_notified()}


def _cds_hooks() -> Described:
    of_service = [parameter("id", "The service's id, as the discovery lists it", place="path")]
    return {
        ("/cds-services", "get"): {
            "operationId": "cdsDiscovery",
            "summary": "The CDS services that are offered, and what each wants to be sent along",
            "tags": ["CDS Hooks"],
            "security": PUBLIC,
            "responses": {"200": content("The services", _OBJECT, _JSON)},
        },
        ("/cds-services/{id}", "post"): {
            "operationId": "cdsCall",
            "summary": "Ask a CDS service; it answers with cards",
            "tags": ["CDS Hooks"],
            "security": BEARER,
            "parameters": of_service,
            "requestBody": body(
                {
                    "type": "object",
                    "required": ["hook", "hookInstance", "context"],
                    "properties": {
                        "hook": {"type": "string"},
                        "hookInstance": {"type": "string", "format": "uuid"},
                        "fhirServer": {"type": "string"},
                        "context": _OBJECT,
                        "prefetch": _OBJECT,
                    },
                },
                _JSON,
            ),
            "responses": _answers({200: "Cards, or none"}, 400, 401, 403, 404, 412, 413, 415, 429),
        },
        ("/cds-services/{id}/feedback", "post"): {
            "operationId": "cdsFeedback",
            "summary": "Say what became of cards",
            "tags": ["CDS Hooks"],
            "security": BEARER,
            "parameters": of_service,
            "requestBody": body(
                {
                    "type": "object",
                    "required": ["feedback"],
                    "properties": {"feedback": {"type": "array", "items": _OBJECT}},
                },
                _JSON,
            ),
            "responses": _answers({200: "Kept"}, 400, 401, 403, 404, 413, 415, 429),
        },
    }


def _under_way() -> Described:
    of_export = [parameter("uuid", "Of the address that the kick-off gave", place="path", pattern=_UUID)]
    return {
        ("/fhir/$export/{uuid}", "get"): {
            "operationId": "exportStatus",
            "summary": "How an export fares; once it is done, the manifest of its files",
            "tags": ["Bulk Data"],
            "security": BEARER,
            "parameters": of_export,
            "responses": _answers(
                {200: "The manifest", 202: "Under way; ask again as Retry-After says"}, 401, 404, 429
            ),
        },
        ("/fhir/$export/{uuid}", "delete"): {
            "operationId": "exportDelete",
            "summary": "Stop an export, or remove its files",
            "tags": ["Bulk Data"],
            "security": BEARER,
            "parameters": of_export,
            "responses": _answers({202: "It is gone"}, 401, 404, 429),
        },
        ("/fhir/$export/{uuid}/{name}", "get"): {
            "operationId": "exportFile",
            "summary": "A file of an export: a resource a line",
            "tags": ["Bulk Data"],
            "security": BEARER,
            "parameters": [*of_export, parameter("name", "As the manifest has it", place="path")],
            "responses": _answers({200: "application/fhir+ndjson"}, 401, 403, 404, 429),
        },
        ("/fhir/$what-if-status/{uuid}", "get"): {
            "operationId": "whatIfStatus",
            "summary": "How a what-if fares that was asked for with Prefer: respond-async",
            "tags": ["FHIR"],
            "security": BEARER,
            "parameters": of_export,
            "responses": _answers({200: "Parameters", 202: "Under way"}, 401, 403, 404, 429),
        },
        ("/fhir/$what-if-status/{uuid}", "delete"): {
            "operationId": "whatIfCancel",
            "summary": "Stop a what-if",
            "tags": ["FHIR"],
            "security": BEARER,
            "parameters": of_export,
            "responses": _answers({202: "It is stopped"}, 401, 403, 404, 429),
        },
    }


def _notified() -> Described:
    return {
        ("/fhir-notify/{uuid}", "post"): {
            "operationId": "notified",
            "summary": "A notification of a subscription of ours at a hospital system",
            "tags": ["Notifications"],
            "security": BEARER,
            "parameters": [
                parameter("uuid", "Of the address that the subscription names", place="path", pattern=_UUID)
            ],
            "requestBody": body(_OBJECT, _FHIR),
            "responses": _answers({200: "Taken in"}, 400, 401, 404, 413, 415, 429),
        },
    }


def _answers(well: dict[int, str], *refusals: int) -> dict[str, Any]:
    """What it answers, by status."""
    refused = {str(status): {"$ref": f"#/components/responses/{status}"} for status in refusals}
    return {str(status): {"description": said} for status, said in well.items()} | refused
