"""Settings from the environment: typed, loud when wrong, and readable from a file as ``NAME_FILE``."""

import os
import secrets
from pathlib import Path

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


def words(name: str, default: str) -> list[str]:
    """A list written with commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


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
