"""Literal references: their form, and the type of what they point to.

Source: https://hl7.org/fhir/R4/references.html (4.0.1), invariant ref-1 among it.
"""

import re
from dataclasses import dataclass, field

from integrations.fhir.validate.bindings import resource_types
from integrations.fhir.validate.fault import shown
from integrations.fhir.validate.primitives import UUID

_LITERAL = re.compile(r"([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?")
_CONDITIONAL = re.compile(r"([A-Za-z]+)\?\S+=\S*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(slots=True)
class Scope:
    """What references may point to without leaving the message: contained resources by id, entries by fullUrl."""

    contained: dict[str, str] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)


def target_type(reference: str, scope: Scope) -> str | None:
    """The resource type that a reference points to, or nothing where the text does not say.

    Raises
    ------
    ValueError
        The text is no reference; the message says why, and what to send.
    """
    if reference[0] == "#":
        if len(reference) == 1:
            return None
        contained = scope.contained.get(reference[1:])
        if contained is None:
            raise ValueError("points to no contained resource (ref-1); contain it, or refer to another")
        return contained
    if reference in scope.entries:
        return scope.entries[reference]
    if _SCHEME.match(reference):
        return _absolute(reference)
    match = _LITERAL.fullmatch(reference) or _CONDITIONAL.fullmatch(reference)
    if match is None:
        raise ValueError("is no reference; send one such as Patient/123, urn:uuid:… or an absolute URL")
    if match[1] not in resource_types():
        raise ValueError(f"names {shown(match[1])}, which is no resource type of R4; send one that is")
    return match[1]


def _absolute(reference: str) -> str | None:
    """The type that a RESTful URL ends with; a URN or another URL may be anything."""
    if not reference.startswith(("http://", "https://")):
        return None
    parts = reference.rsplit("/", 4)
    if len(parts) > 4 and parts[-2] == "_history":
        parts = parts[:-2]
    match = _LITERAL.fullmatch("/".join(parts[-2:]))
    return match[1] if match and match[1] in resource_types() else None


def odd_urn(reference: str) -> bool:
    """Whether a urn:uuid is no UUID in lower case, which R4 asks for and many senders do not do."""
    return reference.startswith("urn:uuid:") and UUID.fullmatch(reference) is None


def named_type(text: str) -> str:
    """The type that Reference.type names, as a name or as the URL of its definition."""
    return text.removeprefix(_DEFINITION)
