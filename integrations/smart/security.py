"""How the CapabilityStatement says that tokens are needed, for clients that read it and not the configuration."""

from typing import Any
from urllib.parse import urljoin

from django.urls import reverse

_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def security(base: str) -> dict[str, Any]:
    """``rest.security`` of the statement of the server at `base`."""
    addresses = {
        "authorize": "oauth-authorize",
        "token": "oauth-token",
        "introspect": "oauth-introspect",
        "revoke": "oauth-revoke",
    }
    return {
        "cors": True,
        "service": [
            {
                "coding": [{"system": _SERVICES, "code": "SMART-on-FHIR"}],
                "text": "OAuth 2.0 with SMART App Launch and Backend Services; see .well-known/smart-configuration",
            }
        ],
        "extension": [
            {
                "url": _OAUTH_URIS,
                "extension": [
                    {"url": what, "valueUri": urljoin(base, reverse(name))} for what, name in addresses.items()
                ],
            }
        ],
    }
