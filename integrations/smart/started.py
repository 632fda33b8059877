"""``/launch``: a hospital system starts this product for the patient that is open there.

We are the app here: the code flow with PKCE against a system that the setting SMART_EHRS names, and then the patient's
page, if they are open to the clinician who is signed in here.
"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from clinic.access.gate import page
from clinic.access.permissions import check_open
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome
from clinic.patients.models import Patient
from integrations.smart.outside import OutsideError, fetch_json, post_form

SCOPE = "launch openid fhirUser patient/Patient.r"
_WAITING = "smart_launches"
_MOST_WAITING = 5
_LONGEST_WAIT_S = 600
_ID_TOKEN_ALGORITHMS = ["RS256", "RS384", "ES256", "ES384"]
_SKEW_S = 60


class LaunchRefused(Exception):
    """A launch that leads nowhere; the sentence is for the clinician."""


@page(Permission.PATIENT_VIEW)
@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """To the hospital system that launched us, with the question who the patient is."""
    issuer = request.GET.get("iss", "").rstrip("/")
    launch = request.GET.get("launch", "")
    try:
        ehr = settings.SMART_EHRS.get(issuer)
        if ehr is None:
            raise LaunchRefused(_("The hospital system that started this is not one that this site knows."))
        if not 1 <= len(launch) <= 2000:
            raise LaunchRefused(_("The hospital system did not say which launch this is."))
        offered = _configuration(issuer)
        verifier, state, nonce = (secrets.token_urlsafe(48) for _ in range(3))
        waiting = {**request.session.get(_WAITING, {})}
        waiting[state] = {"issuer": issuer, "verifier": verifier, "nonce": nonce, "since": int(time.time()), **offered}
        request.session[_WAITING] = dict(list(waiting.items())[-_MOST_WAITING:])
        query = {
            "response_type": "code",
            "client_id": ehr["client_id"],
            "redirect_uri": _callback(request),
            "launch": launch,
            "scope": SCOPE,
            "state": state,
            "aud": request.GET["iss"],
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
    except (LaunchRefused, OutsideError) as error:
        return _refused(request, "launch.start", str(error))
    _record(request, "launch.start", Outcome.SUCCESS, issuer)
    separator = "&" if urlsplit(offered["authorization_endpoint"]).query else "?"
    response = HttpResponse(status=302)
    response["Location"] = offered["authorization_endpoint"] + separator + urlencode(query)
    return response


@page(Permission.PATIENT_VIEW)
@never_cache
@require_safe
def finish(request: HttpRequest) -> HttpResponse:
    """Back from there with a code: it becomes a token, the token names the patient, and the patient has a page here."""
    try:
        asked = _asked(request)
        ehr = settings.SMART_EHRS.get(asked["issuer"])
        if ehr is None:
            raise LaunchRefused(_("The hospital system that started this is not one that this site knows any more."))
        if "error" in request.GET:
            raise LaunchRefused(_("The hospital system refused: %(error)s.") % {"error": request.GET["error"][:100]})
        given = _exchange(request, ehr, asked)
        patient = _patient(ehr, given)
    except (LaunchRefused, OutsideError) as error:
        return _refused(request, "launch.finish", str(error))
    check_open(request.user, patient.pk)
    _record(request, "launch.finish", Outcome.SUCCESS, asked["issuer"], patient)
    return redirect("patient", patient.pk)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What this very session asked under the state that came back; each state is good once."""
    waiting = {**request.session.get(_WAITING, {})}
    asked = waiting.pop(request.GET.get("state", ""), None)
    if asked is None or asked["since"] < time.time() - _LONGEST_WAIT_S:
        raise LaunchRefused(_("This answer belongs to no launch of yours, or it took too long. Start anew."))
    request.session[_WAITING] = waiting
    return asked  # type: ignore[no-any-return]


def _configuration(issuer: str) -> dict[str, str]:
    """The addresses that the hospital system names."""
    content = fetch_json(f"{issuer}/.well-known/smart-configuration").content
    wanted = ("authorization_endpoint", "token_endpoint")
    if not isinstance(content, dict) or not all(_is_address(content.get(name)) for name in wanted):
        raise LaunchRefused(_("The hospital system does not say where it authorizes apps."))
    if "S256" not in content.get("code_challenge_methods_supported", ["S256"]):
        raise LaunchRefused(
            _("The hospital system does not take PKCE with S256, without which no app is started here.")
        )
    keys = content.get("jwks_uri")
    return {
        **{name: content[name] for name in wanted},
        "jwks_uri": keys if _is_address(keys) else "",
        "named": str(content.get("issuer") or ""),
    }


def _exchange(request: HttpRequest, ehr: dict[str, str], asked: dict[str, Any]) -> dict[str, Any]:
    code = request.GET.get("code", "")
    if not code:
        raise LaunchRefused(_("The hospital system sent no code."))
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _callback(request),
        "code_verifier": asked["verifier"],
    }
    secret = ehr.get("client_secret", "")
    if not secret:
        form["client_id"] = ehr["client_id"]
    given = post_form(asked["token_endpoint"], form, auth=(ehr["client_id"], secret) if secret else None).content
    if not isinstance(given, dict):
        raise LaunchRefused(_("The hospital system answered with no token."))
    if given.get("id_token"):
        _check_identity(given["id_token"], ehr, asked)
    return given


def _check_identity(text: Any, ehr: dict[str, str], asked: dict[str, Any]) -> None:
    """An identity token must be of that system, for us, fresh, and of this session."""
    if not asked["jwks_uri"]:
        raise LaunchRefused(_("The hospital system says who you are and not by which key it says so."))
    keys = fetch_json(asked["jwks_uri"]).content
    try:
        claims = jwt.decode(str(text), KeySet.import_key_set(keys), algorithms=_ID_TOKEN_ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise LaunchRefused(_("The hospital system's word on who you are is not signed by its key.")) from error
    audience = claims.get("aud")
    expires = claims.get("exp")
    right = (
        str(claims.get("iss", "")).rstrip("/") in {asked["issuer"], asked["named"].rstrip("/")}
        and ehr["client_id"] in (audience if isinstance(audience, list) else [audience])
        and isinstance(expires, int | float)
        and expires > time.time() - _SKEW_S
        and secrets.compare_digest(str(claims.get("nonce", "")), asked["nonce"])
    )
    if not right:
        raise LaunchRefused(_("The hospital system's word on who you are is not for this launch."))


def _patient(ehr: dict[str, str], given: dict[str, Any]) -> Patient:
    identifier = given.get("patient")
    if not isinstance(identifier, str) or not identifier or "\x00" in identifier:
        raise LaunchRefused(_("The hospital system named no patient."))
    found = Patient.objects.filter(source_key=f"{ehr['source']}/Patient/{identifier}").first()
    if found is None:
        raise LaunchRefused(_("This patient's record has not been received from the hospital system yet."))
    return found


def _callback(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("launch-callback"))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_address(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return value.startswith("https://") or (value.startswith("http://") and settings.SMART_PRIVATE_ADDRESSES)


def _refused(request: HttpRequest, activity: str, sentence: str) -> HttpResponse:
    _record(request, activity, Outcome.FAILED, request.GET.get("iss", ""))
    return render(request, "smart/not_started.html", {"why": sentence}, status=400)


def _record(request: HttpRequest, activity: str, outcome: Outcome, issuer: str, patient: Patient | None = None) -> None:
    record(
        by=request.actor,  # type: ignore[attr-defined]
        action=Action.EXECUTE,
        activity=activity,
        outcome=outcome,
        subject_key=patient.pk if patient is not None else "",
        detail={"issuer": issuer[:300]},
    )
