"""What types share whose resources are made when they are asked for."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from integrations.fhir import visible
from integrations.fhir.parameters import Criterion
from integrations.fhir.resources.served import BY_UPDATE, Budget, Key, Order, Served

_decode = msgspec.json.Decoder().decode


class Computed:
    """A read-only type without older versions, in the order of its making."""

    name: str
    versions = False
    searched = True
    writes: tuple[str, ...] = ()
    orders: tuple[str, ...] = (BY_UPDATE,)
    profiles: tuple[str, ...] = ()

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        raise NotImplementedError

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        order: Order,
        after: Key | None = None,
        until: Key | None = None,
        reach: Any = None,
        first: int = 0,
        budget: Budget | None = None,
    ) -> Iterator[Served]:
        raise NotImplementedError

    def named(self, identifiers: Iterable[str], reach: Any = None) -> list[Served]:
        """Each read by itself: few are ever named, and each is made anew."""
        narrower, allowed = visible.of(reach, self.name), visible.criteria(reach, self)
        if narrower is False or allowed is None:
            return []
        found = [one for identifier in identifiers if (one := self.read(identifier)) is not None]
        if allowed:
            told = [(one, _decode(one.body)) for one in found]
            found = [
                one for one, said in told if any(all(part.answered_by(said) for part in query) for query in allowed)
            ]
        if narrower is None or narrower.everyone:
            return found
        theirs = {str(subject) for subject in narrower.subjects or ()}
        return [one for one in found if one.subject_key in theirs]

    def count(
        self, criteria: tuple[Criterion, ...], *, until: Key | None = None, reach: Any = None, roughly: bool = False
    ) -> int:
        del roughly
        return sum(1 for _ in self.walk(criteria, order=Order(), until=until, reach=reach))
