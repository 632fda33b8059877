"""Search parameters, and when a resource answers one that was asked."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from integrations.fhir.elements import Token, intervals, literal, texts, tokens, words
from integrations.fhir.interval import Interval, satisfies
from integrations.fhir.measure import Wanted, measures

OR_MISSING = "or-missing"
"""Our own modifier, which no query can name: what has no value answers too."""
Here = Callable[[str], str]
"""What makes of a reference in a stored text the reference that this server says."""


class Kind(StrEnum):
    TOKEN = "token"  # noqa: S105 - FHIR's name of a kind of search parameter
    STRING = "string"
    DATE = "date"
    REFERENCE = "reference"
    NUMBER = "number"
    QUANTITY = "quantity"
    URI = "uri"
    COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class Moment:
    prefix: str
    time: Interval


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference is to: a resource of this server, of one type or of any of the parameter's; or an address."""

    resource_type: str | None
    id: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one type.

    Attributes
    ----------
    values
        The elements of a resource that are compared; None where the database alone decides.
    private
        The value may name a person; the audit trail does not keep it.
    definition
        Canonical address of FHIR's own definition, where it has one.
    targets
        Types that a reference may be to.
    indexed
        Whether each value has a `Term`. Worth it where few resources share a value.
    under
        The indexed parameters under whose names its values are looked up, where that is not its own.
    whose
        The reference is to the patient whose the resource is, which the database knows.
    dated
        The date that the type is sorted by, and whose bounds each `Term` has.
    by_subject
        The database alone answers, by whose the resource is, whatever the elements name: a Provenance is its patient's
        through what its targets are. The values are what includes follow.
    parts, roots
        Of a composite: its parameters, and the elements in which all of them must be answered together.
    """

    name: str
    kind: Kind
    documentation: str
    values: Callable[[dict[str, Any]], Iterable[Any]] | None = None
    private: bool = False
    definition: str = ""
    targets: tuple[str, ...] = ()
    indexed: bool = False
    under: tuple[str, ...] = ()
    whose: bool = False
    dated: bool = False
    by_subject: bool = False
    parts: tuple["Parameter", ...] = ()
    roots: Callable[[dict[str, Any]], Iterable[dict[str, Any]]] | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of one query; `alternatives` are joined by or, criteria by and.

    Text is folded (`fold`) once, when it is read, unless the modifier is ``exact``.
    """

    parameter: Parameter
    modifier: str
    alternatives: tuple[Any, ...]

    def answered_by(self, resource: dict[str, Any], here: Here = str) -> bool:
        """Whether the resource answers; `here` reads the references of its text."""
        parameter = self.parameter
        if parameter.roots is not None:
            return any(
                all(part.answered_by(root, here) for part in parts)
                for root in parameter.roots(resource)
                for parts in self.alternatives
            )
        if parameter.values is None or parameter.by_subject:
            return True
        found = parameter.values(resource)
        if self.modifier == "missing":
            return (next(iter(found), None) is None) is self.alternatives[0]
        if self.modifier == OR_MISSING:
            found = list(found)
            return not found or any(self._fits(one, here) for one in found)
        answered = any(self._fits(one, here) for one in found)
        return not answered if self.modifier == "not" else answered

    def _fits(self, found: Any, here: Here) -> bool:
        return _FITS[self.parameter.kind](self, found, here)


def fold(text: str) -> str:
    """Text without case and accents."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def token_fits(wanted: Token, found: Token) -> bool:
    system_fits = wanted.system is None or found.system is None or wanted.system == found.system
    return system_fits and (wanted.code is None or wanted.code == found.code)


def _token(criterion: Criterion, found: Any, here: Here) -> bool:  # noqa: ARG001
    if criterion.modifier == "text":
        said = [fold(text) for text in words(found)]
        return any(text.startswith(wanted) for wanted in criterion.alternatives for text in said)
    return any(token_fits(wanted, one) for one in tokens(found) for wanted in criterion.alternatives)


def _string(criterion: Criterion, found: Any, here: Here) -> bool:  # noqa: ARG001
    for text in texts(found):
        said = text if criterion.modifier == "exact" else fold(text)
        for wanted in criterion.alternatives:
            match criterion.modifier:
                case "exact":
                    fits = said == wanted
                case "contains":
                    fits = wanted in said
                case _:
                    fits = said.startswith(wanted)
            if fits:
                return True
    return False


def _date(criterion: Criterion, found: Any, here: Here) -> bool:  # noqa: ARG001
    return any(
        satisfies(wanted.prefix, wanted.time, one) for one in intervals(found) for wanted in criterion.alternatives
    )


def _measure(criterion: Criterion, found: Any, here: Here) -> bool:  # noqa: ARG001
    wanted: tuple[Wanted, ...] = criterion.alternatives
    return any(one.answered_by(measured) for measured in measures(found) for one in wanted)


def _uri(criterion: Criterion, found: Any, here: Here) -> bool:  # noqa: ARG001
    if criterion.modifier == "below":
        return isinstance(found, str) and found.startswith(criterion.alternatives)
    return found in criterion.alternatives


def _reference(criterion: Criterion, found: Any, here: Here) -> bool:
    if criterion.modifier == "identifier":
        said = found.get("identifier") if isinstance(found, dict) else None
        return any(token_fits(wanted, one) for one in tokens(said) for wanted in criterion.alternatives)
    text = literal(found)
    if text is None:
        return False
    said = here(text).split("/_history/")[0]
    kind, _, identifier = said.rpartition("/")
    for wanted in criterion.alternatives:
        if wanted.address:
            if said == wanted.address:
                return True
        elif identifier == wanted.id and (kind == wanted.resource_type or (wanted.resource_type is None and kind)):
            return True
    return False


_FITS: dict[Kind, Callable[[Criterion, Any, Here], bool]] = {
    Kind.TOKEN: _token,
    Kind.STRING: _string,
    Kind.DATE: _date,
    Kind.REFERENCE: _reference,
    Kind.NUMBER: _measure,
    Kind.QUANTITY: _measure,
    Kind.URI: _uri,
}
