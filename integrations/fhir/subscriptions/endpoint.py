"""Where notifications go: https, public addresses, no redirect, and no longer than the subscription allows.

The name is resolved once for each notification, every address it has must be a public one, and the connection goes to
the address that was judged, so that a second resolution cannot lead elsewhere.
"""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from integrations.authorities import trusted
from integrations.fhir.outcome import FHIR_JSON
from integrations.smart.outside import is_public

LONGEST_ADDRESS = 1000
_LONGEST_WAIT_S = 3600
"""The most that an endpoint's Retry-After is heeded."""


class EndpointError(Exception):
    """A place that nothing is sent to; the sentence names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a notification: an empty `error` where it was taken; else after how many seconds to come again."""

    error: str = ""
    wait_s: int = 0


def check_form(url: str) -> None:
    """Raise `EndpointError` where the form of `url` alone shows that nothing will be sent there."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise EndpointError(f"{url[:200]!r} is not an address ({error}); give one like https://host/path") from error
    if len(url) > LONGEST_ADDRESS or not url.isprintable() or not url.isascii() or " " in url:
        raise EndpointError(f"the address is longer than {LONGEST_ADDRESS} characters, or holds others than an address")
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.SUBSCRIPTION_PRIVATE_ADDRESSES):
        raise EndpointError(f"{url[:200]!r} is not an https address; give one that begins with https://")
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise EndpointError(f"{url[:200]!r} has no host, or a user, password or fragment; give the plain address")


def resolve(url: str) -> str:
    """One address of the host; all that it has must be public.

    Raises
    ------
    EndpointError
    """
    check_form(url)
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(
            parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise EndpointError(f"the host of {url[:200]!r} is not found; see whether the name is right") from error
    addresses = [str(item[4][0]) for item in found]
    if not settings.SUBSCRIPTION_PRIVATE_ADDRESSES:
        for address in addresses:
            if not is_public(ipaddress.ip_address(address.partition("%")[0])):
                raise EndpointError(
                    f"{url[:200]!r} leads to a private address; give one that is reachable from outside"
                )
    return addresses[0]


def send(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: int) -> Reply:
    """Post a notification; whatever stands in its way is in the reply, without what the endpoint said."""
    try:
        address = resolve(url)
    except EndpointError as error:
        return Reply(str(error))
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    pinned = parts._replace(netloc=host + (f":{parts.port}" if parts.port else "")).geturl()
    sent = {**headers, "Content-Type": FHIR_JSON, "Accept": "application/fhir+json, */*;q=0.1", "Host": parts.netloc}
    try:
        with (
            httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False, verify=trusted()) as client,
            client.stream(
                "POST", pinned, content=body, headers=sent, extensions={"sni_hostname": parts.hostname}
            ) as answer,
        ):
            return _reply(answer)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Reply(f"The endpoint could not be reached ({type(error).__name__}).")


def _reply(answer: httpx.Response) -> Reply:
    if answer.is_success:
        return Reply()
    if answer.is_redirect:
        return Reply(f"The endpoint answered {answer.status_code}, and redirects are not followed.")
    wait = answer.headers.get("Retry-After", "")
    seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 9 else 0
    return Reply(f"The endpoint answered {answer.status_code}.", min(seconds, _LONGEST_WAIT_S))
