"""The door's views: they let in, parse, call one verb, answer, and record before the answer leaves."""

import logging
import re
from datetime import datetime
from typing import Any

import msgspec
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import http_date, parse_http_date_safe
from rest_framework import exceptions
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.views import APIView

from clinic.audit.event import AuditWriteError, record
from clinic.audit.models import Action, Outcome
from integrations.fhir.authentication import BearerToken, Caller, CallerRate
from integrations.fhir.bundle import searchset
from integrations.fhir.capability import statement
from integrations.fhir.form import check_charset, unreadable
from integrations.fhir.outcome import FHIR_JSON, Refusal, answer
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Served, ServedType
from integrations.fhir.search import kept_in_audit, search

log = logging.getLogger(__name__)
_JSON_TYPES = ("application/fhir+json", "application/json", "application/json+fhir", "text/json")


class Door(APIView):
    """What every view of the door does: token, rate, format; refusals as OperationOutcome; the audit event."""

    authentication_classes = [BearerToken]  # noqa: RUF012 - DRF's way
    permission_classes = []  # noqa: RUF012
    throttle_classes = [CallerRate]  # noqa: RUF012
    parser_classes = [FormParser]  # noqa: RUF012
    http_method_names = ["get", "head", "post"]  # noqa: RUF012
    activity = "fhir.request"
    action = Action.READ

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.shown: list[Served] = []
        self.query: list[list[Any]] = []
        try:
            response = super().dispatch(request, *args, **kwargs)
            self._record(response.status_code)
        except AuditWriteError:
            log.exception("a request of the FHIR door was not recorded, so it was not answered")
            response = answer(Refusal(500, "exception", "This could not be recorded, so it is not shown. Try again."))
        response["Cache-Control"] = "no-store"
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the parent's signature
        """Who, how often, in what format, in this order: a stranger learns nothing but that a token is missing."""
        self.perform_authentication(request)
        self.check_throttles(request)
        _judge_accept(request)
        check_charset(request._request)

    def handle_exception(self, exc: Exception) -> HttpResponseBase:
        if isinstance(exc, AuditWriteError):
            raise exc
        return answer(_refusal(exc, self.allowed_methods))

    @property
    def base(self) -> str:
        return str(self.request.build_absolute_uri("/fhir/"))

    def served(self, resource_type: str, interaction: str) -> ServedType:
        """The type, if this server has it and the token's scope covers it."""
        if resource_type not in TYPES:
            known = ", ".join(TYPES)
            raise Refusal(404, "not-supported", f"{resource_type[:64]!r} is not served here; there are {known}.")
        caller = self.request.user
        if isinstance(caller, Caller) and not caller.may(resource_type, interaction):
            raise Refusal(
                403, "forbidden", f"The token's scope does not cover it; ask for system/{resource_type}.{interaction}."
            )
        return TYPES[resource_type]

    def _record(self, status: int) -> None:
        """One event for each request with a valid token; refused tokens are recorded where they are refused."""
        caller = getattr(self.request, "_user", None)
        if not isinstance(caller, Caller):
            return
        outcome = Outcome.SUCCESS if status < 400 else Outcome.REFUSED if status in (401, 403) else Outcome.FAILED
        subjects = sorted({served.subject_key for served in self.shown} - {""})
        detail: dict[str, Any] = {"method": self.request.method or "", "status": status}
        if self.query:
            detail["query"] = self.query
        if len(subjects) > 1:
            detail["subjects"] = subjects
        entity, version = self.kwargs.get("identifier", ""), ""
        if self.activity == "fhir.search":
            detail["ids"] = [served.id for served in self.shown]
        elif self.shown:
            version = self.shown[0].version
        record(
            by=caller.actor,
            action=self.action,
            activity=self.activity,
            outcome=outcome,
            subject_key=subjects[0] if len(subjects) == 1 else "",
            entity_type=self.kwargs.get("resource_type", "")[:64],
            entity_id=entity,
            entity_version=version,
            detail=detail,
        )


class MetadataView(Door):
    """``GET [base]/metadata``, for anybody."""

    authentication_classes = []  # noqa: RUF012

    def get(self, request: Request) -> HttpResponse:
        token_url = request.build_absolute_uri(reverse("oauth-token"))
        return HttpResponse(msgspec.json.encode(statement(self.base, token_url)), content_type=FHIR_JSON)


class ReadView(Door):
    """``GET [base]/[type]/[id]`` and ``GET [base]/[type]/[id]/_history/[version]``."""

    activity = "fhir.read"

    def get(self, request: Request, resource_type: str, identifier: str, version: str | None = None) -> HttpResponse:
        served = self.served(resource_type, "r")
        if version is not None:
            self.activity = "fhir.vread"
        found = served.read(identifier, version)
        if found is None:
            what = f"{resource_type}/{identifier[:64]}" + (f" version {version[:64]}" if version else "")
            raise Refusal(404, "not-found", f"There is no {what} here.")
        self.shown = [found]
        unchanged = _is_known(request, found.version, found.last_updated)
        response = HttpResponse(b"" if unchanged else found.body, status=304 if unchanged else 200)
        response["Content-Type"] = FHIR_JSON
        response["ETag"] = f'W/"{found.version}"'
        response["Last-Modified"] = http_date(found.last_updated.timestamp())
        return response


class SearchView(Door):
    """``GET [base]/[type]?…``."""

    activity = "fhir.search"
    action = Action.EXECUTE

    def get(self, request: Request, resource_type: str) -> HttpResponse:
        return self._search(request, resource_type, _pairs(request.query_params))

    def _search(self, request: Request, resource_type: str, query: list[tuple[str, str]]) -> HttpResponse:
        served = self.served(resource_type, "s")
        self.query = kept_in_audit(served, query)
        strict = "handling=strict" in request.headers.get("Prefer", "").replace(" ", "").lower()
        page = search(resource_type, query, base=self.base, reach=None, strict=strict)
        self.shown = [*page.found, *page.included]
        return HttpResponse(searchset(page, self.base), content_type=FHIR_JSON)


class SearchByPostView(SearchView):
    """``POST [base]/[type]/_search`` with a form; parameters of the address count too."""

    http_method_names = ["post"]  # noqa: RUF012

    def post(self, request: Request, resource_type: str) -> HttpResponse:
        return self._search(request, resource_type, _pairs(request.query_params) + _pairs(request.data))


class NowhereView(Door):
    """Every other address of the door: 401 to strangers, 404 to callers."""

    def get(self, request: Request, path: str = "") -> HttpResponse:  # noqa: ARG002
        raise Refusal(404, "not-found", "Nothing is served at this address; [base]/metadata says what is.")

    post = get


def _pairs(form: Any) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in form.lists() for text in texts]


def _judge_accept(request: Request) -> None:
    """406 for one who takes no JSON at all; an unknown or missing preference is no refusal."""
    accept = request.headers.get("Accept", "").lower()
    kinds = [kind.strip() for kind in accept.split(",") if kind.strip()]
    for kind in kinds:
        name, *options = (part.strip() for part in kind.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0*)?", option) for option in options)
        if not refused and name in (*_JSON_TYPES, "*/*", "application/*"):
            return
    if kinds:
        raise Refusal(406, "not-supported", "Only application/fhir+json is served; accept it.")


def _is_known(request: Request, version: str, last_updated: datetime) -> bool:
    """Whether the caller has this version; ETags compare weakly, and come as ``W/"1"``, ``"1"`` or a list of them."""
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return tags.strip() == "*" or version in re.findall(r'(?:W/)?"([^"]*)"', tags)
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since is not None and int(last_updated.timestamp()) <= since


def _refusal(error: Exception, allowed: list[str]) -> Refusal:
    """Any exception as an answer; the unforeseen is logged and tells the caller nothing of its inside."""
    match error:
        case Refusal():
            return error
        case SuspiciousOperation():
            return unreadable(error)
        case exceptions.MethodNotAllowed():
            return Refusal(405, "not-supported", "This address does not take that method.", Allow=", ".join(allowed))
        case exceptions.Throttled():
            wait = str(max(1, int(error.wait or 1)))
            return Refusal(429, "throttled", f"Too many requests; wait {wait} s.", Retry_After=wait)
        case exceptions.UnsupportedMediaType():
            return Refusal(415, "not-supported", "Send the search as application/x-www-form-urlencoded.")
        case exceptions.ParseError():
            return Refusal(400, "invalid", "The body cannot be read as a form.")
        case _:
            log.error("unforeseen fault of the FHIR door", exc_info=error)
            return Refusal(500, "exception", "A fault of this server; it was logged.")
