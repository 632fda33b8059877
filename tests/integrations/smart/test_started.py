"""A hospital system starts this product: only one that is known, only with its own answer, only for the care team."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import Patient
from tests.integrations.smart.steps import challenge

pytestmark = pytest.mark.django_db
KEY = RSAKey.generate_key(2048, {"kid": "ehr", "use": "sig", "alg": "RS256"})


class Hospital(ThreadingHTTPServer):
    """A hospital system as a SMART server: it notes what it was asked and gives the token that the test says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.configuration: dict[str, Any] = {
            "authorization_endpoint": f"{self.base}/authorize?tenant=1",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/jwks",
            "issuer": self.base,
            "code_challenge_methods_supported": ["S256"],
        }
        self.given: dict[str, Any] = {"access_token": "t", "token_type": "bearer", "patient": "p1"}
        self.status = 200
        self.forms: list[dict[str, list[str]]] = []
        self.authorizations: list[str] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def issuer(self) -> str:
        return f"{self.base}/fhir"


class _Handler(BaseHTTPRequestHandler):
    server: Hospital

    def do_GET(self) -> None:
        known = {
            "/fhir/.well-known/smart-configuration": self.server.configuration,
            "/jwks": {"keys": [KEY.as_dict(private=False)]},
        }
        self._answer(200 if self.path in known else 404, known.get(self.path, {}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.forms.append(parse_qs(body))
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        self._answer(self.server.status, self.server.given)

    def _answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def hospital(settings: Any) -> Iterator[Hospital]:
    server = Hospital()
    settings.SMART_PRIVATE_ADDRESSES = True
    settings.SMART_EHRS = {server.issuer: {"issuer": server.issuer, "client_id": "twin", "source": "ward"}}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def started(browser: Client, hospital: Hospital, **changed: str) -> dict[str, str]:
    """What the hospital system is asked."""
    query = {"iss": hospital.issuer, "launch": "l-1", **changed}
    answer = browser.get("/launch?" + urlencode(query))
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(f"{hospital.base}/authorize?tenant=1&")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def back(browser: Client, asked: dict[str, str], **changed: str) -> Any:
    return browser.get("/launch/callback", {"code": "c-1", "state": asked["state"], **changed})


def identity(hospital: Hospital, asked: dict[str, str], *, key: Any = KEY, **changed: Any) -> str:
    claims = {"iss": hospital.base, "aud": "twin", "exp": int(time.time()) + 60, "nonce": asked["nonce"], **changed}
    return jwt.encode({"alg": key.alg, "kid": key.kid}, claims, key, algorithms=["RS256", "HS256"])


def test_a_launch_ends_on_the_page_of_the_patient_that_was_open(
    browser: Client, hospital: Hospital, patient: Patient
) -> None:
    asked = started(browser, hospital)
    assert asked["launch"] == "l-1"
    assert asked["aud"] == hospital.issuer
    assert asked["redirect_uri"] == "http://testserver/launch/callback"
    assert (asked["client_id"], asked["code_challenge_method"]) == ("twin", "S256")
    hospital.given["id_token"] = identity(hospital, asked)
    answer = back(browser, asked)
    assert answer.status_code == 302, answer.content
    assert answer["Location"] == f"/patients/{patient.pk}"
    (form,) = hospital.forms
    assert form["code"] == ["c-1"]
    assert challenge(form["code_verifier"][0]) == asked["code_challenge"]
    assert form["client_id"] == ["twin"]
    event = AuditEvent.objects.get(activity="launch.finish")
    assert (event.subject_key, event.outcome) == (str(patient.pk), Outcome.SUCCESS)


def test_a_secret_of_ours_goes_in_the_header(
    browser: Client, hospital: Hospital, patient: Patient, settings: Any
) -> None:
    settings.SMART_EHRS[hospital.issuer]["client_secret"] = "s"
    assert back(browser, started(browser, hospital)).status_code == 302
    assert hospital.authorizations[0].startswith("Basic ")
    assert "client_id" not in hospital.forms[0]


def test_a_patient_outside_the_care_team_stays_closed(browser: Client, hospital: Hospital, other: Patient) -> None:
    hospital.given["patient"] = "p2"
    assert back(browser, started(browser, hospital)).status_code == 403
    event = AuditEvent.objects.filter(outcome=Outcome.REFUSED).get()
    assert event.subject_key == str(other.pk)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"iss": "https://evil.example/fhir", "launch": "l"},
        {"iss": "http://169.254.169.254/fhir", "launch": "l"},
        {"iss": "", "launch": "l"},
    ],
)
def test_a_system_that_is_not_known_is_never_asked_anything(
    browser: Client, hospital: Hospital, query: dict[str, str]
) -> None:
    answer = browser.get("/launch", query)
    assert (answer.status_code, "Location" in answer) == (400, False)
    assert AuditEvent.objects.get(activity="launch.start").outcome == Outcome.FAILED


def test_a_launch_without_its_value_is_refused(browser: Client, hospital: Hospital) -> None:
    assert browser.get("/launch", {"iss": hospital.issuer}).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"authorization_endpoint": None},
        {"token_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "file:///etc/passwd"},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_configuration_that_leads_nowhere_is_refused(
    browser: Client, hospital: Hospital, changed: dict[str, Any]
) -> None:
    hospital.configuration |= changed
    assert browser.get("/launch", {"iss": hospital.issuer, "launch": "l"}).status_code == 400


def test_the_answer_belongs_to_the_session_that_asked_and_is_good_once(
    browser: Client, hospital: Hospital, cleo: User, patient: Patient
) -> None:
    asked = started(browser, hospital)
    elsewhere = Client()
    elsewhere.force_login(cleo)
    assert back(elsewhere, asked).status_code == 400
    assert back(browser, {**asked, "state": "guess"}).status_code == 400
    assert back(browser, asked).status_code == 302
    assert back(browser, asked).status_code == 400
    assert len(hospital.forms) == 1


def test_an_answer_that_took_too_long_is_refused(
    browser: Client, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = started(browser, hospital)
    later = time.time() + 601
    monkeypatch.setattr(time, "time", lambda: later)
    assert back(browser, asked).status_code == 400
    assert hospital.forms == []


def test_no_more_than_five_launches_wait_in_one_session(browser: Client, hospital: Hospital, patient: Patient) -> None:
    asked = [started(browser, hospital) for _ in range(6)]
    assert back(browser, asked[0]).status_code == 400
    assert back(browser, asked[5]).status_code == 302


@pytest.mark.parametrize(
    "given",
    [
        {"patient": None},
        {"patient": ""},
        {"patient": 7},
        {"patient": "\x00"},
        {"patient": "nobody"},
        {"patient": "../p1"},
    ],
)
def test_a_token_that_names_no_patient_of_ours_opens_nothing(
    browser: Client, hospital: Hospital, patient: Patient, given: dict[str, Any]
) -> None:
    hospital.given |= given
    assert back(browser, started(browser, hospital)).status_code == 400


def test_a_refusal_there_is_told_here(browser: Client, hospital: Hospital) -> None:
    answer = back(browser, started(browser, hospital), error="access_denied", code="")
    assert answer.status_code == 400
    assert b"access_denied" in answer.content
    assert hospital.forms == []


def test_a_code_that_is_refused_opens_nothing(browser: Client, hospital: Hospital) -> None:
    hospital.status, hospital.given = 400, {"error": "invalid_grant"}
    answer = back(browser, started(browser, hospital))
    assert answer.status_code == 400
    assert b"invalid_grant" in answer.content


OTHER = RSAKey.generate_key(2048, {"kid": "ehr", "alg": "RS256"})


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        (OTHER, {}),
        (KEY, {"iss": "https://evil.example"}),
        (KEY, {"aud": "somebody"}),
        (KEY, {"nonce": "another"}),
        (KEY, {"exp": 1}),
        (KEY, {"exp": "soon"}),
    ],
)
def test_a_word_on_who_signed_in_must_be_signed_and_for_this_launch(
    browser: Client, hospital: Hospital, patient: Patient, key: Any, changed: dict[str, Any]
) -> None:
    asked = started(browser, hospital)
    hospital.given["id_token"] = identity(hospital, asked, key=key, **changed)
    assert back(browser, asked).status_code == 400


def test_a_stranger_signs_in_first_and_a_researcher_is_refused(hospital: Hospital) -> None:
    answer = Client().get("/launch", {"iss": hospital.issuer, "launch": "l"})
    assert answer.status_code == 401
    assert "launch=l" in answer.content.decode()
    user = User.objects.create_user("rob")
    user.groups.set([Group.objects.get(name="researcher")])
    client = Client()
    client.force_login(user)
    assert client.get("/launch", {"iss": hospital.issuer, "launch": "l"}).status_code == 403
    assert client.get("/launch/callback").status_code == 403
