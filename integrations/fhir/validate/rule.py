"""An invariant of FHIR: a predicate over one element, with the words that explain it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.fhir.validate.fault import Severity

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """`holds` says whether an element keeps the invariant `key`; `about` are the elements whose values are quoted;
    `hint` adds to the sentence what can be guessed of the meaning.

    A predicate may rely on the types of the tables: where they are broken, what it raises is left unsaid.
    """

    key: str
    holds: Callable[[Json], bool]
    sentence: str
    about: tuple[str, ...] = ()
    severity: Severity = "error"
    code: str = "invariant"
    hint: Callable[[Json], str] | None = None


def has(element: Json, choice: str) -> bool:
    """Whether ``choice[x]`` is there in any of its types, or as an extension only."""
    length = len(choice)
    for name in element:
        if name.startswith(choice) and name[length : length + 1].isupper():
            return True
        if name.startswith("_" + choice) and name[length + 1 : length + 2].isupper():
            return True
    return False


def there(element: Json, name: str) -> bool:
    """Whether a primitive element is there, or an extension in its place."""
    return name in element or f"_{name}" in element


def coded(concept: Json | None, system: str, *codes: str) -> bool:
    """Whether a CodeableConcept holds one of the codes of a system."""
    codings = concept.get("coding", ()) if concept else ()
    return any(coding.get("system") == system and coding.get("code") in codes for coding in codings)
