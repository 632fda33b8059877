"""``/oauth/introspect``: whether a token is in force, and for what (RFC 7662); only for a client that proves itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request as OAuthRequest
from oauthlib.oauth2 import OAuth2Error

from clinic.access.actor import key_of
from clinic.audit.event import record
from clinic.audit.models import Action
from integrations.fhir.authentication import jti_of, valid_token
from integrations.fhir.tokens import Recorded
from integrations.smart.authorization import launch_context
from integrations.smart.bridge import Core, fhir_base, issuer
from integrations.smart.validator import fhir_user, registration


class _Answer(View):
    http_method_names = ["post"]  # noqa: RUF012

    def post(self, request: HttpRequest) -> HttpResponse:
        client = _client(request)
        if client is None:
            fault = {"error": "invalid_client", "error_description": "Show a secret or a client_assertion."}
            return JsonResponse(fault, status=401, headers={"WWW-Authenticate": 'Basic realm="oauth"'})
        text = request.POST.get("token", "")
        if not text:
            fault = {"error": "invalid_request", "error_description": "token is missing; send the token to be judged."}
            return JsonResponse(fault, status=400)
        token = valid_token(text)
        request.introspecting = client  # type: ignore[attr-defined]
        if token is None or not _may_ask(client, token):
            return JsonResponse({"active": False})
        return JsonResponse(_told(token, issuer(request)))


class Introspect(Recorded, _Answer):
    """A client sees its own tokens; one that is registered as a resource server sees all."""

    activity = "oauth.introspect"

    def _record(self, request: HttpRequest, response: HttpResponse) -> None:  # noqa: ARG002
        client = request.introspecting  # type: ignore[attr-defined]
        record(
            by=request.actor,  # type: ignore[attr-defined]
            action=Action.READ,
            activity=self.activity,
            entity_type="AccessToken",
            purpose="",
            detail={"client": client.client_id},
        )


def _client(request: HttpRequest) -> Any:
    """The client, by a secret or a signed assertion; a public client proves nothing and is refused."""
    core = Core(oauth2_settings.OAUTH2_SERVER_CLASS(oauth2_settings.OAUTH2_VALIDATOR_CLASS()))
    asking = OAuthRequest(*core._extract_params(request))
    try:
        known = core.server.request_validator.authenticate_client(asking)
    except OAuth2Error:
        return None
    return asking.client if known else None


def _may_ask(client: Any, token: Any) -> bool:
    found = registration(client)
    return token.application_id == client.pk or (found is not None and found.introspects)


def _told(token: Any, base: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "active": True,
        "scope": token.scope,
        "client_id": token.application.client_id,
        "token_type": "Bearer",
        "exp": int(token.expires.timestamp()),
        "iat": int(token.created.timestamp()),
        "jti": jti_of(token),
        "iss": base,
        "aud": fhir_base(base),
        "sub": key_of(token.user or token.application.user),
    }
    if token.user is not None and "fhirUser" in token.scope.split():
        told["fhirUser"] = fhir_user(fhir_base(base), token.user)
    authorized = getattr(token, "authorized", None)
    return told | (launch_context(authorized.authorization) if authorized is not None else {})
