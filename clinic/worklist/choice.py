"""Which rows of the worklist are wanted, as the address says: ``?q=okafor&why=renal``."""

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from clinic.worklist.reason import Why
from clinic.worklist.rows import Row

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for.

    Attributes
    ----------
    text
        Words that must all occur in the patient's name, record number or place.
    why
        What some reason of the row must be about; None: any row.
    problem
        What of the address could not be read, in a sentence; empty where all could.
    """

    text: str = ""
    why: Why | None = None
    problem: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Choice":
        text, why = query.get("q", "").strip()[:LONGEST], query.get("why", "")
        if why and why not in set(Why):
            said = _("There is no reason called “{name}”; all patients are shown. Choose one below.")
            return cls(text, None, said.format(name=why[:30]))
        return cls(text, Why(why) if why else None)

    @property
    def is_made(self) -> bool:
        return bool(self.text or self.why)

    def keeps(self, row: Row) -> bool:
        """Whether the row is wanted."""
        named = f"{row.patient} {row.patient.record_number} {row.place}".casefold()
        if not all(word in named for word in self.text.casefold().split()):
            return False
        return self.why is None or any(reason.why is self.why for reason in row.reasons)
