"""What was received of a patient and could not be read, so that no twin knows of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Unused:
    """One resource that waits for its cause to be mended.

    Attributes
    ----------
    what
        ``dose``, ``order``, ``level``, a covariate's channel, or ``other``: a dose or an order of a product whose name
        names no drug of the formulary.
    drug
        Empty where it cannot be told.
    named
        What the source calls that which is not known: the product, the route or the code; may be empty.
    reason
        Why it could not be read, as a code.
    """

    what: str
    drug: str
    named: str
    reason: str
    happened: datetime | None
    received: datetime
    source: str

    @property
    def order(self) -> tuple[datetime, str]:
        return (self.happened or self.received, self.source)


def unused_of(subjects: Iterable[UUID], **asked: Any) -> dict[UUID, list[Unused]]:
    """Of each subject, the newest first, in one query; see `settings.UNUSED_RECORDS`."""
    found: dict[UUID, list[Unused]] = import_string(settings.UNUSED_RECORDS)(subjects, **asked)
    return found
