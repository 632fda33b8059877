"""The hospital's login lets in people who are bound here, refuses everybody else, and makes nobody."""

import json
import time
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from clinic.access import throttle
from clinic.access.single_sign_on import HospitalPeople, provider_id
from clinic.audit.models import AuditEvent, ChainHead, Outcome
from tests.clinic.access import authenticator
from tests.clinic.access.people import is_in, person

pytestmark = pytest.mark.django_db
ISSUER = "https://login.hospital.example"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})
BACK = "/login/hospital/return"


class Provider:
    """A provider in this very process: what it would say over HTTP, without HTTP."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "s-1", "email": "cleo@hospital.example", "email_verified": True}
        self.userinfo: dict[str, Any] = {}
        self.key, self.issuer, self.down = KEY, ISSUER, False
        self.nonce = self.verifier = ""
        self.asked: list[str] = []

    def __enter__(self) -> "Provider":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def get(self, url: str, **_: Any) -> requests.Response:
        return self.request("GET", url)

    def request(self, _method: str, url: str, data: Any = None, **_: Any) -> requests.Response:
        self.asked.append(url)
        if self.down:
            raise requests.ConnectionError("down")
        return {
            f"{ISSUER}/.well-known/openid-configuration": lambda: answer(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token",
                    "userinfo_endpoint": f"{ISSUER}/userinfo",
                    "jwks_uri": f"{ISSUER}/keys",
                }
            ),
            f"{ISSUER}/keys": lambda: answer({"keys": [KEY.as_dict(private=False)]}),
            f"{ISSUER}/userinfo": lambda: answer({"sub": self.claims["sub"], **self.userinfo}),
            f"{ISSUER}/token": lambda: self._token(data),
        }[url]()

    def _token(self, data: dict[str, str]) -> requests.Response:
        self.verifier = data.get("code_verifier", "")
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "us", "exp": now + 60, "iat": now, "nonce": self.nonce, **self.claims}
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key)
        return answer({"access_token": "t", "token_type": "Bearer", "id_token": token})


def answer(content: Any) -> requests.Response:
    made = requests.Response()
    made.status_code = 200
    made.headers["content-type"] = "application/json"
    made._content = json.dumps(content).encode()
    return made


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Provider:
    settings.OIDC = {"issuer": ISSUER, "client_id": "us", "client_secret": "secret", "name": "St. Elsewhere's login"}
    made = Provider()
    monkeypatch.setattr(HospitalPeople, "get_requests_session", lambda _self: made)
    cache.clear()
    return made


@pytest.fixture
def cleo(db: None) -> User:
    user = person()
    User.objects.update(email="Cleo@hospital.example")
    return user


def come_back(client: Client, provider: Provider, **query: str) -> Any:
    """Through the provider and back, as a browser goes."""
    away = client.get("/login/hospital", {"next": "/formulary"})
    assert away.status_code == 302
    asked = {name: values[0] for name, values in parse_qs(urlsplit(away["Location"]).query).items()}
    provider.nonce = provider.nonce or asked["nonce"]
    return client.get(BACK, {"code": "c", "state": asked["state"], **query})


def bind(user: User, subject: str = "s-1") -> None:
    call_command("sign_in", user.username, "--subject", subject, stdout=StringIO())


def last_login() -> AuditEvent:
    return AuditEvent.objects.filter(activity="login").order_by("-sequence")[0]


def test_it_is_off_unless_the_settings_name_a_provider(client: Client) -> None:
    assert client.get("/login/hospital").status_code == 404
    assert client.get(BACK).status_code == 404
    assert b"/login/hospital" not in client.get("/login").content


def test_a_bound_person_is_led_there_and_let_in(client: Client, provider: Provider, cleo: User) -> None:
    bind(cleo)
    assert b"St. Elsewhere&#x27;s login" in client.get("/formulary").content
    away = client.get("/login/hospital")
    assert away["Location"].startswith(f"{ISSUER}/authorize?")
    asked = parse_qs(urlsplit(away["Location"]).query)
    assert asked["redirect_uri"] == [f"http://testserver{BACK}"]
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    home = come_back(client, provider)
    assert (home.status_code, home["Location"]) == (302, "/formulary")
    assert is_in(client)
    assert provider.verifier
    event = last_login()
    assert (event.actor, event.outcome, event.detail) == (
        f"user-{cleo.pk}",
        Outcome.SUCCESS,
        {"by": ["socialaccount"]},
    )
    assert SocialAccount.objects.get().extra_data == {}, "nothing of what the provider says is kept"


def test_an_unknown_person_is_refused_and_nobody_is_made(client: Client, provider: Provider, cleo: User) -> None:
    refused = come_back(client, provider)
    assert (refused.status_code, b"nobody here is bound to it" in refused.content) == (403, True)
    assert not is_in(client)
    assert list(User.objects.all()) == [cleo]
    assert not SocialAccount.objects.exists()
    event = last_login()
    assert (event.actor, event.outcome, event.detail["why"]) == ("stranger", Outcome.REFUSED, "unknown")
    assert "cleo" not in str(event.__dict__).lower()


def test_a_verified_address_binds_once_where_the_setting_allows_it(
    client: Client, provider: Provider, cleo: User, settings: Any
) -> None:
    settings.OIDC_MATCH_EMAIL = True
    assert come_back(client, provider).status_code == 302
    assert is_in(client)
    assert SocialAccount.objects.get().uid == "s-1"
    assert AuditEvent.objects.get(activity="person.bind").entity_id == f"user-{cleo.pk}"
    provider.claims["sub"], provider.nonce = "s-2", ""
    other = Client()
    assert come_back(other, provider).status_code == 403, "another subject with the same address is another person"
    assert not is_in(other)
    assert last_login().detail["why"] == "bound to another"


@pytest.mark.parametrize("verified", [False, "true", 1, None])
def test_an_address_that_is_not_verified_binds_nobody(
    client: Client, provider: Provider, cleo: User, settings: Any, verified: Any
) -> None:
    settings.OIDC_MATCH_EMAIL = True
    provider.claims["email_verified"] = verified
    assert come_back(client, provider).status_code == 403


@pytest.mark.parametrize("alike", ["cleo@hoſpital.example", "cleo@hosp\u0131tal.example", "ｃleo@hospital.example"])
def test_an_address_that_a_database_takes_for_the_persons_binds_nobody(
    client: Client, provider: Provider, cleo: User, settings: Any, alike: str
) -> None:
    """PostgreSQL compares in capitals, and these letters share theirs with those of ASCII."""
    settings.OIDC_MATCH_EMAIL = True
    User.objects.filter(pk=cleo.pk).update(email="cleo@hospital.example")
    provider.claims["email"] = alike
    assert come_back(client, provider).status_code == 403
    assert not SocialAccount.objects.exists()


def test_an_address_of_two_people_binds_neither(client: Client, provider: Provider, cleo: User, settings: Any) -> None:
    settings.OIDC_MATCH_EMAIL = True
    person("other")
    User.objects.update(email="cleo@hospital.example")
    assert come_back(client, provider).status_code == 403


def test_an_identity_of_another_provider_is_another_persons(
    client: Client, provider: Provider, cleo: User, settings: Any
) -> None:
    bind(cleo)
    settings.OIDC = {**settings.OIDC, "issuer": "https://elsewhere.example"}
    assert not SocialAccount.objects.filter(provider=provider_id()).exists()


def test_one_put_out_of_service_stays_out(client: Client, provider: Provider, cleo: User) -> None:
    bind(cleo)
    User.objects.update(is_active=False)
    assert come_back(client, provider).status_code == 403
    assert not is_in(client)


@pytest.mark.parametrize(
    "fault",
    [
        {"claims": {"nonce": "another"}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "somebody else"}},
        {"claims": {"exp": 1}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": None}},
        {"key": OTHER_KEY},
        {"issuer": "https://evil.example"},
        {"userinfo": {"sub": "s-2"}},
    ],
    ids=str,
)
def test_a_forged_or_broken_identity_lets_nobody_in(
    client: Client, provider: Provider, cleo: User, fault: dict[str, Any]
) -> None:
    bind(cleo)
    bind(person("other"), "s-2")
    for name, value in fault.items():
        setattr(provider, name, {**provider.claims, **value} if name == "claims" else value)
    away = client.get("/login/hospital")
    if away.status_code == 302:
        asked = parse_qs(urlsplit(away["Location"]).query)
        provider.nonce = asked["nonce"][0]
        away = client.get(BACK, {"code": "c", "state": asked["state"][0]})
    assert (away.status_code, b"did not answer as it should" in away.content) == (401, True)
    assert not is_in(client)
    assert last_login().outcome == Outcome.REFUSED


def test_an_answer_that_this_session_did_not_ask_for_is_refused(client: Client, provider: Provider, cleo: User) -> None:
    bind(cleo)
    away = client.get("/login/hospital")
    asked = parse_qs(urlsplit(away["Location"]).query)
    provider.nonce = asked["nonce"][0]
    back = {"code": "c", "state": asked["state"][0]}
    assert Client().get(BACK, back).status_code == 401
    assert client.get(BACK, {"code": "c", "state": "guess"}).status_code == 401
    assert client.get(BACK, back).status_code == 302
    client.post("/logout")
    assert client.get(BACK, back).status_code == 401, "each answer is good once"


def test_nothing_of_the_question_is_taken_from_the_address(client: Client, provider: Provider) -> None:
    away = client.get(
        "/login/hospital",
        {"next": "https://evil.example", "process": "connect", "scope": "all", "auth_params": "prompt=none"},
    )
    asked = parse_qs(urlsplit(away["Location"]).query)
    assert set(asked["scope"][0].split()) == {"openid", "email"}
    assert "prompt" not in asked
    assert "evil" not in away["Location"]


def test_who_turns_back_or_finds_the_provider_down_is_told(client: Client, provider: Provider) -> None:
    away = client.get("/login/hospital")
    state = parse_qs(urlsplit(away["Location"]).query)["state"][0]
    left = client.get(BACK, {"error": "access_denied", "state": state})
    assert (left.status_code, b"did not finish" in left.content) == (401, True)
    cache.clear()
    provider.down = True
    down = client.get("/login/hospital")
    assert (down.status_code, b"did not answer" in down.content) == (401, True)


def test_the_second_factor_of_this_site_is_asked_for_unless_the_provider_has_its_own(
    client: Client, provider: Provider, cleo: User, settings: Any
) -> None:
    bind(cleo)
    authenticator.give_app(cleo)
    settings.SECOND_FACTOR_ROLES = ["clinician"]
    assert come_back(client, provider)["Location"] == "/login/second-factor"
    assert not is_in(client)
    assert client.post("/login/second-factor", {"code": authenticator.code()})["Location"] == "/formulary"
    settings.OIDC_IS_SECOND_FACTOR = True
    other = Client()
    provider.nonce = ""
    assert come_back(other, provider)["Location"] == "/formulary"
    assert other.get("/").status_code == 200


def test_a_single_sign_on_that_asked_nothing_lets_in_and_changes_nothing(
    client: Client, provider: Provider, cleo: User
) -> None:
    bind(cleo)
    for asked_at, status in ((time.time() - 3600, 400), (time.time() - 10, 200)):
        provider.claims["auth_time"], provider.nonce = int(asked_at), ""
        come_back(client, provider)
        assert is_in(client)
        page = client.get("/account/app")
        secret = page.content.split(b'<code class="wrap">')[1].split(b"</code>")[0].decode().replace(" ", "")
        assert client.post("/account/app", {"code": authenticator.code(secret=secret)}).status_code == status
        client.post("/logout")


def test_a_stranger_who_tries_on_and_on_does_not_make_the_trail_grow(client: Client, provider: Provider) -> None:
    for _ in range(throttle.AN_ADDRESS):
        throttle.note_failure(None, "127.0.0.1")
    assert client.get(BACK, {"state": "guess"}).status_code == 429
    assert not AuditEvent.objects.exists()


def test_a_login_that_cannot_be_recorded_is_none(client: Client, provider: Provider, cleo: User) -> None:
    bind(cleo)
    head = ChainHead.objects.get()
    ChainHead.objects.all().delete()
    assert come_back(client, provider).status_code == 500
    head.save(force_insert=True)
    assert not is_in(client)


def test_the_command_binds_one_subject_to_one_person_and_undoes_it(provider: Provider, cleo: User) -> None:
    bind(cleo)
    bind(cleo)
    other = person("other")
    with pytest.raises(CommandError, match="another person's"):
        bind(other)
    with pytest.raises(CommandError, match="another one"):
        bind(cleo, "s-9")
    call_command("sign_in", "cleo", "--unbind", stdout=StringIO())
    bind(other)
    assert [event.activity for event in AuditEvent.objects.order_by("sequence")] == [
        *("person.bind", "person.unbind", "person.bind")
    ]


def test_the_command_says_what_is_wrong(cleo: User) -> None:
    for arguments, words in (
        (("nobody", "--subject", "x"), "nobody is called"),
        (("cleo", "--subject", "x"), "has no single sign-on"),
        (("cleo", "--email", "no address"), "valid email"),
        (("cleo",), "nothing was asked"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("sign_in", *arguments)


def test_the_command_helps_one_who_lost_everything(client: Client, cleo: User) -> None:
    authenticator.give_app(cleo)
    client.post("/login", {"username": "cleo", "password": "correct horse battery"})
    client.post("/login/second-factor", {"code": authenticator.code()})
    out = StringIO()
    call_command("sign_in", "cleo", "--forget-factors", "--end-sessions", "--email", "c@hospital.example", stdout=out)
    assert "1 second factors removed; 1 sessions ended" in out.getvalue()
    assert not is_in(client)
    assert client.post("/login", {"username": "cleo", "password": "correct horse battery"})["Location"] == "/"
