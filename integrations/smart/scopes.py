"""SMART scopes: read, compared and narrowed. No database; what a person reads of them says `scope_words`.

The grammar is of https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html, such as
``patient/Observation.rs?category=laboratory``. The forms of SMART 1 (``.read``, ``.write``, ``.*``) are read as well,
and written as 2.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, quote

from integrations.smart import scope_words
from integrations.smart.resource_types import R4_TYPES

INTERACTIONS = "cruds"
"""Create, read, update, delete, search; in this order in every scope."""
_VERSION_1 = {"read": "rs", "write": "cud", "*": INTERACTIONS}
_CLINICAL = re.compile(
    r"(patient|user|system)/(\*|[A-Za-z]{1,64})\.(c?r?u?d?s?|read|write|\*)(?:\?([\x21\x23-\x5b\x5d-\x7e]{1,1000}))?"
)
_PARAMETER = re.compile(r"_?[A-Za-z][A-Za-z0-9-]{0,63}")


class Context(StrEnum):
    """Whose data: of the launched patient, of those whom the person may see, of everybody."""

    PATIENT = "patient"
    USER = "user"
    SYSTEM = "system"


NAMED = ("launch", "launch/patient", "openid", "fhirUser", "profile", "offline_access", "online_access")
"""The scopes that are one word."""


@dataclass(frozen=True, slots=True)
class Scope:
    """``context/type.interactions?query``; the query's pairs must all hold, and are kept in alphabetical order."""

    context: Context
    resource_type: str
    interactions: str
    query: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        query = "&".join(f"{name}={quote(value, safe=':/|,.')}" for name, value in self.query)
        return f"{self.context}/{self.resource_type}.{self.interactions}" + (f"?{query}" if query else "")

    def covers(self, resource_type: str, interaction: str) -> bool:
        """Whether it allows the interaction (a letter of `INTERACTIONS`) with some resources of the type."""
        return self.resource_type in ("*", resource_type) and interaction in self.interactions

    def holds(self, other: "Scope") -> bool:
        """Whether all that `other` allows is allowed by this one."""
        return (
            self.context is other.context
            and self.resource_type in ("*", other.resource_type)
            and set(other.interactions) <= set(self.interactions)
            and set(self.query) <= set(other.query)
        )

    def meet(self, other: "Scope") -> "Scope | None":
        """What both allow, or None."""
        if self.context is not other.context:
            return None
        if self.resource_type in ("*", other.resource_type):
            resource_type = other.resource_type
        elif other.resource_type == "*":
            resource_type = self.resource_type
        else:
            return None
        interactions = "".join(one for one in self.interactions if one in other.interactions)
        query = tuple(sorted({*self.query, *other.query}))
        return Scope(self.context, resource_type, interactions, query) if interactions else None

    @property
    def words(self) -> str:
        """One plain sentence without its full stop, in the language of the page."""
        return scope_words.clinical(self.context, self.resource_type, self.interactions, self.query)


@dataclass(frozen=True, slots=True)
class Scopes:
    """A whole scope text: about records, by name, and what is neither."""

    clinical: tuple[Scope, ...] = ()
    named: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((*self.named, *map(str, self.clinical)))

    def __bool__(self) -> bool:
        return bool(self.clinical or self.named)

    def covering(self, resource_type: str, interaction: str) -> tuple[Scope, ...]:
        return tuple(scope for scope in self.clinical if scope.covers(resource_type, interaction))

    def covers(self, resource_type: str, interaction: str) -> bool:
        return bool(self.covering(resource_type, interaction))

    def holds(self, other: "Scopes") -> bool:
        """Whether every scope of `other` is held by one of these."""
        return set(other.named) <= set(self.named) and all(
            any(mine.holds(theirs) for mine in self.clinical) for theirs in other.clinical
        )

    def only(self, *contexts: Context) -> "Scopes":
        """Those of these contexts; the named ones stay."""
        return Scopes(tuple(scope for scope in self.clinical if scope.context in contexts), self.named)


def parse(text: str) -> Scopes:
    """Read a scope text; what is no scope of SMART, or of a type that FHIR R4 does not have, is `unknown`."""
    clinical: list[Scope] = []
    named: list[str] = []
    unknown: list[str] = []
    for word in dict.fromkeys(text.split()):
        scope = _scope(word)
        if scope is not None:
            clinical.append(scope)
        elif word in NAMED:
            named.append(word)
        else:
            unknown.append(word)
    return Scopes(_without_repeats(clinical), tuple(named), tuple(unknown))


def intersect(asked: Scopes, allowed: Scopes) -> Scopes:
    """What is both asked and allowed, in the order of asking. It never allows what either does not."""
    met = [one for mine in asked.clinical for theirs in allowed.clinical if (one := mine.meet(theirs)) is not None]
    return Scopes(_without_repeats(met), tuple(name for name in asked.named if name in allowed.named))


def _scope(word: str) -> Scope | None:
    match = _CLINICAL.fullmatch(word)
    if match is None:
        return None
    context, resource_type, interactions, query = match.groups()
    interactions = _VERSION_1.get(interactions, interactions)
    if not interactions or (resource_type != "*" and resource_type not in R4_TYPES):
        return None
    pairs: tuple[tuple[str, str], ...] = ()
    if query is not None:
        pairs = tuple(sorted(set(parse_qsl(query, keep_blank_values=True))))
        whole = query.count("&") + 1 == len(parse_qsl(query, keep_blank_values=True))
        legible = all(_PARAMETER.fullmatch(name) and value.strip() and value.isprintable() for name, value in pairs)
        if resource_type == "*" or not pairs or not whole or not legible:
            return None
    return Scope(Context(context), resource_type, interactions, pairs)


def _without_repeats(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The scopes without those that another one holds anyway."""
    kept: list[Scope] = []
    for scope in scopes:
        if any(other.holds(scope) for other in kept):
            continue
        kept = [other for other in kept if not scope.holds(other)]
        kept.append(scope)
    return tuple(kept)
