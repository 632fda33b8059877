"""Whatever is sent, the addresses of SMART answer with a refusal and never with a fault of their own."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.patients.models import Patient
from integrations.smart.models import SmartClient
from tests.integrations.smart.steps import SCOPE, allow, app, assertion, assertion_form, code_form, question, system

pytestmark = pytest.mark.django_db
often = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
values = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(
        ["", "\x00", "none", "S256", "[]", "{}", '{"id_token": 7}', "a" * 3000, SCOPE, "-1", "é", "%zz", "+"]
    ),
)
QUESTIONS = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "aud", "code_challenge", "code_challenge_method"),
    *("nonce", "prompt", "claims", "resource", "launch", "find", "max_age", "id_token_hint", "ui_locales", "request"),
)
FORMS = (
    *("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "refresh_token", "scope"),
    *("client_assertion", "client_assertion_type", "resource", "username", "password", "token", "token_type_hint"),
)


@pytest.fixture
def client_of_people(db: None) -> SmartClient:
    return app()


@often
@given(changed=st.dictionaries(st.sampled_from(QUESTIONS), values, max_size=5), posted=st.booleans())
def test_any_question(
    browser: Client, client_of_people: SmartClient, patient: Patient, changed: dict[str, str], posted: bool
) -> None:
    address = question(client_of_people, **changed)
    if posted:
        answer = browser.post(address, {"answer": "allow", "scope": ["patient/*.rs"], "patient": str(patient.pk)})
    else:
        answer = browser.get(address)
    assert answer.status_code in (200, 302, 400)
    if answer.status_code == 302:
        assert answer["Location"].startswith("https://app.example/back?")


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_parameter_that_is_repeated(
    browser: Client, client_of_people: SmartClient, patient: Patient, name: str
) -> None:
    address = question(client_of_people) + "&" + urlencode([(name, "x"), (name, "y")])
    assert browser.get(address).status_code in (200, 302, 400)


def test_a_resource_that_is_asked_for_changes_nothing(
    browser: Client, client_of_people: SmartClient, patient: Patient
) -> None:
    address = question(client_of_people, resource="https://elsewhere.example")
    code = allow(browser, address, patient=patient)["code"]
    form = code_form(client_of_people, code, resource="https://elsewhere.example")
    assert Client().post("/oauth/token", form).status_code == 200


@often
@given(
    changed=st.dictionaries(st.sampled_from(FORMS), values, max_size=5),
    address=st.sampled_from(["/oauth/token", "/oauth/revoke", "/oauth/introspect"]),
    kind=st.sampled_from(["code", "assertion"]),
)
def test_any_form(cleo: User, client_of_people: SmartClient, changed: dict[str, str], address: str, kind: str) -> None:
    cache.clear()  # the budget of refusals is not what is tested here
    if kind == "code":
        form = {**code_form(client_of_people, "guess"), **changed}
    else:
        form = {**assertion_form(assertion(_system())), **changed}
    answer = Client().post(address, form)
    assert answer.status_code in (200, 400, 401, 415)
    if answer.status_code != 200:
        assert answer.json()["error"]


def _system() -> SmartClient:
    return SmartClient.objects.filter(kind="backend").first() or system()


json_values: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@often
@given(
    top=json_values, inside=st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "jti", "iat"]), json_values)
)
def test_any_claims(db: None, top: Any, inside: dict[str, Any]) -> None:
    cache.clear()
    client = _system()
    form = assertion_form(assertion(client, **{name: value for name, value in inside.items() if _fits(value)}))
    first, _claims, last = form["client_assertion"].split(".")
    for text in (form["client_assertion"], f"{first}.{_segment(top)}.{last}", f"{_segment(top)}.{_claims}.{last}"):
        answer = Client().post("/oauth/token", {**form, "client_assertion": text})
        assert answer.status_code in (200, 401)


def _fits(value: Any) -> bool:
    return not isinstance(value, float) or abs(value) < 1e300


def _segment(value: Any) -> str:

    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
