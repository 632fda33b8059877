"""What every view of the door does: token, rate and format, refusals as OperationOutcome, the audit event."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.views import APIView

from clinic.audit.event import AuditWriteError, record
from clinic.audit.models import Action, Outcome
from integrations.fhir.authentication import BearerToken, Caller, CallerRate
from integrations.fhir.form import check_charset
from integrations.fhir.formats import JSON_TYPES, judge_accept
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.own_way import prepared
from integrations.fhir.interactions.refused import keep
from integrations.fhir.interactions.sealed import sealed
from integrations.fhir.outcome import FHIR_JSON, Refusal, answer
from integrations.fhir.refusal import refusal_of

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
        return answer(refusal_of(exc, self.allowed_methods, door="the FHIR door"))

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
            query=tuple(pairs_of(request.query_params) if query is None else query),
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
        ask = prepared(sealed(ask))
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


def pairs_of(form: Any) -> list[tuple[str, str]]:
    """Of a query or form; where a request has no body there is no form."""
    lists = form.lists() if hasattr(form, "lists") else ()
    return [(name, text) for name, texts in lists for text in texts]


def _action(activity: str) -> Action:
    return Action.EXECUTE if activity.startswith("fhir.operation") else _ACTIONS.get(activity, Action.READ)


def _name(served: Any) -> str:
    return f"{served.resource_type}/{served.id}/_history/{served.version}"


def _response(done: Answer) -> HttpResponse:
    response = HttpResponse(done.body, status=done.status, content_type=FHIR_JSON)
    for name, value in done.headers.items():
        response[name] = value
    return response
