"""What became of the entries of one batch."""

from dataclasses import dataclass, field
from uuid import UUID

from clinic.patients.models import Patient
from integrations.readings.models import Resource
from integrations.readings.refusal import Refused
from integrations.readings.split import Entry


@dataclass(slots=True)
class BatchReport:
    """What became of the entries, and whose twins have something new to learn."""

    accepted: int = 0
    known: int = 0
    quarantined: int = 0
    skipped_points: int = 0
    new_patients: list[Patient] = field(default_factory=list)
    subjects: set[UUID] = field(default_factory=set)
    """Subjects of accepted resources."""
    touched: set[UUID] = field(default_factory=set)
    """Subjects whose course may have changed."""
    resources: list[Resource] = field(default_factory=list)
    """The versions that were accepted."""


class EntryRefusedError(Exception):
    """An entry of our own door that cannot be kept; the transaction must be rolled back."""

    def __init__(self, refused: Refused, entry: Entry) -> None:
        super().__init__(refused.detail)
        self.refused = refused
        self.entry = entry
