"""What a server is shown so that it lets us in: nothing, a fixed token, or tokens that are asked for anew."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from integrations.ehr.client import Client


class AccessError(ValueError):
    """Credentials that cannot be used; names what is wrong with them, never themselves, and the remedy."""


class Access(Protocol):
    """The bearer token of one server. Usable from several threads."""

    def token(self, client: "Client") -> str:
        """The token to show now; empty for none."""

    def refused(self, token: str) -> bool:
        """The server answered 401 to `token`; whether another is to be had, so that asking again makes sense."""


class StaticToken:
    """One token for good, or none."""

    def __init__(self, token: str = "") -> None:
        self._token = token

    def token(self, client: "Client") -> str:  # noqa: ARG002 - as `Access` has it
        return self._token

    def refused(self, token: str) -> bool:  # noqa: ARG002 - as `Access` has it
        return False


class TokenFile:
    """A token in a file that somebody else renews: read again when the server refuses what it held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._token = self._read()

    def token(self, client: "Client") -> str:  # noqa: ARG002 - as `Access` has it
        return self._token

    def refused(self, token: str) -> bool:
        with self._lock:
            self._token = self._read()
            return self._token != token

    def _read(self) -> str:
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AccessError(f"the token file {self._path} cannot be read ({error})") from error
        if not token.isascii() or not token.isprintable() or " " in token:
            raise AccessError(f"the token file {self._path} holds no bearer token; put the token alone into it")
        return token
