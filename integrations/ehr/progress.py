"""How a pull goes and how it ended."""

import time
from dataclasses import dataclass, field

from integrations.readings.accept import AcceptReport


@dataclass(slots=True)
class TypeProgress:
    """What was pulled of one resource type: counts, and the error that ended it early, if any."""

    resource_type: str
    pages: int = 0
    received: int = 0
    accepted: int = 0
    known: int = 0
    quarantined: int = 0
    broken: int = 0
    """Pages that came cut short; each is kept, and was fetched again."""
    error: str = ""
    done: bool = False
    started: float = field(default_factory=time.monotonic)

    def add(self, report: AcceptReport) -> None:
        self.pages += 1
        self.received += report.received
        self.accepted += report.accepted
        self.known += report.known
        self.quarantined += report.quarantined

    @property
    def rate(self) -> float:
        """Resources a second since the type was begun."""
        return self.received / max(time.monotonic() - self.started, 1e-9)

    def line(self) -> str:
        return f"{self.resource_type}: {self.pages} pages, {self.received} resources, {self.rate:.0f}/s"

    def summary(self) -> str:
        return (
            f"{self.resource_type}: {self.received} received, {self.accepted} new, {self.known} already known, "
            f"{self.quarantined} quarantined"
            + (f"; {self.broken} broken pages fetched again" if self.broken else "")
            + (f"; not finished: {self.error}" if self.error else "")
        )


@dataclass(slots=True)
class PullReport:
    """What a run did: by type, which wanted types the server lacks, and how many quarantined entries came free."""

    types: dict[str, TypeProgress] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    opened_before: int = 0
    """Readings left unopened by a run that was killed."""
    released: int = 0
    stopped: bool = False

    @property
    def ok(self) -> bool:
        return not any(progress.error for progress in self.types.values())

    def of(self, resource_type: str) -> TypeProgress:
        return self.types.setdefault(resource_type, TypeProgress(resource_type))
