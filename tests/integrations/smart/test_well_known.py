"""What anybody may read: the configuration says only what is true, and the keys hold nothing private."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import resolve

from integrations.smart.scopes import parse
from tests.integrations.smart.steps import SERVER, TOKEN_URL

pytestmark = pytest.mark.django_db


@pytest.fixture
def configuration(client: Client) -> dict[str, Any]:
    answer = client.get("/fhir/.well-known/smart-configuration")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    return answer.json()  # type: ignore[no-any-return]


def test_it_has_what_smart_demands(configuration: dict[str, Any]) -> None:
    assert configuration["token_endpoint"] == TOKEN_URL
    assert configuration["authorization_endpoint"] == f"{SERVER}/oauth/authorize"
    assert set(configuration["grant_types_supported"]) == {"authorization_code", "client_credentials"}
    assert configuration["code_challenge_methods_supported"] == ["S256"]
    assert "private_key_jwt" in configuration["token_endpoint_auth_methods_supported"]
    assert set(configuration["token_endpoint_auth_signing_alg_values_supported"]) == {"RS384", "ES384"}
    assert {"launch-ehr", "launch-standalone", "permission-v2", "sso-openid-connect"} <= set(
        configuration["capabilities"]
    )
    assert configuration["response_types_supported"] == ["code"]
    assert configuration["issuer"] == SERVER


def test_every_scope_it_names_is_one_in_the_form_of_smart_2(configuration: dict[str, Any]) -> None:
    assert "patient/Observation.rs" in configuration["scopes_supported"]
    for text in configuration["scopes_supported"]:
        assert str(parse(text)) == text


def test_every_address_it_names_is_there(configuration: dict[str, Any]) -> None:
    addresses = [value for name, value in configuration.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 5
    for address in addresses:
        assert resolve(urlsplit(address).path).url_name.startswith("oauth-")


def test_the_issuer_publishes_its_openid_configuration(client: Client, configuration: dict[str, Any]) -> None:
    published = client.get(urlsplit(configuration["issuer"]).path + "/.well-known/openid-configuration").json()
    assert published["issuer"] == configuration["issuer"]
    assert published["jwks_uri"] == configuration["jwks_uri"]
    assert published["id_token_signing_alg_values_supported"] == ["RS256"]


def test_the_keys_are_public_and_the_private_one_is_its_owners_file(client: Client) -> None:
    (key,) = client.get("/oauth/jwks").json()["keys"]
    assert set(key) == {"kty", "n", "e", "use", "alg", "kid"}
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    file = Path(settings.VAR_DIR) / "smart_signing_key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(list(file.parent.glob("smart_signing_key.pem*"))) == 1


@pytest.mark.parametrize(
    "address", ["/fhir/.well-known/smart-configuration", "/.well-known/openid-configuration", "/oauth/jwks"]
)
def test_they_are_only_read(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


def test_a_host_that_is_not_ours_gets_no_configuration_in_its_name(client: Client) -> None:
    assert client.get("/fhir/.well-known/smart-configuration", headers={"Host": "evil.example"}).status_code == 400
