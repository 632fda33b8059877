"""OAuth, SMART and the two addresses that say whether the site is well."""

from typing import Any

from integrations.openapi.said import BEARER, FORM, PUBLIC, Described, body, content, parameter

_OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
_FAULT = {"$ref": "#/components/schemas/OAuthFault"}
_JSON = "application/json"
_CLIENT: list[dict[str, list[str]]] = [{"client": []}, {}]
"""By secret in the header, or by what the form holds."""
_PROOF = {
    "client_id": "The client, where it does not prove itself by a header or an assertion",
    "client_secret": "Its secret",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "A signed JWT (RS384 or ES384)",
}


def oauth() -> Described:
    """Every operation."""
    return {
        ("/oauth/token", "post"): _form(
            "token", "A token for credentials, a code or a refresh token",
            {
                "grant_type": "client_credentials, authorization_code or refresh_token",
                "scope": "What is wanted",
                "code": "Of the redirect",
                "redirect_uri": "As it was when the code was asked for",
                "code_verifier": "PKCE",
                "refresh_token": "To go on",
                **_PROOF,
            },
        ),
        ("/oauth/revoke", "post"): _form(
            "revoke", "Withdraw a token", {"token": "The token", "token_type_hint": "access_token or refresh_token",
            **_PROOF},
        ),
        ("/oauth/introspect", "post"): _form(
            "introspect", "Whether a token is in force", {"token": "The token", **_PROOF}
        ),
        ("/oauth/launch", "post"): {
            "operationId": "launch",
            "summary": "A launch for an app that is to be started for the patient that is open",
            "tags": ["OAuth"],
            "security": BEARER,
            "requestBody": body(
                {
                    "type": "object",
                    "required": ["patient"],
                    "properties": {"patient": {"type": "string"}, "client_id": {"type": "string"}},
                },
                _JSON,
            ),
            "responses": _answers(201, 400, 401, 403, 415, 429),
        },
        ("/oauth/authorize", "get"): {
            "operationId": "authorize",
            "summary": "Where an app sends a person, who signs in and allows it",
            "tags": ["OAuth"],
            "security": PUBLIC,
            "parameters": [
                parameter(name, said)
                for name, said in (
                    ("response_type", "code"),
                    ("client_id", "The app"),
                    ("redirect_uri", "One of those registered"),
                    ("scope", "What is wanted"),
                    ("state", "Comes back unchanged"),
                    ("aud", "The address of /fhir"),
                    ("launch", "Of the system that started the app"),
                    ("code_challenge", "PKCE"),
                    ("code_challenge_method", "S256"),
                )
            ],
            "responses": {
                "200": {"description": "The page that asks the person"},
                "302": {"description": "To the sign-in, or back to the app"},
                "400": {"description": "A request that cannot be trusted"},
            },
        },
        ("/oauth/jwks", "get"): _open("jwks", "The public keys of identity tokens"),
        ("/.well-known/openid-configuration", "get"): _open("openidConfiguration", "What OpenID Connect wants known"),
        ("/fhir/.well-known/smart-configuration", "get"): _open("smartConfiguration", "What SMART wants known"),
        ("/fhir/Practitioner/user-{number}", "get"): {
            "operationId": "readUser",
            "summary": "The person who signed in, as fhirUser names them",
            "tags": ["OAuth"],
            "security": BEARER,
            "parameters": [parameter("number", "Their number", place="path", pattern="^[0-9]{1,9}$")],
            "responses": _answers(200, 401, 403, 404, 429, kind="application/fhir+json"),
        },
        ("/healthz", "get"): {
            "operationId": "healthz",
            "summary": "Whether the process is alive",
            "tags": ["Health"],
            "security": PUBLIC,
            "responses": {"200": {"description": "It is"}},
        },
        ("/readyz", "get"): {
            "operationId": "readyz",
            "summary": "Whether everything that it needs answers",
            "tags": ["Health"],
            "security": PUBLIC,
            "responses": {
                "200": content("It does", _OBJECT, _JSON),
                "503": content("Something does not, by its name", _OBJECT, _JSON),
            },
        },
    }  # fmt: skip


def _form(name: str, summary: str, fields: dict[str, str]) -> dict[str, Any]:
    properties = {field: {"type": "string", "description": said} for field, said in fields.items()}
    required = [next(iter(fields))]
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["OAuth"],
        "security": _CLIENT,
        "requestBody": body({"type": "object", "required": required, "properties": properties}, FORM),
        "responses": _answers(200, 400, 401, 429),
    }


def _open(name: str, summary: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["OAuth"],
        "security": PUBLIC,
        "responses": {"200": content(summary, _OBJECT, _JSON)},
    }


def _answers(*statuses: int, kind: str = _JSON) -> dict[str, Any]:
    return {
        str(status): content("Done" if status < 400 else "Refused", _OBJECT if status < 400 else _FAULT, kind)
        for status in statuses
    }
