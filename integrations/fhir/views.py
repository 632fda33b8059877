"""The door's views: they let in, parse, call one interaction, answer, and record before the answer leaves."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve, reverse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.views import APIView

from clinic.audit.event import AuditWriteError, record
from clinic.audit.models import Action, Outcome
from integrations.fhir.authentication import BearerToken, Caller, CallerRate
from integrations.fhir.capability import statement
from integrations.fhir.form import check_charset, unreadable
from integrations.fhir.formats import JSON_TYPES, judge_accept
from integrations.fhir.formats import body as body_of
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.dispatch import answering, bundle
from integrations.fhir.interactions.history import history
from integrations.fhir.interactions.patch import PATCHES
from integrations.fhir.interactions.refused import keep
from integrations.fhir.interactions.sealed import sealed
from integrations.fhir.interactions.search_type import search_type
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.outcome import FHIR_JSON, Refusal, answer
from integrations.fhir.registry import operation_at

log = logging.getLogger(__name__)
LONGEST_ADDRESS = 300
"""What the audit trail keeps of a request's address, which is without its query."""
_ACTIONS = {
    "fhir.create": Action.CREATE,
    "fhir.update": Action.UPDATE,
    "fhir.delete": Action.DELETE,
    "fhir.search": Action.EXECUTE,
    "fhir.batch": Action.EXECUTE,
    "fhir.transaction": Action.EXECUTE,
    "fhir.export": Action.EXECUTE,
    "fhir.export.cancel": Action.EXECUTE,
}


class Door(APIView):
    """What every view of the door does: token, rate, format; refusals as OperationOutcome; the audit event."""

    authentication_classes = [BearerToken]  # noqa: RUF012 - DRF's way
    permission_classes = []  # noqa: RUF012
    throttle_classes = [CallerRate]  # noqa: RUF012
    parser_classes = [FormParser]  # noqa: RUF012
    http_method_names = ["get", "head", "post"]  # noqa: RUF012
    activity = "fhir.request"
    accepted = JSON_TYPES
    """What a client may accept; it must accept one of them."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.answered = Answer(0, activity=self.activity)
        self.is_recorded = False
        try:
            response = super().dispatch(request, *args, **kwargs)
            if not self.is_recorded:
                self.answered.status = response.status_code
                self._record(self.answered)
        except AuditWriteError:
            log.exception("a request of the FHIR door was not recorded, so it was not answered")
            response = answer(Refusal(500, "exception", "This could not be recorded, so it is not shown. Try again."))
        response["Cache-Control"] = "no-store"
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the parent's signature
        """Who, how often, in what format, in this order: a stranger learns nothing but that a token is missing."""
        self.perform_authentication(request)
        self.check_throttles(request)
        judge_accept(request, self.accepted)
        check_charset(request._request)

    def handle_exception(self, exc: Exception) -> HttpResponseBase:
        if isinstance(exc, AuditWriteError):
            raise exc
        return answer(_refusal(exc, self.allowed_methods))

    @property
    def base(self) -> str:
        return str(self.request.build_absolute_uri("/fhir/"))

    def ask(self, request: Request, *, query: list[tuple[str, str]] | None = None, body: bytes = b"") -> Ask:
        """The request as an `Ask`."""
        where = {name: self.kwargs.get(name, "") for name in ("resource_type", "identifier", "version")}
        return Ask(
            method=request.method or "",
            base=self.base,
            caller=request.user,
            query=tuple(_pairs(request.query_params) if query is None else query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            **where,
        )

    def reading(self, do: Callable[[Ask], Answer], ask: Ask) -> HttpResponse:
        """Answer what changes nothing."""
        self.answered = do(ask)
        return _response(self.answered)

    def writing(self, do: Callable[[Ask], Answer], ask: Ask) -> HttpResponse:
        """Answer what may change something: the change and its audit event are kept together, or neither.

        What cannot be written is kept all the same, in quarantine, but for secrets.
        """
        ask = sealed(ask)
        try:
            return self.starting(do, ask)
        except Refusal as refusal:
            keep(refusal, ask)
            raise

    def starting(self, do: Callable[[Ask], Answer], ask: Ask) -> HttpResponse:
        """As `writing`, for what is a request and no data: it is not kept where it is refused."""
        with transaction.atomic():
            self.answered = do(ask)
            self._record(self.answered)
            self.is_recorded = True
        return _response(self.answered)

    def _record(self, done: Answer) -> None:
        """One event for each request with a valid token; refused tokens are recorded where they are refused."""
        caller = getattr(self.request, "_user", None)
        if not isinstance(caller, Caller):
            return
        status = done.status
        outcome = Outcome.SUCCESS if status < 400 else Outcome.REFUSED if status in (401, 403) else Outcome.FAILED
        touched = [*done.shown, *done.written]
        subjects = sorted({*(served.subject_key for served in touched), *done.about} - {""})
        address = self.request.build_absolute_uri(self.request.path)[:LONGEST_ADDRESS]
        detail: dict[str, Any] = {"method": self.request.method or "", "status": status, "address": address}
        detail |= done.detail
        if caller.token_jti:
            detail |= {"token": caller.token_jti, "client_id": caller.client_id}
        if len(subjects) > 1:
            detail["subjects"] = subjects
        kind, entity, version = self.kwargs.get("resource_type", "")[:64], self.kwargs.get("identifier", ""), ""
        if len(touched) == 1 and done.activity != "fhir.search":
            kind, entity, version = touched[0].resource_type, touched[0].id, touched[0].version
        if done.activity == "fhir.search":
            detail["ids"] = [served.id if served.resource_type == kind else _name(served) for served in done.shown]
        elif len(touched) > 1:
            detail["shown"] = [_name(served) for served in done.shown]
            detail["written"] = [_name(served) for served in done.written]
        record(
            by=caller.actor,
            action=_action(done.activity),
            activity=done.activity,
            outcome=outcome,
            subject_key=subjects[0] if len(subjects) == 1 else "",
            entity_type=kind,
            entity_id=entity,
            entity_version=version,
            purpose=caller.purpose,
            detail=detail,
        )


class MetadataView(Door):
    """``GET [base]/metadata``, for anybody."""

    authentication_classes = []  # noqa: RUF012

    def get(self, request: Request) -> HttpResponse:
        token_url = request.build_absolute_uri(reverse("oauth-token"))
        return HttpResponse(msgspec.json.encode(statement(self.base, token_url)), content_type=FHIR_JSON)


class InstanceView(Door):
    """``[base]/[type]/[id]``: read, update, patch, delete; and vread of ``/_history/[version]``."""

    activity = "fhir.read"
    http_method_names = ["get", "head", "put", "patch", "delete"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(answering, self.ask(request))

    def put(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.update"
        return self.writing(answering, self.ask(request, body=body_of(request)))

    def patch(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.update"
        return self.writing(answering, self.ask(request, body=body_of(request, *PATCHES)))

    def delete(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.delete"
        return self.writing(answering, self.ask(request))


class VersionView(Door):
    """``GET [base]/[type]/[id]/_history/[version]``."""

    activity = "fhir.vread"
    http_method_names = ["get", "head"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(answering, self.ask(request))


class TypeView(Door):
    """``[base]/[type]``: search, create, and update, patch and delete of the one that a query names."""

    activity = "fhir.search"
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(answering, self.ask(request))

    def post(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.create"
        return self.writing(answering, self.ask(request, body=body_of(request)))

    put = InstanceView.put
    patch = InstanceView.patch
    delete = InstanceView.delete


class SearchByPostView(Door):
    """``POST [base]/[type]/_search`` with a form; parameters of the address count too."""

    activity = "fhir.search"
    http_method_names = ["post"]  # noqa: RUF012

    def post(self, request: Request, **_: str) -> HttpResponse:
        query = _pairs(request.query_params) + _pairs(request.data)
        return self.reading(search_type, self.ask(request, query=query))


class CompartmentView(Door):
    """``GET [base]/Patient/[id]/[type]``: what of that type is about the patient."""

    activity = "fhir.search"
    http_method_names = ["get", "head"]  # noqa: RUF012
    compartment = "Patient"

    def get(self, request: Request, owner: str, **_: str) -> HttpResponse:
        return self.reading(search_type, replace(self.ask(request), compartment=(self.compartment, owner)))


class HistoryView(Door):
    """``GET [base]/[type]/[id]/_history`` and ``GET [base]/[type]/_history``."""

    activity = "fhir.history"
    http_method_names = ["get", "head"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(history, self.ask(request))


class BundleView(Door):
    """``POST [base]`` with a batch or transaction."""

    activity = "fhir.batch"
    http_method_names = ["get", "head", "post"]  # noqa: RUF012

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002
        raise nowhere()

    def post(self, request: Request) -> HttpResponse:
        return self.writing(bundle, self.ask(request, body=body_of(request)))


class OperationView(Door):
    """``$name`` of the whole server, of a type or of a resource; by GET where it changes nothing."""

    activity = "fhir.operation"
    http_method_names = ["get", "head", "post"]  # noqa: RUF012

    def get(self, request: Request, name: str, **_: str) -> HttpResponse:
        return self._operate(request, name, Inputs.of_pairs(_pairs(request.query_params)), b"")

    def post(self, request: Request, name: str, **_: str) -> HttpResponse:
        pairs = Inputs.of_pairs(_pairs(request.query_params))
        body = body_of(request) if request._request.body else b""
        return self._operate(request, name, Inputs(pairs.given + Inputs.of_body(body).given), body)

    def _operate(self, request: Request, name: str, inputs: Inputs, body: bytes) -> HttpResponse:
        ask = self.ask(request, body=body)
        operation = operation_at(name, ask.resource_type, ask.identifier)
        if operation is None:
            raise nowhere()
        self.answered.activity = f"fhir.operation.{name}"
        if operation.affects_state and request.method != "POST":
            raise Refusal(405, "not-supported", f"${name} changes something; ask for it by POST.", Allow="POST")
        # What an operation was given is a question and no data: the quarantine would try it again as a create.
        do = self.starting if operation.affects_state or operation.starts_work else self.reading
        return do(lambda asked: operation.do(asked, inputs), ask)


@csrf_exempt
def slashed(request: HttpRequest, path: str) -> HttpResponseBase:
    """An address with a slash at its end, which some clients write, is the address without."""
    view, args, kwargs = resolve(f"/fhir/{path}")
    response: HttpResponseBase = view(request, *args, **kwargs)
    return response


class NowhereView(Door):
    """Every other address of the door: 401 to strangers, 404 to callers."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012

    def get(self, request: Request, path: str = "") -> HttpResponse:  # noqa: ARG002
        raise nowhere()

    post = put = patch = delete = get


def nowhere() -> Refusal:
    return Refusal(404, "not-found", "Nothing is served at this address; [base]/metadata says what is.")


def _action(activity: str) -> Action:
    return Action.EXECUTE if activity.startswith("fhir.operation") else _ACTIONS.get(activity, Action.READ)


def _name(served: Any) -> str:
    return f"{served.resource_type}/{served.id}/_history/{served.version}"


def _response(done: Answer) -> HttpResponse:
    response = HttpResponse(done.body, status=done.status, content_type=FHIR_JSON)
    for name, value in done.headers.items():
        response[name] = value
    return response


def _pairs(form: Any) -> list[tuple[str, str]]:
    """Of a query or form; where a request has no body there is no form."""
    lists = form.lists() if hasattr(form, "lists") else ()
    return [(name, text) for name, texts in lists for text in texts]


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
