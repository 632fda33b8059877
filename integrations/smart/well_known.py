"""What this server can do, for anybody: ``smart-configuration``, ``openid-configuration`` and the public keys."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from joserfc.jwk import RSAKey
from oauth2_provider.settings import oauth2_settings

from integrations.smart.bridge import issuer, token_url
from integrations.smart.key_sets import ALGORITHMS
from integrations.smart.scopes import NAMED

CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)
"""Of https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html, those that are true here."""
SCOPES = (*NAMED, "patient/*.rs", "user/*.rs", "system/*.cruds", "patient/Observation.rs", "system/Observation.rs")
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")


@require_safe
def smart_configuration(request: HttpRequest) -> JsonResponse:
    """``/fhir/.well-known/smart-configuration`` (SMART App Launch 2.2)."""
    base = issuer(request)
    return _open(
        {
            "issuer": base,
            "jwks_uri": base + reverse("oauth-jwks"),
            **_endpoints(base),
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "response_types_supported": ["code"],
            "scopes_supported": list(SCOPES),
            "capabilities": list(CAPABILITIES),
            "code_challenge_methods_supported": ["S256"],
        }
    )


@require_safe
def openid_configuration(request: HttpRequest) -> JsonResponse:
    """``/.well-known/openid-configuration`` (OpenID Connect Discovery 1.0)."""
    base = issuer(request)
    return _open(
        {
            "issuer": base,
            "jwks_uri": base + reverse("oauth-jwks"),
            **_endpoints(base),
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "fhirUser", "profile"],
            "claims_supported": [
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "fhirUser",
                "profile",
                "name",
            ],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


@require_safe
def jwks(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view's signature
    """The public key that identity tokens are signed with."""
    key = RSAKey.import_key(oauth2_settings.OIDC_RSA_PRIVATE_KEY)
    public = key.as_dict(private=False, use="sig", alg="RS256", kid=key.thumbprint())
    return _open({"keys": [public]})


def _endpoints(base: str) -> dict[str, Any]:
    return {
        "authorization_endpoint": base + reverse("oauth-authorize"),
        "token_endpoint": token_url(base),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint": base + reverse("oauth-introspect"),
        "revocation_endpoint": base + reverse("oauth-revoke"),
    }


def _open(content: dict[str, Any]) -> JsonResponse:
    """Nothing secret: any page may read it, and it may be kept for a while."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
    return JsonResponse(content, headers=headers)
