"""Pieces of OpenAPI 3.0 that the descriptions share."""

from typing import Any

Described = dict[tuple[str, str], dict[str, Any]]
"""Operations by path and method in small letters."""
FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
PUBLIC: list[dict[str, list[str]]] = []
OUTCOME = {"$ref": "#/components/schemas/OperationOutcome"}

_REFUSALS = {
    400: "A value, parameter or body that cannot be used",
    401: "No token, or one that is not in force",
    403: "The token's scope does not cover it",
    404: "Nothing is there for this caller",
    405: "Not taken at this address",
    406: "Only application/fhir+json is served",
    409: "Something here stands in its way",
    410: "It was deleted",
    412: "Another version, or several that answer the condition",
    413: "Too large",
    415: "The body is not of a kind that is read",
    422: "It breaks a rule of FHIR R4",
    429: "Too many requests; Retry-After says how long to wait",
}


def content(description: str, schema: dict[str, Any], kind: str = FHIR_JSON) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


COMPONENTS: dict[str, Any] = {
    "securitySchemes": {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token of /oauth/token"},
        "client": {"type": "http", "scheme": "basic", "description": "Client id and secret"},
    },
    "responses": {str(status): content(said, OUTCOME) for status, said in _REFUSALS.items()},
    "schemas": {
        "Resource": {
            "type": "object",
            "description": "A resource of FHIR R4 (4.0.1): https://hl7.org/fhir/R4/resourcelist.html",
            "required": ["resourceType"],
            "properties": {"resourceType": {"type": "string"}, "id": {"type": "string"}},
            "additionalProperties": True,
        },
        "Bundle": {
            "type": "object",
            "required": ["resourceType", "type"],
            "properties": {
                "resourceType": {"type": "string", "enum": ["Bundle"]},
                "type": {"type": "string"},
                "entry": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            },
            "additionalProperties": True,
        },
        "OperationOutcome": {
            "type": "object",
            "required": ["resourceType", "issue"],
            "properties": {
                "resourceType": {"type": "string", "enum": ["OperationOutcome"]},
                "issue": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            },
        },
        "OAuthFault": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
        },
    },
}


def answers(*statuses: int, success: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """The answers of an operation of the door; every one of them may be 401, 403, 406 and 429."""
    refusals = sorted({401, 403, 406, 429, *statuses})
    return {
        **{str(status): said for status, said in success.items()},
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in refusals},
    }


def parameter(name: str, documentation: str, *, place: str = "query", **schema: Any) -> dict[str, Any]:
    """A parameter; one of a path is required, and no other is."""
    return {
        "name": name,
        "in": place,
        "description": documentation,
        "required": place == "path",
        "schema": {"type": "string", **schema},
    }


def body(schema: dict[str, Any], kind: str = FHIR_JSON) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema}}}


def of_type(resource_type: str) -> dict[str, Any]:
    """A resource of one type."""
    named = {"properties": {"resourceType": {"type": "string", "enum": [resource_type]}}}
    return {"allOf": [{"$ref": "#/components/schemas/Resource"}, named]}
