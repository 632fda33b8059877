"""Between the request and every view: a name for the request, and the Gate that lets in, refuses and records."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinic.access.actor import actor_of
from clinic.access.demand import demands_a_second_factor, lead_to_second_factor
from clinic.access.disclosure import Disclosure, UndisclosedPageError, disclosures
from clinic.access.emergency import closed_patient, leave_when_over
from clinic.access.gate import ABOUT_PATIENTS, PURPOSES, Door, rule_of
from clinic.access.lent_password import lead_to_change, must_be_changed
from clinic.access.permissions import NotInCareTeamError, granted
from clinic.access.roles import Permission
from clinic.access.stranger import ask_to_sign_in
from clinic.audit.event import Actor, AuditWriteError, record
from clinic.audit.models import Action, Outcome

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
log = logging.getLogger(__name__)


def request_identity(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request an id of our own making, which its audit events, its log lines and its answer carry."""

    def identify(request: HttpRequest) -> HttpResponse:
        request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
        request.client_address = _address(request)  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response

    return identify


def _address(request: HttpRequest) -> str:
    """Where the request came from; behind a trusted proxy, what the proxy appended, never what the client wrote."""
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if forwarded.strip():
            return forwarded.rsplit(",", 1)[-1].strip()
    return request.META.get("REMOTE_ADDR", "")


class Gate:
    """Lets a request to a view only as the view's rule says, and records every page before it leaves.

    A view without a rule is refused to everybody. A page whose audit event cannot be written is not shown.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        request.actor = actor_of(user, request)  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
            if getattr(request, "opened_page", None) is not None:
                _record_page(request, response)
        except AuditWriteError:
            response = _unrecorded(request)
        if user.is_authenticated:  # not request.user: the FHIR door puts its own caller there
            response.setdefault("Cache-Control", "no-store, private")
        leave_when_over(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        rule = rule_of(view)
        if rule is not None and rule.door is not Door.PAGE:
            return None
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if rule is not None and rule.permission is not None:
            actor = replace(actor, purpose=PURPOSES[rule.permission])
            request.actor = actor  # type: ignore[attr-defined]
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        if rule is None or rule.permission not in granted(actor.roles):
            try:
                _record_refusal(request, "no rule" if rule is None else f"needs {rule.permission}")
            except AuditWriteError:
                return _unrecorded(request)
            raise PermissionDenied
        if rule.permission is not Permission.ACCOUNT_OWN and must_be_changed(request):
            try:
                _record_refusal(request, "needs a password of one's own")
            except AuditWriteError:
                return _unrecorded(request)
            return lead_to_change(request)
        if rule.permission is not Permission.ACCOUNT_OWN and demands_a_second_factor(request):
            try:
                _record_refusal(request, "needs a second factor")
            except AuditWriteError:
                return _unrecorded(request)
            return lead_to_second_factor(request)
        request.opened_page = rule  # type: ignore[attr-defined]
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Record what a view itself refuses: here, after its transaction was taken back, so that the record stays."""
        try:
            if isinstance(error, PermissionDenied):
                _record_refusal(request, type(error).__name__, getattr(error, "subject_key", ""))
        except AuditWriteError:
            return _unrecorded(request)
        if isinstance(error, NotInCareTeamError):
            return closed_patient(request, error)
        return _unrecorded(request) if isinstance(error, AuditWriteError) else None


def _unrecorded(request: HttpRequest) -> HttpResponse:
    """The page that says that nothing is shown because it could not be recorded."""
    log.exception("request %s was not recorded, so it was not answered", request.request_id)  # type: ignore[attr-defined]
    request.opened_page = None  # type: ignore[attr-defined]
    return render(request, "access/unrecorded.html", status=500)


def _record_refusal(request: HttpRequest, why: str, subject_key: str = "") -> None:
    request.opened_page = None  # type: ignore[attr-defined]
    record(
        by=request.actor,  # type: ignore[attr-defined]
        action=_action(request),
        activity=_activity(request),
        outcome=Outcome.REFUSED,
        subject_key=subject_key,
        entity_type="page",
        entity_id=request.path,
        detail={"method": request.method or "", "why": why},
    )


def _record_page(request: HttpRequest, response: HttpResponse) -> None:
    """One event for each disclosure of the page, or one that names only the page where it shows no patient."""
    shown = disclosures(request)
    rule = request.opened_page  # type: ignore[attr-defined]
    if shown is None and response.status_code == 200 and rule.permission in ABOUT_PATIENTS:
        raise UndisclosedPageError(
            f"{request.path} shows patients and did not say whom; call patient_for, or disclose(request, *subject_keys)"
        )
    outcome = Outcome.SUCCESS
    if response.status_code >= 400:
        outcome = Outcome.REFUSED if response.status_code in (401, 403) else Outcome.FAILED
    for item in shown or [Disclosure(())]:
        one = item.subjects[0] if len(item.subjects) == 1 else ""
        detail: dict[str, Any] = {"method": request.method or "", "status": response.status_code}
        if len(item.subjects) > 1:
            detail["subjects"] = list(item.subjects)
        record(
            by=request.actor,  # type: ignore[attr-defined]
            action=_action(request),
            activity=_activity(request),
            outcome=outcome,
            subject_key=one,
            entity_type=item.entity_type or "page",
            entity_id=item.entity_id or request.path,
            entity_version=item.entity_version,
            detail=detail,
        )


def _action(request: HttpRequest) -> Action:
    return Action.READ if request.method in _READS else Action.EXECUTE


def _activity(request: HttpRequest) -> str:
    match = request.resolver_match
    return f"page.{match.url_name or match.view_name}" if match else "page"
