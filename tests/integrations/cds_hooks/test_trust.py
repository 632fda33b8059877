"""Who is answered: a client of the allow-list, with a token signed for exactly this address, once."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone
from joserfc.jwk import ECKey

from clinic.audit.models import AuditEvent, Outcome
from clinic.site.tasks import housekeeping
from integrations.cds_hooks import trust
from integrations.cds_hooks.models import UsedToken
from integrations.cds_hooks.views import ClientRate
from integrations.fhir.authentication import REFUSALS_A_MINUTE
from integrations.smart import key_sets, outside
from tests.integrations.cds_hooks.calls import ISSUER, SERVER, call
from tests.integrations.cds_hooks.conftest import EC, RSA, Ask, Sign

pytestmark = pytest.mark.django_db
PATH = "/cds-services/patient-twin-view"


def refused(answer: Any, status: int) -> str:
    """The sentence of a refusal, which is an OperationOutcome."""
    assert answer.status_code == status, answer.content
    issue = answer.json()["issue"][0]
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert issue["severity"] == "error"
    return str(issue["details"]["text"])


@pytest.mark.parametrize("key", [EC, RSA], ids=["ES384", "RS384"])
def test_a_signed_token_is_answered(ask: Ask, sign: Sign, with_twin: Any, key: Any) -> None:
    answer = ask(token=sign(PATH, key=key))
    assert (answer.status_code, len(answer.json()["cards"])) == (200, 1)
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [PATH, f"{PATH}/feedback", "/cds-services/none", "/cds-services/none/feedback"])
def test_a_stranger_is_refused_before_anything_is_looked_up(client: Client, path: str) -> None:
    answer = client.post(path, call(), content_type="application/json")
    assert "signed token" in refused(answer, 401)
    assert answer["WWW-Authenticate"] == 'Bearer realm="cds-services"'
    assert not AuditEvent.objects.exists()


def test_a_token_is_used_once(ask: Ask, sign: Sign, with_twin: Any) -> None:
    token = sign(PATH)
    assert ask(token=token).status_code == 200
    assert "used before" in refused(ask(token=token), 401)
    assert UsedToken.objects.count() == 1


def test_a_token_is_used_up_by_a_call_that_is_refused(ask: Ask, sign: Sign) -> None:
    token = sign(PATH)
    assert ask(body={}, token=token).status_code == 400
    assert "used before" in refused(ask(token=token), 401)


def test_the_same_jti_of_another_issuer_is_another_token(ask: Ask, sign: Sign, settings: Any, with_twin: Any) -> None:
    other = "https://other.test"
    settings.CDS_CLIENTS = [*settings.CDS_CLIENTS, {**settings.CDS_CLIENTS[0], "name": "other", "issuer": other}]
    assert ask(token=sign(PATH, jti="one")).status_code == 200
    assert ask(token=sign(PATH, jti="one", iss=other)).status_code == 200


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "http://testserver/cds-services/patient-twin-order-sign"}, "aud"),
        ({"aud": "http://testserver/cds-services"}, "aud"),
        ({"aud": ["http://testserver/cds-services/patient-twin-view", "https://else.test"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": int(time.time()) - 3600}, "exp is past"),
        ({"exp": int(time.time()) + 3600}, "300 s ahead"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": int(time.time()) + 3600}, "iat"),
        ({"nbf": int(time.time()) + 3600}, "nbf"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "x" * 256}, "jti"),
        ({"iss": None}, "iss"),
        ({"iss": 7}, "iss"),
        ({"tenant": 7}, "tenant"),
    ],
)
def test_a_wrong_claim_is_refused_with_its_name(ask: Ask, sign: Sign, claims: dict[str, Any], words: str) -> None:
    answer = ask(token=sign(PATH, **claims))
    assert words in refused(answer, 401)
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    assert not UsedToken.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.activity, event.outcome, event.actor) == ("cds.token", Outcome.REFUSED, "stranger")


def test_an_audience_in_a_list_of_one_is_that_audience(ask: Ask, sign: Sign, with_twin: Any) -> None:
    assert ask(token=sign(PATH, aud=[f"http://testserver{PATH}"])).status_code == 200


def test_an_issuer_that_nobody_listed_is_refused(ask: Ask, sign: Sign) -> None:
    assert "not on the list" in refused(ask(token=sign(PATH, iss="https://else.test")), 403)


def plain(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def test_a_shared_secret_is_no_signature(ask: Ask, sign: Sign) -> None:
    """Not even where the secret is the client's public key, as a careless verifier would take it."""
    _, payload, _ = sign(PATH).split(".")
    for secret in (b"a long shared secret of forty characters", EC.as_pem(private=False)):
        for alg, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("ES384", "sha384")):
            signed = f"{plain({'alg': alg, 'typ': 'JWT', 'kid': 'ec-1'})}.{payload}"
            mark = base64.urlsafe_b64encode(hmac.new(secret, signed.encode(), digest).digest()).rstrip(b"=").decode()
            words = refused(ask(token=f"{signed}.{mark}"), 401)
            assert ("signature" if alg == "ES384" else "alg") in words


def test_no_signature_is_no_signature(ask: Ask, sign: Sign) -> None:
    _, payload, signature = sign(PATH).split(".")
    for alg in ("none", "None", "NONE", "RS256", "ES256", "PS384", "", None, 7):
        header = plain({"alg": alg, "typ": "JWT", "kid": "ec-1"})
        for end in ("", signature):
            assert ask(token=f"{header}.{payload}.{end}").status_code == 401


def test_a_token_of_another_key_is_refused(ask: Ask, sign: Sign) -> None:
    stranger = ECKey.generate_key("P-384", {"kid": "ec-1"})
    assert "signature" in refused(ask(token=sign(PATH, key=stranger)), 401)
    assert "kid" in refused(ask(token=sign(PATH, key=ECKey.generate_key("P-384", {"kid": "ec-2"}))), 401)
    assert "kid names no ES384 key" in refused(ask(token=sign(PATH, header={"kid": "rsa-1"})), 401)
    assert "kid" in refused(ask(token=sign(PATH, header={"kid": ""})), 401)


def test_a_changed_payload_is_refused(ask: Ask, sign: Sign) -> None:
    head, _, signature = sign(PATH, iss="https://else.test").split(".")
    _, payload, _ = sign(PATH).split(".")
    assert "signature" in refused(ask(token=f"{head}.{payload}.{signature}"), 401)


@pytest.mark.parametrize(
    "text", ["x", "a.b", "a.b.c", "a.b.c.d", "....", "e30.e30.e30", "e30.W10.e30", "ü.a.b", "a" * 9000]
)
def test_what_is_no_token_is_refused(client: Client, text: str) -> None:
    for header in (f"Bearer {text}", f"Basic {text}", text):
        answer = client.post(PATH, call(), content_type="application/json", HTTP_AUTHORIZATION=header)
        assert answer.status_code == 401


def test_the_address_of_keys_in_a_token_is_never_followed(ask: Ask, sign: Sign, monkeypatch: Any) -> None:
    monkeypatch.setattr(outside.httpx, "Client", lambda **_: pytest.fail("nothing is fetched"))
    assert "jku" in refused(ask(token=sign(PATH, header={"jku": "https://evil.test/jwks"})), 401)
    assert "typ" in refused(ask(token=sign(PATH, header={"typ": "at+jwt"})), 401)


def test_a_tenant_that_was_agreed_on_is_demanded(ask: Ask, sign: Sign, settings: Any, with_twin: Any) -> None:
    settings.CDS_CLIENTS = [{**settings.CDS_CLIENTS[0], "tenant": "north"}]
    assert ask(token=sign(PATH)).status_code == 403
    assert ask(token=sign(PATH, tenant="south")).status_code == 403
    assert ask(token=sign(PATH, tenant="north")).status_code == 200


def test_a_flood_of_wrong_tokens_is_cut_off_and_a_good_one_passes(ask: Ask, sign: Sign, with_twin: Any) -> None:
    for _ in range(REFUSALS_A_MINUTE):
        assert ask(token="a.b.c").status_code == 401
    slow = ask(token="a.b.c")
    assert (slow.status_code, slow["Retry-After"]) == (429, "60")
    assert ask().status_code == 200
    assert AuditEvent.objects.filter(activity="cds.token").count() == REFUSALS_A_MINUTE


def test_too_many_calls_of_one_client_get_429(ask: Ask, with_twin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientRate, "rate", "2/min")
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    assert 1 <= int(ask()["Retry-After"]) <= 60


def test_marks_of_used_tokens_go_once_they_have_expired(ask: Ask) -> None:
    ask(body={})
    housekeeping()
    assert UsedToken.objects.count() == 1, "it could still be shown again"
    UsedToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    housekeeping()
    assert not UsedToken.objects.exists()


class _Keys(BaseHTTPRequestHandler):
    served: list[Any] = []  # noqa: RUF012
    status = 200
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        body = json.dumps({"keys": self.served}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def key_server(settings: Any) -> Iterator[type[_Keys]]:
    server = HTTPServer(("127.0.0.1", 0), _Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Keys.served, _Keys.status, _Keys.asked = [EC.as_dict(private=False)], 200, 0
    settings.CDS_ALLOW_HTTP = True
    address = f"http://127.0.0.1:{server.server_port}/jwks"
    settings.CDS_CLIENTS = [{"name": "ehr", "issuer": ISSUER, "fhir_server": SERVER, "jwks_url": address}]
    yield _Keys
    server.shutdown()
    server.server_close()


def test_keys_by_address_are_fetched_once_and_again_for_a_new_key(
    ask: Ask, sign: Sign, with_twin: Any, key_server: type[_Keys], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [ask().status_code for _ in range(3)] == [200] * 3
    assert key_server.asked == 1
    assert "kid" in refused(ask(token=sign(PATH, key=RSA)), 401)
    assert "kid" in refused(ask(token=sign(PATH, key=RSA)), 401)
    assert key_server.asked == 2, "made-up names do not make us ask again and again"
    monkeypatch.setattr(key_sets, "ASKED_AGAIN_S", 0)
    cache.clear()
    key_server.served = [RSA.as_dict(private=False)]
    assert ask(token=sign(PATH, key=RSA)).status_code == 200
    assert "kid" in refused(ask(token=sign(PATH)), 401), "a key that was withdrawn is good no more"


def test_a_key_server_that_is_down_keeps_out_only_whom_nobody_knows(
    ask: Ask, sign: Sign, with_twin: Any, key_server: type[_Keys], monkeypatch: pytest.MonkeyPatch
) -> None:
    key_server.status = 500
    answer = ask()
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    key_server.status = 200
    assert ask().status_code == 200
    monkeypatch.setattr(key_sets, "UNSAID_KEPT_S", 0)
    key_server.status = 302
    assert ask(token=sign(PATH, key=RSA)).status_code == 401
    assert ask().status_code == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"issuer": ""}, "issuer"),
        ({"fhir_server": "http://ehr.test/fhir"}, "https"),
        ({"fhir_server": "file:///etc"}, "fhir_server"),
        ({"jwks_url": "https://ehr.test/jwks"}, "either jwks or jwks_url"),
        ({"jwks": None}, "either jwks or jwks_url"),
        ({"jwks": {"no": "keys"}}, "jwks cannot be used"),
        ({"jwks": {"keys": [{"kty": "EC", "kid": "a", "crv": "P-384"}]}}, "no key has a kid"),
        ({"jwks": {"keys": [{"kty": "oct", "kid": "a", "k": "YQ"}]}}, "private part"),
        ({"jwks": None, "jwks_url": "http://ehr.test/jwks"}, "https"),
        ({"name": "Not A Slug"}, "name"),
        ({"tenant": 3}, "tenant"),
        ({"scope": "x"}, "'scope' is not known"),
    ],
)
def test_a_client_that_cannot_be_used_stops_the_start(settings: Any, change: dict[str, Any], words: str) -> None:
    settings.CDS_CLIENTS = [{**settings.CDS_CLIENTS[0], **change}]
    with pytest.raises(ImproperlyConfigured, match=words):
        trust.clients()


def test_two_clients_of_one_issuer_need_a_tenant_each(settings: Any) -> None:
    settings.CDS_CLIENTS = [*settings.CDS_CLIENTS, {**settings.CDS_CLIENTS[0], "name": "second"}]
    with pytest.raises(ImproperlyConfigured, match="twice"):
        trust.clients()
