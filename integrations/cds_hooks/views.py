"""The services' views: they let in, parse, call one verb, answer, and record before the answer leaves."""

import logging
import re
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from clinic.audit.event import Actor, AuditWriteError, record
from clinic.audit.models import Action, Outcome
from integrations.cds_hooks.answer import answer
from integrations.cds_hooks.call import read_call
from integrations.cds_hooks.discovery import discovered
from integrations.cds_hooks.feedback import keep_feedback, read_feedback
from integrations.cds_hooks.offered import SERVICES, Service
from integrations.cds_hooks.token import TokenError, UntrustedIssuerError, verify
from integrations.cds_hooks.trust import Client
from integrations.fhir.authentication import refuse
from integrations.fhir.outcome import Refusal, outcome
from integrations.fhir.refusal import refusal_of
from integrations.smart.key_sets import KeySetError

log = logging.getLogger(__name__)
JSON = "application/json"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Caller:
    """A CDS client with a token that was good for this address."""

    is_authenticated = True

    def __init__(self, client: Client, request: HttpRequest) -> None:
        self.client = client
        where = {"request_id": request.request_id, "client": request.client_address}  # type: ignore[attr-defined]
        self.actor = Actor(client.key, **where)


class SignedToken(BaseAuthentication):
    """``Authorization: Bearer <JWT>``, signed for the address that is called."""

    def authenticate(self, request: Request) -> tuple[Caller, None]:
        header = request.headers.get("Authorization", "")
        if not header:
            raise _unauthorised("Send a signed token: Authorization: Bearer …", error="")
        match = re.fullmatch(r"[Bb]earer +(\S+)", header)
        try:
            if match is None:
                raise TokenError("it is no bearer token; send Authorization: Bearer …")
            client = verify(match[1], _audiences(request))
        except UntrustedIssuerError as error:
            refuse(request._request, "cds.token")
            raise Refusal(403, "forbidden", f"The token is not accepted: {error}.") from error
        except TokenError as error:
            refuse(request._request, "cds.token")
            raise _unauthorised(f"The token is not accepted: {error}.") from error
        except KeySetError as error:
            log.warning("a client's keys cannot be fetched: %s", error)
            sentence = "The client's keys cannot be fetched now; try again."
            raise Refusal(503, "transient", sentence, Retry_After="30") from error
        return Caller(client, request._request), None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the parent's signature
        return 'Bearer realm="cds-services"'


def _audiences(request: Request) -> set[str]:
    """What the token may be signed for: this address; for feedback, that of its service too."""
    address = request.build_absolute_uri(request.path)
    return {address, address.removesuffix("/feedback")}


def _unauthorised(sentence: str, *, error: str = ', error="invalid_token"') -> Refusal:
    return Refusal(401, "login", sentence, WWW_Authenticate=f'Bearer realm="cds-services"{error}')


class ClientRate(SimpleRateThrottle):
    """Requests of one client a minute, in each process."""

    rate = "1200/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:  # noqa: ARG002 - the parent's signature
        caller = request.user
        return f"cds-rate-{caller.client.key}" if isinstance(caller, Caller) else None


class StrangerRate(SimpleRateThrottle):
    """Requests of one address a minute for what is open to anybody, in each process."""

    rate = "600/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:  # noqa: ARG002
        return f"cds-open-{request._request.client_address}"


class Endpoint(APIView):
    """What every view of the services does: cross-origin headers, token, rate; refusals as JSON; the audit event."""

    authentication_classes = [SignedToken]  # noqa: RUF012 - DRF's way
    permission_classes = []  # noqa: RUF012
    throttle_classes = [ClientRate]  # noqa: RUF012
    parser_classes = []  # noqa: RUF012
    http_method_names = ["post", "options"]  # noqa: RUF012
    activity = "cds.request"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.recorded = False
        origin = request.headers.get("Origin", "")
        shared = bool(origin) and origin in settings.CDS_CORS_ORIGINS
        if shared and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: HttpResponseBase = HttpResponse(status=204)  # a browser asks before it sends the token
            response["Access-Control-Allow-Methods"] = ", ".join(self.allowed_methods)
            response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response["Access-Control-Max-Age"] = "600"
        else:
            try:
                response = super().dispatch(request, *args, **kwargs)
                self._record_failure(response.status_code)
            except AuditWriteError:
                log.exception("a call of the CDS services was not recorded, so it was not answered")
                response = _refused(Refusal(500, "exception", "This could not be recorded, so it is not answered."))
        response["Cache-Control"] = "no-store"
        if settings.CDS_CORS_ORIGINS:
            patch_vary_headers(response, ["Origin"])
        if shared:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = "Location, Retry-After"
        return response

    def handle_exception(self, exc: Exception) -> HttpResponseBase:
        if isinstance(exc, AuditWriteError):
            raise exc
        return _refused(refusal_of(exc, self.allowed_methods, door="the CDS services"))

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    def service(self, service_id: str) -> Service:
        if service_id not in SERVICES:
            known = ", ".join(SERVICES)
            raise Refusal(404, "not-found", f"There is no service {service_id[:64]!r}; there are {known}.")
        return SERVICES[service_id]

    def body(self, request: Request) -> bytes:
        """The body, if it says that it is JSON in UTF-8."""
        kind, *options = (part.strip().lower() for part in request.headers.get("Content-Type", "").split(";"))
        charset = next((o.removeprefix("charset=").strip('"') for o in options if o.startswith("charset=")), "utf-8")
        if kind != JSON or charset != "utf-8":
            raise Refusal(415, "not-supported", f"Send the call as {JSON} in UTF-8.")
        return bytes(request._request.body)

    def _record_failure(self, status: int) -> None:
        """What a caller with a good token was refused; answers are recorded where they are made."""
        caller = getattr(self.request, "_user", None)
        if status < 400 or not isinstance(caller, Caller):
            return
        record(
            by=caller.actor,
            action=Action.EXECUTE,
            activity=self.activity,
            outcome=Outcome.REFUSED if status in (401, 403) else Outcome.FAILED,
            entity_type="CdsService",
            entity_id=self.kwargs.get("service_id", ""),
            detail={"method": self.request.method or "", "status": status},
        )


class DiscoveryView(Endpoint):
    """``GET /cds-services``, for anybody."""

    authentication_classes = []  # noqa: RUF012
    throttle_classes = [StrangerRate]  # noqa: RUF012
    http_method_names = ["get", "head", "options"]  # noqa: RUF012

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002
        return HttpResponse(_encode(discovered()), content_type=JSON)


class ServiceView(Endpoint):
    """``POST /cds-services/[id]``."""

    activity = "cds.call"

    def post(self, request: Request, service_id: str) -> HttpResponse:
        service = self.service(service_id)
        caller = request.user
        call = read_call(self.body(request), service, caller.client)
        self.activity = f"cds.{service.hook}"
        cards = answer(
            call,
            by=caller.actor,
            now=timezone.now(),
            absolute=request.build_absolute_uri,
            own_door=request.build_absolute_uri("/fhir"),
        )
        return HttpResponse(_encode({"cards": [card.to_json() for card in cards]}), content_type=JSON)


class FeedbackView(Endpoint):
    """``POST /cds-services/[id]/feedback``."""

    activity = "cds.feedback"

    def post(self, request: Request, service_id: str) -> HttpResponse:
        service = self.service(service_id)
        told = read_feedback(self.body(request))
        keep_feedback(told, service=service, client=request.user.client, by=request.user.actor)
        return HttpResponse(b"{}", content_type=JSON)


def _refused(refusal: Refusal) -> HttpResponse:
    response = HttpResponse(_encode(outcome(refusal)), status=refusal.status, content_type=JSON)
    for name, value in refusal.headers.items():
        response[name] = value
    return response
