"""Faults on demand: which there are, what each does, and when one strikes.

Transport faults strike a request and pass: the n-th request of one URL (path and query) fails by a throw that depends
on the seed, the URL and n alone, with probability `rate`, and never after `failures` requests of that URL.

========================  =============================================================================================
``http-500``              status 500 with an OperationOutcome
``http-429``              status 429 with ``Retry-After: <retry_after_s>`` and an OperationOutcome
``time-out``              nothing at all for `timeout_s` seconds, then the connection is closed without an answer
``truncated``             status 200 with two to four fifths of the body; Content-Length is that of what is sent
========================  =============================================================================================

Page faults change how every search is cut as long as they are on; following `next` still shows everything.

========================  =============================================================================================
``duplicate``             each page shows one of its entries twice, and starts with the last entry of the page before
``out-of-order``          a search is ordered by a scramble of the ids instead of (lastUpdated, id), across pages
========================  =============================================================================================

Content faults put more versions into the ward's log (`disturbances.py`); the last version of every resource of the
undisturbed ward keeps its values, so the usable data at the end are the same.

========================  =============================================================================================
``corrected``             some levels, creatinines and vital signs have a wrong version 1 before the right version 2
``amended``               the same with status ``amended`` on others
``entered-in-error``      extra levels and a dose that never were, withdrawn by a version 2 of that status
``unknown-unit``          extra heart rates and temperatures in the unit ``foo``
``unknown-unit-level``    an extra vancomycin level in the unit ``foo``
``bad-entry``             extra Observations that break FHIR R4: no status, no code, two values
========================  =============================================================================================
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.ward.disturbances import CONTENT
from integrations.ward.randomness import chance
from integrations.ward.resources import Version
from integrations.ward.search import SearchKey, natural_key

TRANSPORT = ("http-500", "http-429", "time-out", "truncated")
PAGE = ("duplicate", "out-of-order")
NAMES = (*TRANSPORT, *PAGE, *CONTENT)


class FaultError(ValueError):
    """Faults that cannot be switched on as asked; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which faults are on and how hard they strike; see the module's text."""

    names: tuple[str, ...] = ()
    seed: int = 1
    rate: float = 0.3
    failures: int = 2
    retry_after_s: int = 1
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in NAMES:
                raise FaultError(f"names has {name!r}; choose from {', '.join(NAMES)}")
        if not 0 <= self.rate <= 1:
            raise FaultError(f"rate is {self.rate}; give a probability from 0 to 1")
        if not 0 <= self.failures <= 100:
            raise FaultError(f"failures is {self.failures}; give 0 to 100 failures a URL")
        if not 0 <= self.retry_after_s <= 3600:
            raise FaultError(f"retry_after_s is {self.retry_after_s}; give 0 to 3600 seconds")
        if not 0 <= self.timeout_s <= 600:
            raise FaultError(f"timeout_s is {self.timeout_s}; give 0 to 600 seconds")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "FaultPlan":
        wanted: dict[str, tuple[type, ...]] = {
            "names": (list,),
            "seed": (int,),
            "rate": (int, float),
            "failures": (int,),
            "retry_after_s": (int,),
            "timeout_s": (int, float),
        }
        for name, value in data.items():
            if name not in wanted:
                raise FaultError(f"{name} is not a setting of faults; choose from {', '.join(wanted)}")
            if not isinstance(value, wanted[name]) or isinstance(value, bool):
                raise FaultError(f"{name} is {value!r}; give a {wanted[name][-1].__name__}")
        return cls(**{**data, "names": tuple(str(name) for name in data.get("names", ()))})

    def to_json(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "seed": self.seed,
            "rate": self.rate,
            "failures": self.failures,
            "retry_after_s": self.retry_after_s,
            "timeout_s": self.timeout_s,
        }


class Faults:
    """A fault plan at work: counts the requests of each URL and how often each fault struck."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._attempts: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()

    def strike(self, url: str) -> str | None:
        """The transport fault that hits this request of `url`, or None."""
        plan = self.plan
        names = [name for name in TRANSPORT if name in plan.names]
        with self._lock:
            attempt = self._attempts[url]
            self._attempts[url] += 1
        if not names or attempt >= plan.failures:
            return None
        if chance(plan.seed, "strike", url, str(attempt)) >= plan.rate:
            return None
        name = names[int(chance(plan.seed, "which", url, str(attempt)) * len(names))]
        self.note(name)
        return name

    def truncate(self, body: bytes, url: str) -> bytes:
        """The first two fifths to four fifths of `body`, the same for the same seed and URL."""
        return body[: int(len(body) * (0.4 + 0.4 * chance(self.plan.seed, "cut", url)))]

    @property
    def search_key(self) -> SearchKey:
        if "out-of-order" not in self.plan.names:
            return natural_key
        seed = self.plan.seed
        return lambda version: f"{chance(seed, 'order', version.id):.12f}~{version.id}"

    def repeat(self, versions: tuple[Version, ...], previous: Version | None) -> tuple[Version, ...]:
        """The page's entries with the duplicates that are asked for."""
        if "duplicate" not in self.plan.names or not versions:
            return versions
        self.note("duplicate")
        middle = len(versions) // 2
        doubled = (*versions[: middle + 1], versions[middle], *versions[middle + 1 :])
        return doubled if previous is None else (previous, *doubled)

    def note(self, name: str) -> None:
        with self._lock:
            self._struck[name] += 1

    def struck(self) -> dict[str, int]:
        """How often each transport fault, and a page with duplicates, was served so far."""
        with self._lock:
            return dict(self._struck)
