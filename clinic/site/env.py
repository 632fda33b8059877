"""Settings from the environment: typed, loud when wrong, and readable from a file as ``NAME_FILE``."""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class SettingError(RuntimeError):
    """A setting that cannot be used; names the variable, the value and the remedy."""


def text(name: str, default: str | None = None) -> str:
    """The variable `name`, or the content of the file that ``NAME_FILE`` points to, or `default`."""
    path = os.environ.get(f"{name}_FILE")
    if name in os.environ and path is not None:
        raise SettingError(f"{name} and {name}_FILE are both set; keep one")
    if path is not None:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE is {path!r}, which cannot be read ({error.strerror})") from error
    value = os.environ.get(name, default)
    if value is None:
        raise SettingError(f"{name} is not set; set it, or {name}_FILE to a file that holds it")
    return value


def flag(name: str, default: bool) -> bool:
    value = text(name, "true" if default else "false").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise SettingError(f"{name} is {value!r}; use one of {', '.join(sorted(_TRUE | _FALSE))}")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise SettingError(f"{name} is {value!r}; use a whole number from {low} to {high}")
    return number


def folder(name: str) -> str:
    """The path of a directory that is there, or an empty text where the variable is empty or not set."""
    value = text(name, "").strip()
    if value and not Path(value).is_dir():
        raise SettingError(f"{name} is {value!r}, which is no directory; make it, or leave {name} out")
    return value


def file(name: str) -> str:
    """The path of a file that is there, or an empty text where the variable is empty or not set."""
    value = text(name, "").strip()
    if value and not Path(value).is_file():
        raise SettingError(f"{name} is {value!r}, which is no file; put it there, or leave {name} out")
    return value


def web_address(name: str) -> str:
    """An https address (http on this machine alone), or an empty text where the variable is empty or not set."""
    value = text(name, "").strip()
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if value and not (parts.hostname and (parts.scheme == "https" or local)):
        raise SettingError(f"{name} is {value!r}; write an address that begins with https://")
    return value


def choice(name: str, default: str, allowed: list[str]) -> str:
    """One of the words that are known, or `default` where the variable is empty or not set."""
    value = text(name, "").strip() or default
    if value != default and value not in allowed:
        raise SettingError(f"{name} is {value!r}; use one of {', '.join(allowed)}")
    return value


def pairs(name: str) -> dict[str, str]:
    """What is chosen for each of several things: ``creatinine=umol/L,glucose=mmol/L``; empty where not set."""
    found: dict[str, str] = {}
    for word in words(name, ""):
        thing, _, chosen = (part.strip() for part in word.partition("="))
        if not thing or not chosen:
            raise SettingError(f"{name} has {word!r}; write it as creatinine=umol/L")
        if thing in found:
            raise SettingError(f"{name} has {thing} twice; keep one")
        found[thing] = chosen
    return found


def choices(name: str, allowed: list[str]) -> list[str]:
    """A list written with commas, of words that are known."""
    found = words(name, "")
    unknown = sorted(set(found) - set(allowed))
    if unknown:
        raise SettingError(f"{name} has {unknown[0]!r}; use some of {', '.join(allowed)}")
    return found


def provider(prefix: str) -> dict[str, str]:
    """An OpenID Connect provider: all of issuer, client id and secret, or nothing; with the name that people see."""
    issuer = web_address(f"{prefix}_ISSUER")
    rest = {key: text(f"{prefix}_{key.upper()}", "") for key in ("client_id", "client_secret")}
    missing = [f"{prefix}_{key.upper()}" for key, value in rest.items() if not value]
    if not issuer:
        if len(missing) < len(rest):
            raise SettingError(f"{prefix}_ISSUER is not set, though what goes with it is; set it, or leave all out")
        return {}
    if missing:
        raise SettingError(f"{missing[0]} is not set; the provider of {prefix}_ISSUER gives it")
    return {"issuer": issuer, **rest, "name": text(f"{prefix}_NAME", "your hospital login")}


def words(name: str, default: str) -> list[str]:
    """A list written with commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def objects(name: str) -> list[dict[str, Any]]:
    """A JSON list of objects; an empty list where the variable is empty or not set."""
    value = text(name, "").strip()
    if not value:
        return []
    try:
        found = json.loads(value)
    except ValueError as error:
        raise SettingError(f"{name} is not JSON ({error}); write a list of objects") from error
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise SettingError(f"{name} is no list of objects; write one, such as [{{...}}]")
    return found


def group(prefix: str, names: tuple[str, ...]) -> dict[str, str]:
    """The variables ``PREFIX_NAME`` of each of `names`, by the name in small letters; empty where not set."""
    return {name.lower(): text(f"{prefix}_{name}", "") for name in names}


def generated_secret(name: str, path: Path) -> str:
    """The variable `name`, or a secret made once and kept at `path`, readable by its owner only."""
    if name in os.environ or f"{name}_FILE" in os.environ:
        value = text(name)
        if len(value) < 32:
            raise SettingError(f"{name} is shorter than 32 characters; use a long random text")
        return value
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise SettingError(f"{path} can be read by others; run chmod 600 on it") from None
        value = path.read_text(encoding="utf-8").strip()
        if len(value) < 32:
            raise SettingError(f"{path} holds no whole secret; remove it and start again") from None
        return value
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        value = secrets.token_urlsafe(48)
        file.write(value)
    return value


def origins(name: str) -> list[str]:
    """Origins written with commas, such as ``https://ehr.hospital.example``."""
    found = words(name, "")
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or f"{parts.scheme}://{parts.netloc}" != origin:
            raise SettingError(f"{name} has {origin!r}, which is no origin; write https://host, without a path")
        if not set(parts.netloc) <= _OF_A_HOST:
            raise SettingError(f"{name} has {origin!r}; write the name of one host, without signs or wildcards")
    return found


_OF_A_HOST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")
_EHR_FIELDS = {"issuer": True, "client_id": True, "source": True, "client_secret": False}


def ehrs(name: str) -> dict[str, dict[str, str]]:
    """Hospital systems by their issuer, from a JSON list of objects of texts."""
    found = objects(name)
    for one in found:
        for field, needed in _EHR_FIELDS.items():
            value = one.get(field, "")
            if not isinstance(value, str) or (needed and not value):
                raise SettingError(f"{name} has an entry whose {field} is {value!r}; write a text")
        if set(one) - set(_EHR_FIELDS):
            unknown = ", ".join(sorted(set(one) - set(_EHR_FIELDS)))
            raise SettingError(f"{name} has an entry with {unknown}; there are {', '.join(_EHR_FIELDS)}")
        if urlsplit(one["issuer"]).scheme not in ("http", "https"):
            raise SettingError(f"{name} has the issuer {one['issuer']!r}; write the base address of its FHIR server")
    return {one["issuer"].rstrip("/"): one for one in found}


def generated_key(name: str, path: Path, kind: str = "rsa") -> str:
    """The private key (PEM) of the variable `name`, or one made once and kept at `path` for its owner only.

    `kind` is what is made: ``rsa`` (2048 bits) or ``ed25519``.
    """
    if name in os.environ or f"{name}_FILE" in os.environ:
        return text(name)
    if not path.exists():
        _make_key(path, kind)
    if path.stat().st_mode & 0o077:
        raise SettingError(f"{path} can be read by others; run chmod 600 on it")
    return path.read_text(encoding="utf-8")


def _make_key(path: Path, kind: str) -> None:
    """Written aside and linked into place: of several processes that start at once, the first one's key stays."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    key = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    try:
        with suppress(FileExistsError):  # another process was first, and its key is the one
            os.link(aside, path)
    finally:
        aside.unlink()
