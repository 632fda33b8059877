"""What every command that asks a hospital system takes: how to be let in."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integrations.ehr.access import Access, AccessError, StaticToken, TokenFile
from integrations.ehr.configured import SCOPE, Credentials, access_to


def add_access_options(parser: ArgumentParser) -> None:
    """Options that `access_by` reads."""
    parser.add_argument("--token-file", type=Path, help="file with the bearer token; read again when it is refused")
    parser.add_argument("--client-id", default="", help="SMART Backend Services: the id that the server registered")
    parser.add_argument("--client-key-file", type=Path, help="file with the private key, as PEM, JWK or JWKS")
    parser.add_argument("--key-id", default="", help="kid of the key, where its file does not say it")
    parser.add_argument("--token-url", default="", help="where tokens are given (default: as the server says)")
    parser.add_argument("--scope", default="", help=f"scopes to ask for (default {SCOPE})")


def access_by(options: Mapping[str, Any], base: str, otherwise: str = "") -> Access:
    """Access by the options; else as the settings say for the source; else the token `otherwise`.

    Raises
    ------
    AccessError
        If a file cannot be read, or the options contradict each other.
    """
    path: Path | None = options["token_file"]
    if path is not None:
        if options["client_id"]:
            raise AccessError("--token-file and --client-id are both given; keep one")
        try:
            return TokenFile(path)
        except AccessError as error:
            raise AccessError(f"--token-file: {error}") from error
    if options["client_id"] or options["client_key_file"]:
        return Credentials(
            client_id=options["client_id"],
            client_key=_content(options["client_key_file"]),
            key_id=options["key_id"],
            token_url=options["token_url"],
            scope=options["scope"],
        ).access(base)
    return access_to(options.get("source", ""), base) or StaticToken(otherwise)


def _content(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"--client-key-file is {path}, which cannot be read ({error})") from error
