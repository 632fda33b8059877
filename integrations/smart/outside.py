"""Fetch a small JSON document from an address that somebody registered: https, public addresses only, bounded.

The name is resolved once, every address it has must be a public one, and the connection goes to the address that was
judged, so that a second resolution cannot lead elsewhere. Redirects are not followed and no proxy is used.
"""

import ipaddress
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from integrations.authorities import trusted

LARGEST_BYTES = 64 * 1024
LONGEST_S = 5.0
"""For the whole document, however steadily it comes."""
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses of IPv4 as a gateway gives them to a site that speaks IPv6 alone: RFC 6052, 2.1."""
_HIDING = tuple(ipaddress.IPv6Network(network) for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48"))
"""Others that hold one and that Python takes for public: RFC 4291, 2.5.5.1; RFC 2765, 2.1; RFC 8215."""


class OutsideError(Exception):
    """A document that could not be had; names the address and the remedy."""


@dataclass(frozen=True, slots=True)
class Document:
    """What was fetched, and its headers in small letters."""

    content: Any
    headers: Mapping[str, str]


def check_address(url: str, *, ours: bool = False) -> None:
    """Raise `OutsideError` where the form of `url` alone shows that it will not be fetched.

    `ours` is an address that a setting of this site names: it may be a private one.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise OutsideError(
            _("%(url)r is not an address (%(error)s); give one like https://host/jwks")
            % {"url": url[:200], "error": error}
        ) from error
    if parts.scheme != "https" and not (parts.scheme == "http" and _may_be_private(ours)):
        raise OutsideError(
            _("%(url)r is not an https address; give one that begins with https://") % {"url": url[:200]}
        )
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise OutsideError(
            _("%(url)r has no host, or a user, password or fragment; give the plain address") % {"url": url[:200]}
        )


def _may_be_private(ours: bool) -> bool:
    return ours or bool(settings.SMART_PRIVATE_ADDRESSES)


def fetch_json(url: str, *, ours: bool = False) -> Document:
    """The document at `url`; for `ours` see `check_address`.

    Raises
    ------
    OutsideError
        It is not https, leads to a private address, redirects, is too long or too slow, or is no JSON.
    """
    return _exchange(url, lambda client, pinned, how: client.stream("GET", pinned, **how), ours=ours)


def post_form(url: str, form: Mapping[str, str], *, auth: tuple[str, str] | None = None) -> Document:
    """What `url` answers to a form; a refusal's JSON is an `OutsideError` with its error code."""
    return _exchange(url, lambda client, pinned, how: client.stream("POST", pinned, data=dict(form), auth=auth, **how))


def _exchange(url: str, send: Any, *, ours: bool = False) -> Document:
    check_address(url, ours=ours)
    address = _public_address(url, ours)
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    pinned = parts._replace(netloc=host + (f":{parts.port}" if parts.port else "")).geturl()
    how = {
        "headers": {"Accept": "application/json", "Host": parts.netloc},
        "extensions": {"sni_hostname": parts.hostname},
    }
    deadline = time.monotonic() + LONGEST_S
    try:
        with (
            httpx.Client(timeout=LONGEST_S, follow_redirects=False, trust_env=False, verify=trusted()) as client,
            send(client, pinned, how) as answer,
        ):
            body = _read(answer, url, deadline)
    except httpx.HTTPError as error:
        raise OutsideError(
            _("%(url)s could not be fetched (%(error)s); see whether it is up")
            % {"url": url, "error": type(error).__name__}
        ) from error
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OutsideError(
            _("%(url)s answered %(status)d without JSON; see what is served there")
            % {"url": url, "status": answer.status_code}
        ) from error
    if answer.status_code != 200:
        code = content.get("error", "") if isinstance(content, dict) else ""
        said = f"{answer.status_code} {str(code)[:100]}".rstrip()
        raise OutsideError(_("%(url)s answered %(status)s; see what it asks for") % {"url": url, "status": said})
    return Document(content, {name.lower(): value for name, value in answer.headers.items()})


def _read(answer: httpx.Response, url: str, deadline: float) -> bytes:
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > LARGEST_BYTES:
            raise OutsideError(
                _("%(url)s sends more than %(most)d bytes; have it serve the document alone")
                % {"url": url, "most": LARGEST_BYTES}
            )
        if time.monotonic() > deadline:
            raise OutsideError(
                _("%(url)s took longer than %(seconds)d s; have it answer faster") % {"url": url, "seconds": LONGEST_S}
            )
    return bytes(body)


def _public_address(url: str, ours: bool) -> str:
    """One address of the host; all of them must be public, or the name is not followed, but for `ours`."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutsideError(
            _("%(url)s has a host that is not found (%(error)s); see whether the name is right")
            % {"url": url, "error": error}
        ) from error
    addresses = [str(item[4][0]) for item in found]
    if not _may_be_private(ours):
        for address in addresses:
            if not is_public(ipaddress.ip_address(address.partition("%")[0])):
                raise OutsideError(
                    _("%(url)s leads to a private address; give one that is reachable from outside") % {"url": url}
                )
    return addresses[0]


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether anybody in the world reaches it; what hides a private address inside is none."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    if address.is_site_local or any(address in network for network in _HIDING):
        return False
    translated = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None
    inner = address.ipv4_mapped or address.sixtofour or translated
    return inner is None or inner.is_global
