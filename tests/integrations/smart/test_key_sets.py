"""Key sets of clients: by URL with its cache headers, never from inside the hospital's own network."""

import ipaddress
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from joserfc.jwk import ECKey, OctKey, RSAKey

from integrations.smart import key_sets, outside
from integrations.smart.key_sets import KeySetError, check_key_set, key_for
from integrations.smart.models import SmartClient
from integrations.smart.outside import LARGEST_BYTES, OutsideError, fetch_json
from tests.integrations.smart.steps import ES384, KEYS, assertion, assertion_form, system


class Keeper(ThreadingHTTPServer):
    """Serves one document; counts how often it was asked."""

    content: bytes = json.dumps(KEYS).encode()
    headers: dict[str, str] = {}  # noqa: RUF012
    status = 200
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/jwks"


class _Handler(BaseHTTPRequestHandler):
    server: Keeper

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def keeper(settings: Any) -> Iterator[Keeper]:
    settings.SMART_PRIVATE_ADDRESSES = True
    server = Keeper(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(db: None, keeper: Keeper) -> SmartClient:
    return system(jwks_url=keeper.url)


def test_a_system_may_serve_its_keys_itself(client: SmartClient, keeper: Keeper) -> None:
    answer = Client().post("/oauth/token", assertion_form(assertion(client)))
    assert answer.status_code == 200, answer.content
    again = Client().post("/oauth/token", assertion_form(assertion(client, header={"jku": keeper.url})))
    assert again.status_code == 200, again.content


@pytest.mark.parametrize(
    ("control", "asked"),
    [
        ("", 1),
        ("max-age=60", 1),
        ("public, max-age=0", 3),
        ("no-store", 3),
        ("no-cache", 3),
        ("max-age=nonsense", 1),
    ],
)
def test_the_set_is_kept_as_long_as_its_headers_allow(
    client: SmartClient, keeper: Keeper, control: str, asked: int
) -> None:
    keeper.headers = {"Cache-Control": control} if control else {}
    for _ in range(3):
        key_for(client, "ec", "ES384")
    assert keeper.asked == asked


def test_a_new_key_is_found_in_a_set_that_is_still_kept_but_guesses_do_not_make_us_ask(
    client: SmartClient, keeper: Keeper
) -> None:
    key_for(client, "ec", "ES384")
    new = ECKey.generate_key("P-384", {"kid": "new"})
    keeper.content = json.dumps({"keys": [new.as_dict(private=False)]}).encode()
    assert key_for(client, "new", "ES384").kid == "new"
    for number in range(5):
        with pytest.raises(KeySetError, match="no ES384 key with the kid"):
            key_for(client, f"guess{number}", "ES384")
    assert keeper.asked == 2


def test_a_key_that_was_taken_out_is_void_once_the_set_is_asked_for_again(client: SmartClient, keeper: Keeper) -> None:
    keeper.headers = {"Cache-Control": "max-age=60"}
    key_for(client, "ec", "ES384")
    keeper.content = json.dumps({"keys": [ECKey.generate_key("P-384", {"kid": "new"}).as_dict(private=False)]}).encode()
    cache.clear()
    with pytest.raises(KeySetError, match="kid"):
        key_for(client, "ec", "ES384")


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"not json", 200, "without JSON"),
        (b"[]", 200, "keys is missing"),
        (b'{"keys": []}', 200, "no key has a kid"),
        (b"[" * 50_000, 200, "without JSON"),
        (b"x" * (LARGEST_BYTES + 1), 200, "more than"),
        (b"{}", 302, "answered 302"),
        (b'{"error": "gone"}', 410, "answered 410 gone"),
        (b"oops", 500, "without JSON"),
    ],
)
def test_what_is_no_key_set_is_refused_with_its_reason(
    client: SmartClient, keeper: Keeper, content: bytes, status: int, said: str
) -> None:
    keeper.content, keeper.status, keeper.headers = content, status, {"Location": "http://127.0.0.1/"}
    with pytest.raises(KeySetError, match=said):
        key_for(client, "ec", "ES384")
    answer = Client().post("/oauth/token", assertion_form(assertion(client)))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_server_that_is_down_is_a_refusal(client: SmartClient, keeper: Keeper) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        client.jwks_url = f"http://127.0.0.1:{listener.getsockname()[1]}/jwks"
    with pytest.raises(KeySetError, match="could not be fetched"):
        key_for(client, "ec", "ES384")


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "192.168.1.1",
    "172.16.0.1",
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "100.64.0.1",
    "224.0.0.1",
]
PRIVATE_6 = ["::1", "fe80::1", "fec0::1", "fc00::1", "::ffff:10.0.0.1", "2002:7f00:1::", "::"]
PRIVATE_6 += ["64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "::10.0.0.1", "::ffff:0:10.0.0.1"]


@pytest.mark.parametrize("address", [*PRIVATE, *(f"[{one}]" for one in PRIVATE_6)])
def test_no_key_set_is_fetched_from_a_private_address(address: str) -> None:
    with pytest.raises(OutsideError, match="private address"):
        fetch_json(f"https://{address}/jwks")


def test_a_public_address_is_one_behind_a_gateway_to_ipv4_too() -> None:
    assert all(outside.is_public(ipaddress.ip_address(one)) for one in ("8.8.8.8", "64:ff9b::808:808", "2606:4700::1"))


def test_a_name_that_leads_to_a_private_address_among_others_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(None, None, None, "", ("8.8.8.8", 443)), (None, None, None, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(OutsideError, match="private address"):
        fetch_json("https://rebind.example/jwks")


@pytest.mark.parametrize(
    "url",
    [
        *("http://app.example/jwks", "file:///etc/passwd", "ftp://app.example/", "https://", "https://[bad/jwks", ""),
        *("https://user:pass@app.example/jwks", "https://app.example/jwks#x", "https://app.example:99999/"),
    ],
)
def test_only_plain_https_addresses_are_fetched(url: str) -> None:
    with pytest.raises(OutsideError):
        fetch_json(url)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"keys": [ES384.as_dict(private=True)]}, "private part"),
        ({"keys": [OctKey.generate_key(256, {"kid": "k"}).as_dict(private=True)]}, "private part"),
        ({"keys": [ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=False)]}, "no key has a kid"),
        ({"keys": [{**KEYS["keys"][0], "kid": ""}]}, "no key has a kid"),
        ({"keys": [{**KEYS["keys"][0], "use": "enc"}]}, "no key has a kid"),
        ({"keys": [{**KEYS["keys"][0], "alg": "ES256"}]}, "no key has a kid"),
        ({"keys": [{**KEYS["keys"][0], "key_ops": ["encrypt"]}]}, "no key has a kid"),
        ({"keys": [{"kty": "EC", "kid": "k", "crv": "P-384"}]}, "no key has a kid"),
        ({"keys": [{"kty": "new", "kid": "k"}]}, "no key has a kid"),
        ({"keys": ["x"]}, "keys is missing"),
        ({"keys": KEYS["keys"] * 11}, "20 at most"),
        ("x", "keys is missing"),
    ],
)
def test_a_key_set_that_nothing_can_be_verified_with_is_refused(keys: Any, said: str) -> None:
    with pytest.raises(KeySetError, match=said):
        check_key_set(keys)


def test_unknown_kinds_of_keys_beside_good_ones_do_no_harm() -> None:
    assert check_key_set({"keys": [{"kty": "AKP", "kid": "pq"}, *KEYS["keys"]]}) == KEYS


def test_a_short_rsa_key_is_refused(recwarn: pytest.WarningsRecorder) -> None:
    short = {"kty": "RSA", "kid": "k", "e": "AQAB", "n": RSAKey.generate_key(2048, {"kid": "k"}).as_dict()["n"][:171]}
    with pytest.raises(KeySetError):
        check_key_set({"keys": [short]})


def test_a_kept_set_is_never_kept_for_longer_than_a_day() -> None:
    document = outside.Document({}, {"cache-control": "max-age=999999999"})
    assert key_sets._kept_s(document) == 24 * 3600
    aged = outside.Document({}, {"cache-control": "max-age=100", "age": "40"})
    assert key_sets._kept_s(aged) == 60
