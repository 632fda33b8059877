"""Codes out of CodeableConcepts."""

from collections.abc import Iterator
from typing import Any


def codings(concept: Any) -> Iterator[tuple[str, str]]:
    """Every (system, code) of a CodeableConcept, in its order."""
    if not isinstance(concept, dict):
        return
    for coding in concept.get("coding") or ():
        if isinstance(coding, dict) and isinstance(coding.get("code"), str):
            system = coding.get("system")
            yield (system if isinstance(system, str) else "", coding["code"])


def first_code(concept: Any) -> str:
    """``system|code`` of the first coding, at most 200 characters; empty if there is none."""
    return next((f"{system}|{code}" for system, code in codings(concept)), "")[:200]


def words(concept: Any) -> str:
    """How a person would name the concept: its text, else a display, else its codes."""
    if not isinstance(concept, dict):
        return "nothing"
    displays = [c["display"] for c in concept.get("coding") or () if isinstance(c, dict) and c.get("display")]
    codes = ", ".join(f"{system}|{code}" for system, code in codings(concept))
    name = concept.get("text") or (displays[0] if displays else "")
    return " ".join(part for part in (name, f"({codes})" if codes else "") if part) or "nothing"
