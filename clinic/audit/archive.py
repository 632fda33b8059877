"""Events written to a file before they are removed: gzipped JSON lines that read back, hash for hash, as the chain."""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from clinic.audit.chain import FIELDS, instant, link_hash


class ArchiveError(RuntimeError):
    """The file cannot be written, or does not read back as what was written; names file and remedy."""


def write(path: Path, rows: Iterator[dict[str, Any]]) -> str:
    """Write each event as a line, in order, to a new file that is on disk when this returns; gives its SHA-256.

    Raises
    ------
    ArchiveError
        The file is there already, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            # Without a time and a name in it, the same events give the same file.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                for row in rows:
                    packed.write(line(row).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written ({error.strerror}); give another folder") from error
    return digest(path)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def line(row: dict[str, Any]) -> str:
    """One event as JSON: every field of the chain, and its hash."""
    content = {name: row[name] for name in (*FIELDS, "hash")}
    content["recorded"] = instant(row["recorded"])
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"))


def read_back(path: Path, *, after: str) -> tuple[int, str]:
    """Walk the file from the hash before its first event; gives how many events it holds and the hash of the last.

    Raises
    ------
    ArchiveError
        A line is not the event that its hash names, or does not follow from the one before.
    """
    count, last = 0, after
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            for text in file:
                row = json.loads(text)
                row["recorded"] = datetime.fromisoformat(row["recorded"])
                if row["previous_hash"] != last or link_hash(row) != row["hash"]:
                    raise ArchiveError(f"line {count + 1} of {path} is not the event that was written; remove the file")
                count, last = count + 1, row["hash"]
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise ArchiveError(f"{path} does not read back ({error}); remove it and try again") from error
    return count, last
