"""``/oauth/token`` and ``/oauth/revoke``: django-oauth-toolkit's, with every use recorded and refusals bounded."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider.models import AccessToken
from oauth2_provider.views import RevokeTokenView, TokenView

from clinic.access.actor import actor_of
from clinic.audit.event import record
from clinic.audit.models import Action
from integrations.fhir.authentication import REFUSALS_A_MINUTE, refuse, spent_on_refusals


class _Recorded:
    """A view of OAuth clients: nothing is issued or withdrawn without its audit event."""

    activity = ""

    @method_decorator(csrf_exempt)  # a client shows its secret, not a cookie
    @method_decorator(sensitive_post_parameters("client_secret", "password", "token"))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if spent_on_refusals(request) >= REFUSALS_A_MINUTE:
            response = JsonResponse({"error": "slow_down", "error_description": "Wait a minute."}, status=429)
            response["Retry-After"] = "60"
            return response
        with transaction.atomic():
            last = AccessToken.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            if response.status_code == 200:
                self._record(request, last)
        if response.status_code in (400, 401, 403):
            refuse(request, self.activity)
        return response

    def _record(self, request: HttpRequest, last: int) -> None:
        raise NotImplementedError


class Token(_Recorded, TokenView):
    """Client credentials in, a bearer token out."""

    activity = "oauth.token"

    def _record(self, request: HttpRequest, last: int) -> None:
        for issued in AccessToken.objects.select_related("application__user", "user").filter(pk__gt=last):
            user = issued.user or issued.application.user
            record(
                by=actor_of(user, request),
                action=Action.CREATE,
                activity=self.activity,
                entity_type="AccessToken",
                entity_id=issued.pk,
                purpose="",
                detail={"client": issued.application.client_id, "scope": issued.scope},
            )


class Revoke(_Recorded, RevokeTokenView):
    """A client withdraws a token of its own."""

    activity = "oauth.revoke"

    def _record(self, request: HttpRequest, last: int) -> None:  # noqa: ARG002
        record(by=request.actor, action=Action.DELETE, activity=self.activity, entity_type="AccessToken", purpose="")  # type: ignore[attr-defined]
