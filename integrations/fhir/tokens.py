"""``/oauth/token`` and ``/oauth/revoke``: django-oauth-toolkit's, with every use recorded and refusals bounded."""

import base64
import hashlib
import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider.models import AccessToken, Application
from oauth2_provider.views import RevokeTokenView, TokenView

from clinic.access.actor import actor_of
from clinic.audit.event import record
from clinic.audit.models import Action
from integrations.fhir.authentication import check_budget, jti_of, refuse
from integrations.fhir.form import check_charset, unreadable
from integrations.fhir.outcome import Refusal
from integrations.smart.client_assertion import claimed_client


class Recorded:
    """A view of OAuth clients: nothing is issued or withdrawn without its audit event."""

    activity = ""

    @method_decorator(csrf_exempt)  # a client shows its secret, not a cookie
    @method_decorator(
        sensitive_post_parameters(
            "client_secret", "client_assertion", "password", "token", "code", "code_verifier", "refresh_token"
        )
    )
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return self._dispatch(request, *args, **kwargs)
        except SuspiciousOperation as error:
            return _fault(unreadable(error))
        except Refusal as refusal:
            return _fault(refusal)

    def _dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        client = _client(request)
        check_budget(request, client=client)
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            if response.status_code == 200:
                self._record(request, response)
        if response.status_code in (400, 401, 403):
            refuse(request, self.activity, client=client)
        if response.content.startswith(b"{"):
            response["Content-Type"] = "application/json"
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"  # RFC 6749, section 5.1
        return response

    def _record(self, request: HttpRequest, response: HttpResponse) -> None:
        raise NotImplementedError


def _client(request: HttpRequest) -> str:
    """The id of the client that a request names, or "": ids that nobody has share one budget of their address."""
    check_charset(request)
    in_form, in_header = request.POST.get("client_id", ""), ""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            in_header = unquote_plus(base64.b64decode(credentials).decode().partition(":")[0])
    if any("\x00" in value for values in request.POST.lists() for value in values[1]) or "\x00" in in_header:
        raise Refusal(400, "invalid", "The form has a NUL character; leave it out.")
    named = in_header or in_form or claimed_client(request.POST.get("client_assertion", ""))
    return named if Application.objects.filter(client_id=named).exists() else ""


def _fault(refusal: Refusal) -> JsonResponse:
    """A refusal in the words of OAuth."""
    code = "slow_down" if refusal.status == 429 else "invalid_request"
    fault = {"error": code, "error_description": refusal.sentence}
    return JsonResponse(fault, status=refusal.status, headers=refusal.headers)


class Token(Recorded, TokenView):
    """Credentials, a code or a refresh token in; a bearer token out."""

    activity = "oauth.token"
    http_method_names = ["post", "options"]  # noqa: RUF012

    def _record(self, request: HttpRequest, response: HttpResponse) -> None:
        text = json.loads(response.content)["access_token"]
        digest = hashlib.sha256(text.encode()).hexdigest()
        issued = AccessToken.objects.select_related("application__user", "user").get(token_checksum=digest)
        authorized = getattr(issued, "authorized", None)
        record(
            by=actor_of(issued.user or issued.application.user, request),
            action=Action.CREATE,
            activity=self.activity,
            subject_key=(authorized.authorization.subject_id or "") if authorized is not None else "",
            entity_type="AccessToken",
            entity_id=issued.pk,
            purpose="",
            detail={
                "client": issued.application.client_id,
                "scope": issued.scope,
                "jti": jti_of(issued),
                "grant": request.POST.get("grant_type", "")[:64],
            },
        )


class Revoke(Recorded, RevokeTokenView):
    """A client withdraws a token of its own."""

    activity = "oauth.revoke"

    def _record(self, request: HttpRequest, response: HttpResponse) -> None:  # noqa: ARG002
        detail = {"client": _client(request)}
        record(
            by=request.actor,  # type: ignore[attr-defined]
            action=Action.DELETE,
            activity=self.activity,
            entity_type="AccessToken",
            purpose="",
            detail=detail,
        )
