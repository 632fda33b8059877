"""The files of exports, below ``VAR_DIR/exports``, for this account's eyes only."""

import os
import shutil
from collections.abc import Sequence
from io import BufferedWriter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

MOST_BYTES = 256 * 1024 * 1024
"""A file that has grown to this is closed, and another begun."""


def folder(export_id: UUID | str) -> Path:
    return Path(settings.VAR_DIR) / "exports" / str(export_id)


def remove(export_id: UUID | str) -> None:
    """Remove all files of an export; a file that a worker writes meanwhile stays, and housekeeping removes it."""
    shutil.rmtree(folder(export_id), ignore_errors=True)


class Writer:
    """Writes lines into files that get their names when all are complete.

    Parameters
    ----------
    where
        The export's folder.
    stem
        Of the names: ``Observation.3`` becomes ``Observation.3.ndjson`` and, past `MOST_BYTES`,
        ``Observation.3-2.ndjson``.
    holder
        Names the attempt: two attempts never write into one file.
    """

    def __init__(self, where: Path, stem: str, holder: str) -> None:
        self._where = where
        self._stem = stem
        self._holder = holder
        self._file: BufferedWriter | None = None
        self._made: list[dict[str, Any]] = []
        where.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, lines: Sequence[bytes]) -> None:
        """Lines without their ends."""
        if not lines:
            return
        file = self._file
        if file is None or self._made[-1]["size"] >= MOST_BYTES:
            file = self._begin()
        content = b"\n".join(lines) + b"\n"
        file.write(content)
        self._made[-1]["count"] += len(lines)
        self._made[-1]["size"] += len(content)

    def _begin(self) -> BufferedWriter:
        self._close()
        number = len(self._made) + 1
        name = f"{self._stem}.ndjson" if number == 1 else f"{self._stem}-{number}.ndjson"
        self._made.append({"name": name, "count": 0, "size": 0})
        handle = os.open(self._hidden(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb", buffering=1024 * 1024)
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _hidden(self, name: str) -> Path:
        return self._where / f".{name}.{self._holder}"

    def publish(self) -> list[dict[str, Any]]:
        """Give the files their names; what each is called, holds and weighs."""
        self._close()
        for made in self._made:
            self._hidden(made["name"]).replace(self._where / made["name"])
        return self._made

    def drop(self) -> None:
        """Remove what was not published."""
        self._close()
        for made in self._made:
            self._hidden(made["name"]).unlink(missing_ok=True)
