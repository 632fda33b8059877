"""Reads gettext's portable catalogues (.po), as much of the format as msgfmt writes."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d+)\])?) (".*")')


@dataclass(slots=True)
class Entry:
    """One message: `key` as it is looked up (context and text), its plural if any, and its texts in German."""

    context: str = ""
    singular: str = ""
    plural: str = ""
    texts: list[str] = field(default_factory=list)
    fuzzy: bool = False

    @property
    def key(self) -> str:
        return f"{self.context}\x04{self.singular}" if self.context else self.singular


class UnreadableCatalogueError(ValueError):
    """A line that is no part of a catalogue."""


def read(path: Path) -> list[Entry]:
    """Every entry of the file, the header first."""
    return [_entry(block, path) for block in path.read_text(encoding="utf-8").split("\n\n") if '"' in block]


def _entry(block: str, path: Path) -> Entry:
    entry = Entry()
    parts: dict[str, str] = {}
    current = ""
    for line in block.splitlines():
        if line.startswith("#"):
            entry.fuzzy = entry.fuzzy or (line.startswith("#,") and "fuzzy" in line)
        elif found := _LINE.fullmatch(line):
            current = found[1]
            parts[current] = ast.literal_eval(found[3])
        elif line.startswith('"') and current:
            parts[current] += ast.literal_eval(line)
        elif line.strip():
            raise UnreadableCatalogueError(f"{path}: {line}")
    entry.context = parts.get("msgctxt", "")
    entry.singular = parts.get("msgid", "")
    entry.plural = parts.get("msgid_plural", "")
    entry.texts = [text for name, text in parts.items() if name.startswith("msgstr")]
    return entry
