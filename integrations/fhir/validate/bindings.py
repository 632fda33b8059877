"""The value sets that elements of R4 must take their codes from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FHIR_VERSION = "4.0.1"


@dataclass(frozen=True, slots=True)
class ValueSet:
    """Codes by their code system; an open system, such as MIME types, has a pattern instead."""

    url: str
    systems: dict[str, frozenset[str]]
    codes: frozenset[str]
    pattern: re.Pattern[str] | None

    @property
    def canonical(self) -> str:
        return f"{self.url}|{FHIR_VERSION}"

    def holds(self, code: str) -> bool:
        """Whether an element of type code may have this code."""
        return code in self.codes or (self.pattern is not None and self.pattern.fullmatch(code) is not None)

    def coded(self, codings: Any) -> bool:
        """Whether one of a concept's codings comes from this set, system and code."""
        return any(
            isinstance(coding, dict)
            and isinstance(coding.get("code"), str)
            and isinstance(coding.get("system"), str)
            and coding["code"] in self.systems.get(coding["system"], ())
            for coding in (codings if isinstance(codings, list) else ())
        )


@cache
def value_sets() -> dict[str, ValueSet]:
    """Every value set by its name in the tables of elements."""
    return dict(_read(files(f"{__package__}.definitions").joinpath("bindings.txt").read_text("utf-8")))


def _read(text: str) -> Iterator[tuple[str, ValueSet]]:
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        name, url = lines[0].split()
        systems: dict[str, set[str]] = {}
        words: set[str] = set()
        for line in lines[1:]:
            if not line.startswith("    "):
                words = systems.setdefault(line.strip(), set())
            else:
                words.update(line.split())
        patterns = [word[1:-1] for codes in systems.values() for word in codes if word[0] == word[-1] == "/"]
        pattern = re.compile(patterns[0]) if patterns else None
        codes = frozenset() if pattern else frozenset().union(*systems.values())
        yield name, ValueSet(url, {system: frozenset(words) for system, words in systems.items()}, codes, pattern)


def resource_types() -> frozenset[str]:
    """The names of all resource types of R4, the abstract ones too."""
    return value_sets()["resource-types"].codes
