"""Getting in: tokens by signed assertion, renewed in time and when they die, and shown to their own server only."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from integrations.ehr import backend_services
from integrations.ehr.access import AccessError, TokenFile
from integrations.ehr.backend_services import ASSERTION_S
from integrations.ehr.client import Client, FetchError
from integrations.ehr.client_key import read_key
from integrations.ehr.configured import Credentials, access_to
from integrations.ehr.options import access_by
from integrations.ehr.pull import pull
from integrations.readings.models import Resource, Source
from tests.integrations.ehr.authority import CLIENT_ID, TOKEN_URL, Authority
from tests.integrations.ehr.server import BASE, QUICK, Server
from tests.integrations.resources import patient

EC = ECKey.generate_key("P-384")
RSA = RSAKey.generate_key(2048)


@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES384"), (RSA, "RS384")], ids=["P-384", "RSA"])
def test_the_assertion_is_what_the_specification_asks_for(key: Any, algorithm: str) -> None:
    authority = Authority(Server([patient()]), key=key)
    with authority.client() as client:
        client.get("metadata")
    (claims,) = authority.claims
    assert authority.headers[0] == {"alg": algorithm, "kid": "key-1", "typ": "JWT"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, CLIENT_ID, TOKEN_URL)
    assert 0 < claims["exp"] - time.time() <= ASSERTION_S <= 300
    assert authority.shown == ["token-1"]


def test_one_token_serves_many_requests_and_a_dead_one_is_replaced_once(source: Source) -> None:
    authority = Authority(Server([patient(f"p{n}") for n in range(30)], page_size=3), uses=4)
    with authority.client() as client:
        report = pull(source, client)
    assert report.ok
    assert Resource.objects.count() == 30, "tokens died between the pages"
    assert authority.issued > 3
    assert len(authority.jtis) == authority.issued, "no assertion was shown twice"


def test_a_token_is_renewed_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(backend_services.time, "monotonic", lambda: now[0])
    authority = Authority(Server([]))
    with authority.client() as client:
        client.get("metadata")
        now[0] += 269
        client.get("metadata")
        assert authority.issued == 1
        now[0] += 2
        client.get("metadata")
    assert authority.shown == ["token-1", "token-1", "token-2"], "half a minute early, without a 401 in between"


def test_a_token_that_is_refused_again_and_again_ends_the_request() -> None:
    authority = Authority(Server([]), uses=0)
    with authority.client() as client, pytest.raises(FetchError, match=r"401 \(Token expired\)") as caught:
        client.get("metadata")
    assert caught.value.status == 401
    assert authority.issued == 2


def test_a_refused_request_for_a_token_says_why_in_json_or_plain_text() -> None:
    authority = Authority(Server([]))
    authority.refusals = [httpx.Response(400, text="unknown client", headers={"content-type": "text/plain"})]
    with authority.client() as client, pytest.raises(FetchError, match=r"400 \(unknown client\).*kid"):
        client.get("metadata")
    authority.refusals = [httpx.Response(401, json={"error": "invalid_client"})]
    with authority.client() as client, pytest.raises(FetchError, match="invalid_client"):
        client.get("metadata")


def test_a_busy_authority_is_asked_again_with_another_assertion() -> None:
    authority = Authority(Server([]))
    authority.refusals = [httpx.Response(503, headers={"retry-after": "0"}), httpx.Response(500)]
    with authority.client() as client:
        client.get("metadata")
    assert authority.issued == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"token_type": "bearer"}', b'{"access_token": 3}'])
def test_an_answer_that_is_no_token_is_refused(body: bytes) -> None:
    authority = Authority(Server([]))
    authority.refusals = [httpx.Response(200, content=body)]
    with authority.client() as client, pytest.raises(FetchError, match="no token"):
        client.get("metadata")


def test_a_named_token_address_is_used_without_asking_the_server() -> None:
    authority = Authority(Server([]))
    authority.endpoint = "http://elsewhere.test/token"
    with authority.client(token_url=TOKEN_URL) as client:
        client.get("metadata")
    assert authority.issued == 1


def test_an_encrypted_server_cannot_name_a_token_address_that_is_not() -> None:
    authority = Authority(Server([]))
    client = Client(
        BASE.replace("http:", "https:"),
        access=authority.access(),
        patience=QUICK,
        transport=httpx.MockTransport(authority),
    )
    with client, pytest.raises(FetchError, match="not encrypted"):
        client.get("metadata")
    assert authority.issued == 0


def test_tokens_go_to_their_own_server_only() -> None:
    authority = Authority(Server([]))
    hosts: list[str] = []

    def watch(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        if request.url.path.endswith("/moved"):
            return httpx.Response(302, headers={"location": "http://thief.test/fhir/metadata"})
        return authority(request)

    client = Client(BASE, access=authority.access(), patience=QUICK, transport=httpx.MockTransport(watch))
    with client, pytest.raises(ValueError, match="another server"):
        client.get("moved")
    assert set(hosts) == {"ehr.test", "login.test"}


def test_a_token_file_is_read_again_when_its_token_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")

    def serve(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["authorization"] == "Bearer new"
        return httpx.Response(200 if fresh else 401, content=b"{}")

    with Client(BASE, access=TokenFile(file), patience=QUICK, transport=httpx.MockTransport(serve)) as client:
        with pytest.raises(FetchError, match="401"):
            client.get("metadata")
        file.write_text("new\n")
        assert client.get("metadata").content == b"{}"
    with pytest.raises(AccessError, match="cannot be read"):
        TokenFile(tmp_path / "none")


def test_keys_are_read_as_pem_jwk_and_key_set() -> None:
    private = EC.as_dict(private=True) | {"kid": "mine"}
    assert read_key(json.dumps(private)).key_id == "mine"
    assert read_key(json.dumps(private), "mine").algorithm == "ES384"
    keys = {"keys": [EC.as_dict(private=False), RSA.as_dict(private=True) | {"kid": "rsa"}, private]}
    assert read_key(json.dumps(keys), "mine").algorithm == "ES384"
    assert read_key(json.dumps(keys)).algorithm == "RS384"
    assert read_key(RSA.as_pem(private=True).decode(), "k").algorithm == "RS384"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        (EC.as_pem(private=True).decode(), "no key id"),
        (json.dumps(EC.as_dict(private=False)), "no private key"),
        (ECKey.generate_key("P-256").as_pem(private=True).decode(), "P-384"),
        (EC.as_pem(private=False).decode(), "not a private key"),
        (
            json.dumps({"kty": "oct", "k": "c2VjcmV0IG9mIGEgc3VmZmljaWVudCBsZW5ndGg", "d": "x", "kid": "a"}),
            "not a private key",
        ),
    ],
)
def test_a_key_that_cannot_sign_is_refused_without_being_shown(text: str, why: str) -> None:
    with pytest.raises(AccessError, match=why) as caught:
        read_key(text, "k" if "PUBLIC" in text or why == "P-384" else "")
    assert "PRIVATE" not in str(caught.value)


@pytest.mark.django_db
def test_the_settings_give_each_source_its_own_access(settings: Any) -> None:
    blank = {"url": "", "token": "", "client_id": "", "client_key": "", "key_id": "", "token_url": "", "scope": ""}
    settings.EHR_SOURCES = {"lab": blank | {"url": BASE, "token": "secret"}}
    assert access_to("other", BASE) is None
    access = access_to("lab", BASE)
    assert access is not None
    with pytest.raises(AccessError, match="correct one"):
        access_to("lab", "http://thief.test/fhir")


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"token": "t", "client_id": "c"}, "keep one"),
        ({"client_key": "k"}, "without a client id"),
        ({"client_id": "c"}, "without its private key"),
    ],
)
def test_half_a_credential_is_refused(parts: dict[str, str], why: str) -> None:
    with pytest.raises(AccessError, match=why):
        Credentials(**parts).access(BASE)


def test_options_of_a_command_come_before_the_settings(settings: Any, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(EC.as_pem(private=True))
    none = {"token_file": None, "client_id": "", "client_key_file": None, "key_id": "", "token_url": "", "scope": ""}
    settings.EHR_SOURCES = {}
    with Client(BASE) as client:
        assert access_by(none, BASE, "fixed").token(client) == "fixed"
    given = none | {"client_id": "c", "client_key_file": key, "key_id": "k"}
    assert isinstance(access_by(given, BASE), backend_services.BackendServices)
    with pytest.raises(AccessError, match="keep one"):
        access_by(given | {"token_file": key}, BASE)
    with pytest.raises(AccessError, match="cannot be read"):
        access_by(given | {"client_key_file": tmp_path / "none"}, BASE)
