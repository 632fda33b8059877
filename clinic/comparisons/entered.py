"""What stands in the builder's form, as text: the address that shares it, and what its buttons make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone, translation

from clinic.measures import numbers
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at
from twins.records.followed import followed, usual_drug
from twins.samples.course import Course

ROWS = 4
"""How many plans can be entered; with the current plan and the stop that stays within the chart's six."""
FIELDS = ("amount_mg", "interval_h", "duration_h", "start", "loading_mg")
_NUMBERS = frozenset({"amount_mg", "duration_h", "loading_mg"})
"""Fields that a person types a number into; in an address they are written as machines write them."""
_LONGEST = 40
"""Characters of a field that are kept: no number and no time is longer."""

Row = Mapping[str, str]


class Models(StrEnum):
    """Which of the drug's models answer."""

    FIRST = "first"
    APART = "apart"
    AVERAGED = "averaged"


@dataclass(frozen=True, slots=True)
class Entered:
    """Rows as they were typed, whether to stop is among the plans, which models answer, and of which plan is asked why.

    `why` is ``current``, ``stop`` or the number of a row; empty where nothing is asked.
    """

    rows: tuple[Row, ...] = ()
    stop: bool = False
    models: Models = Models.FIRST
    why: str = ""
    drug: str = ""
    """Of a patient who is on several; empty for the first on record."""

    @classmethod
    def of(cls, data: QueryDict) -> "Entered":
        """From an address or a sent form; what is not known there is passed over."""
        found = [number for number in range(1, ROWS + 1) if any(_name(number, field) in data for field in FIELDS)]
        written = data.get("written", "")
        rows = tuple(
            {field: _typed_here(field, data.get(_name(k, field), "").strip()[:_LONGEST], written) for field in FIELDS}
            for k in found
        )
        models = data.get("models", "")
        why = data.get("why", "")
        return cls(
            rows=rows,
            stop=bool(data.get("stop")),
            models=Models(models) if models in frozenset(Models) else Models.FIRST,
            why=why if why in {"current", "stop", *map(str, range(1, ROWS + 1))} else "",
            drug=drug if (drug := data.get("drug", "")) and drug in followed() else "",
        )

    @property
    def full(self) -> bool:
        return len(self.rows) >= ROWS

    def fields(self) -> dict[str, str]:
        """The rows under the names that the form gives them."""
        return {_name(k, field): text for k, row in enumerate(self.rows, 1) for field, text in row.items()}

    def query(self) -> str:
        """What of an address stands for all this, from its ``?`` on; nothing where nothing was entered.

        Numbers are written with a point, whoever typed them, so that a colleague of another language opens the same
        plans. Where one cannot be read all stay as typed, with the language that they were typed in.
        """
        typed = {name: text for name, text in self.fields().items() if text}
        machine = {name: numbers.machine(text) for name, text in typed.items() if name.partition("-")[2] in _NUMBERS}
        whole = all(machine.values())
        pairs = [(name, machine.get(name) or text if whole else text) for name, text in typed.items()]
        if not whole and numbers.decimal_sign() != ".":
            pairs.append(("written", translation.get_language() or ""))
        if self.stop:
            pairs.append(("stop", "1"))
        if self.models is not Models.FIRST:
            pairs.append(("models", self.models.value))
        if self.why:
            pairs.append(("why", self.why))
        if self.drug:
            pairs.append(("drug", self.drug))
        return f"?{urlencode(pairs)}" if pairs else ""

    def after(self, button: str, *, given: Mapping[str, Row]) -> "Entered":
        """What a button leaves: ``add``, ``copy-2``, ``drop-2``, or ``take-NAME`` of a row of `given`.

        A row without an amount gives way to what is taken; where all rows are filled nothing more is added.
        """
        what, _, which = button.partition("-")
        place = int(which) - 1 if which.isdecimal() and 0 < int(which) <= len(self.rows) else None
        if what == "drop" and place is not None:
            rest = tuple(row for k, row in enumerate(self.rows) if k != place)
            return replace(self, rows=rest, why="" if self.why == which else self.why)
        if what == "add" and not self.full:
            start = self.rows[-1].get("start", "") if self.rows else ""
            return replace(self, rows=(*self.rows, {"start": start}))
        if what == "copy" and place is not None and not self.full:
            return replace(self, rows=(*self.rows, self.rows[place]))
        if what == "take" and which in given:
            filled = tuple(row for row in self.rows if row.get("amount_mg"))
            if len(filled) < ROWS:
                return replace(self, rows=(*filled, given[which]))
        return self


def again(plans: Sequence[Plan], course: Course, *, averaged: bool = False) -> Entered:
    """The plans of a comparison, the current one first, as they would be typed to change them."""
    rows = [row for row in (row_of(plan, course) for plan in plans[1:]) if row is not None]
    return Entered(
        tuple(rows[:ROWS]),
        stop=any(plan.regimen is None for plan in plans[1:]),
        models=Models.AVERAGED if averaged else Models.FIRST,
        drug="" if course.drug == usual_drug() else course.drug,
    )


def row_of(plan: Plan, course: Course) -> Row | None:
    """The plan as it would be typed, its first dose on the ward's clock to the minute; None for no further doses."""
    regimen = plan.regimen
    if regimen is None:
        return None
    start = moment_at(course.start, regimen.start_h)
    whole = start.replace(second=0, microsecond=0)
    if whole < start:  # never before the data's end
        whole += timedelta(minutes=1)
    return {
        "amount_mg": numbers.plain(regimen.amount_mg),
        "interval_h": f"{regimen.interval_h:g}",
        "duration_h": numbers.plain(round(regimen.duration_h, 3)),
        "start": whole.astimezone(timezone.get_current_timezone()).strftime("%Y-%m-%dT%H:%M"),
        "loading_mg": "" if regimen.loading_mg is None else numbers.plain(regimen.loading_mg),
    }


def _typed_here(field: str, text: str, written: str) -> str:
    """`text`, written in the language `written` (empty: as machines write), as it would be typed on this page.

    What cannot be read in another language is dropped rather than read as something else in this one.
    """
    if field not in _NUMBERS or written == translation.get_language():
        return text
    if not written:
        return numbers.typed(text)
    if not translation.check_for_language(written):
        return ""
    with translation.override(written):
        machine = numbers.machine(text)
    return numbers.typed(machine) if machine else ""


def _name(number: int, field: str) -> str:
    return f"plan{number}-{field}"
