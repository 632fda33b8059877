"""Requests as oauthlib gets them: with the address that this server was asked at."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.settings import oauth2_settings

_BASE = "X_PATIENT_TWIN_BASE"
"""No client can send it: what comes over HTTP begins with ``HTTP_``."""


class Core(OAuthLibCore):  # type: ignore[misc]
    """django-oauth-toolkit's bridge to oauthlib, which forgets scheme and host."""

    def extract_headers(self, request: HttpRequest) -> dict[str, Any]:
        headers: dict[str, Any] = super().extract_headers(request)
        headers[_BASE] = issuer(request)
        return headers


class QueryCore(Core):
    """The same for the consent page: what the app asks stands in the address, and the form holds only the answer."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:  # noqa: ARG002 - the parent's signature
        return []

    @classmethod
    def made(cls) -> "QueryCore":
        return cls(oauth2_settings.OAUTH2_SERVER_CLASS(oauth2_settings.OAUTH2_VALIDATOR_CLASS()))


def issuer(request: HttpRequest) -> str:
    """The address of this server, as a client calls it: ``https://twin.hospital.example``."""
    return request.build_absolute_uri("/")[:-1]


def issuer_of(oauth_request: Any) -> str:
    """The same, of a request that oauthlib handles."""
    return str(oauth_request.headers[_BASE])


def fhir_base(base: str) -> str:
    return f"{base}/fhir"


def token_url(base: str) -> str:
    return base + reverse("oauth-token")
