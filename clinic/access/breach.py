"""Passwords that were in a breach are refused: looked up in a local list, or asked of a server without naming them.

Both speak the format of Pwned Passwords: SHA-1 digests in hexadecimal, each with a count. Nothing is asked anywhere
unless a setting says so. SHA-1 is what the lists are made of; passwords are stored by Django's own hashers.
"""

import hashlib
import mmap
from pathlib import Path

import httpx
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_PREFIX = 5
_WAIT_S = 5
_LONGEST_LINE = 80


class BreachCheckError(RuntimeError):
    """The list could not be read, or the server did not answer as it should."""


class BreachedPasswordValidator:
    """Refuses a password of BREACHED_PASSWORDS_FILE, or of the server that BREACHED_PASSWORDS_URL names."""

    def validate(self, password: str, user: object = None) -> None:  # noqa: ARG002 - Django's signature
        digest = hashlib.sha1(password.encode("utf-8", "replace"), usedforsecurity=False).hexdigest().upper()
        try:
            known = (settings.BREACHED_PASSWORDS_FILE and in_file(digest, Path(settings.BREACHED_PASSWORDS_FILE))) or (
                settings.BREACHED_PASSWORDS_URL and at_server(digest, settings.BREACHED_PASSWORDS_URL)
            )
        except BreachCheckError as error:
            raise ValidationError(
                _(
                    "Whether this password is on a list of stolen ones cannot be looked up just now, so it was not "
                    "set. Try again in a moment; if it goes on, tell the administrators."
                ),
                code="password_unchecked",
            ) from error
        if known:
            raise ValidationError(
                _(
                    "This password is on a list of stolen passwords, which attackers try first. Choose another one, "
                    "and change it wherever else you use it."
                ),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return _("Your password can’t be one that was stolen elsewhere and is on a list of such passwords.")


def in_file(digest: str, path: Path) -> bool:
    """Whether the list at `path`, lines of ``DIGEST:COUNT`` sorted by digest, holds `digest`; by bisection.

    Raises
    ------
    BreachCheckError
        The file cannot be read, or is no such list.
    """
    wanted = digest.encode("ascii")
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
                return _bisect(lines, wanted)
    except OSError as error:
        raise BreachCheckError(f"{path} cannot be read: {error}") from error


def at_server(digest: str, address: str) -> bool:
    """Whether the server at `address` knows `digest`: it is told the first five of forty digits, and nothing else.

    Raises
    ------
    BreachCheckError
    """
    try:
        answer = httpx.get(
            f"{address.rstrip('/')}/{digest[:_PREFIX]}", timeout=_WAIT_S, headers={"Add-Padding": "true"}
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise BreachCheckError(f"{address} did not answer: {error}") from error
    for line in answer.text.splitlines():
        rest, _colon, count = line.strip().partition(":")
        if rest.upper() == digest[_PREFIX:]:
            return count.strip() != "0"  # lines of no count only hide how many others there are
    return False


def _bisect(lines: mmap.mmap, wanted: bytes) -> bool:
    low, high = 0, len(lines)
    while low < high:
        start = lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = lines.find(b"\n", start, start + _LONGEST_LINE)
        if end == -1:
            end = len(lines)
        found = lines[start : min(end, start + len(wanted))].upper()
        if len(found) != len(wanted) or not found.isalnum() or end - start > _LONGEST_LINE:
            raise BreachCheckError("the list has a line that is not DIGEST:COUNT")
        if found == wanted:
            return True
        if found < wanted:
            low = end + 1
        else:
            high = start
    return False
