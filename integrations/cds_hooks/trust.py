"""Whom the services answer: the clients of ``CDS_CLIENTS``, each with its issuer, its keys and its FHIR server."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.ehr.address import AddressError, base_url
from integrations.smart.key_sets import KeySetError, check_key_set

_KNOWN = frozenset({"name", "issuer", "jwks", "jwks_url", "fhir_server", "tenant"})


@dataclass(frozen=True, slots=True)
class Client:
    """One CDS client.

    Parameters
    ----------
    name
        A short word; ``cds-<name>`` is its key in the audit trail.
    jwks, jwks_url
        Its public keys as JSON text, or the address they are at; one of both.
    fhir_server
        The one FHIR server that its requests may speak of, without a slash at the end.
    tenant
        What its tokens must name, if anything.
    """

    name: str
    issuer: str
    fhir_server: str
    jwks: str = ""
    jwks_url: str = ""
    tenant: str = ""

    @property
    def key(self) -> str:
        return f"cds-{self.name}"


def client_of(issuer: str, tenant: str) -> Client | None:
    """The client with this issuer and tenant, or with this issuer and no tenant of its own."""
    known = clients()
    return known.get((issuer, tenant)) or known.get((issuer, ""))


def clients() -> dict[tuple[str, str], Client]:
    """Every client by issuer and tenant.

    Raises
    ------
    ImproperlyConfigured
        If the setting cannot be used; names the entry, the field and the remedy.
    """
    return _clients(json.dumps(settings.CDS_CLIENTS, sort_keys=True), settings.CDS_ALLOW_HTTP)


@functools.lru_cache(maxsize=8)
def _clients(text: str, allow_http: bool) -> dict[tuple[str, str], Client]:
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise ImproperlyConfigured("CDS_CLIENTS is no JSON list; give one object for each client")
    found: dict[tuple[str, str], Client] = {}
    for number, entry in enumerate(entries, start=1):
        client = _client(entry, f"CDS_CLIENTS, client {number}", allow_http)
        if (client.issuer, client.tenant) in found:
            raise ImproperlyConfigured(f"CDS_CLIENTS, client {number}: {client.issuer} is there twice; keep one")
        if any(client.name == other.name for other in found.values()):
            raise ImproperlyConfigured(f"CDS_CLIENTS, client {number}: name {client.name} is taken; give another")
        found[client.issuer, client.tenant] = client
    return found


def _client(entry: Any, where: str, allow_http: bool) -> Client:
    if not isinstance(entry, Mapping):
        raise ImproperlyConfigured(f"{where} is no object; give issuer, fhir_server and jwks or jwks_url")
    if unknown := sorted(set(entry) - _KNOWN):
        raise ImproperlyConfigured(f"{where}: {unknown[0]!r} is not known; there are {', '.join(sorted(_KNOWN))}")
    issuer = _text(entry, "issuer", where)
    server = _address(_text(entry, "fhir_server", where), f"{where}: fhir_server", allow_http)
    jwks, jwks_url = entry.get("jwks"), entry.get("jwks_url", "")
    if bool(jwks) == bool(jwks_url):
        raise ImproperlyConfigured(f"{where}: give either jwks or jwks_url")
    if jwks_url:
        _address(_text(entry, "jwks_url", where), f"{where}: jwks_url", allow_http)
    else:
        try:
            jwks = json.dumps(check_key_set(jwks), sort_keys=True)
        except KeySetError as error:
            raise ImproperlyConfigured(f"{where}: jwks cannot be used: {error}") from error
    name = entry.get("name") or re.sub(r"[^a-z0-9]+", "-", (urlsplit(issuer).netloc or issuer).lower()).strip("-")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ImproperlyConfigured(f"{where}: name is {name!r}; give up to 40 small letters, digits and hyphens")
    tenant = entry.get("tenant", "")
    if not isinstance(tenant, str):
        raise ImproperlyConfigured(f"{where}: tenant is no text; give the text that its tokens carry")
    return Client(name, issuer, server, jwks or "", jwks_url, tenant)


def _text(entry: Mapping[str, Any], field: str, where: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= 300:
        raise ImproperlyConfigured(f"{where}: {field} is {value!r}; give a text of up to 300 characters")
    return value


def _address(text: str, where: str, allow_http: bool) -> str:
    try:
        base = base_url(text)
    except AddressError as error:
        raise ImproperlyConfigured(f"{where}: {error}") from error
    if not allow_http and urlsplit(base).scheme != "https":
        raise ImproperlyConfigured(f"{where} is {text!r}; give an https address, or set CDS_ALLOW_HTTP in a laboratory")
    return base
