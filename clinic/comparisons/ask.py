"""The form that asks for other plans: what is entered, checked against what a ward can give, as plans to compare."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from clinic.charts import words
from clinic.charts.twin_facts import STALE_AFTER
from clinic.comparisons.entered import Entered
from clinic.measures.fields import NumberField
from clinic.measures.numbers import plain
from twins.pharmacology.drug import Practice
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.clock import hours_between, moment_at
from twins.quantities.dose import Route

FARTHEST_H = 72.0
"""A plan that starts after the forecast ends would say nothing."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the entered plans are held against: the course's clock and the ward's limits."""

    start: datetime
    as_of_h: float
    practice: Practice
    route: Route = Route.INTRAVENOUS

    @property
    def is_infused(self) -> bool:
        return self.route not in (Route.ORAL, Route.RECTAL)


class PlanForm(forms.Form):
    """One plan. Doses in mg, times in hours, the start on the ward's clock."""

    amount_mg = NumberField(required=False, label=gettext_lazy("Dose, mg"))
    interval_h = forms.TypedChoiceField(
        required=False, coerce=float, empty_value=None, label=pgettext_lazy("interval", "Every")
    )
    duration_h = NumberField(required=False, label=gettext_lazy("Infused over, h"))
    start = forms.DateTimeField(
        required=False,
        label=gettext_lazy("First dose"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": gettext_lazy("This is no time; write it as 2026-11-22 14:05.")},
    )
    loading_mg = NumberField(required=False, label=gettext_lazy("Loading dose, mg"))

    def __init__(self, *args: Any, frame: Frame, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.frame = frame
        self.fields["interval_h"].choices = [
            ("", pgettext("interval", "choose")),
            *((f"{hours:g}", f"{plain(hours)} h") for hours in frame.practice.intervals_h),
        ]

    @property
    def is_blank(self) -> bool:
        """Whether no amount was entered: such a row asks for nothing."""
        return not (self.data.get(self.add_prefix("amount_mg")) or "").strip()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.is_blank or self.errors:
            return data
        if not self.frame.is_infused:
            data["duration_h"] = self.cleaned_data["duration_h"] = 0.0
        for name, what in (
            ("interval_h", _("Choose the interval.")),
            ("duration_h", _("Give the length of the infusion in hours.")),
            ("start", _("Give the time of the first dose.")),
        ):
            if data.get(name) is None:
                self.add_error(name, what)
        if not self.errors:
            self._check(dict(data))  # a copy: a refused field leaves the cleaned data
        return data

    def _check(self, data: dict[str, Any]) -> None:
        practice = self.frame.practice
        for name in ("amount_mg", "loading_mg"):
            amount = data.get(name)
            if amount is not None and not practice.min_mg <= amount <= practice.max_mg:
                text = _("{amount} mg is not between {least} and {most} mg.")
                limits = {"least": plain(practice.min_mg), "most": plain(practice.max_mg)}
                self.add_error(name, text.format(amount=plain(amount), **limits))
        daily = data["amount_mg"] * 24.0 / data["interval_h"]
        if daily > practice.max_daily_mg:
            self.add_error(
                "interval_h",
                _("That is {daily} mg a day; at most {most} can be compared.").format(
                    daily=f"{daily:.0f}", most=plain(practice.max_daily_mg)
                ),
            )
        if not self.frame.is_infused:
            pass
        elif not 0 < data["duration_h"] <= data["interval_h"]:
            self.add_error("duration_h", _("The infusion must take more than 0 h and at most the interval."))
        elif data["amount_mg"] / data["duration_h"] > practice.max_rate_mg_per_h * (1 + 1e-9):
            least = words.hours(data["amount_mg"] / practice.max_rate_mg_per_h)
            text = _("Faster than {rate} mg/h; infuse over {hours} or longer.")
            self.add_error("duration_h", text.format(rate=plain(practice.max_rate_mg_per_h), hours=least))
        if data.get("loading_mg") is not None and data["duration_h"] == data["interval_h"]:
            self.add_error("loading_mg", _("A continuous infusion is compared without a loading dose; leave it out."))
        hour = hours_between(self.frame.start, data["start"])
        if hour < self.frame.as_of_h:
            self.add_error("start", _("The twin's data go beyond this time; give a first dose after them."))
        elif hour > self.frame.as_of_h + FARTHEST_H:
            text = _("The forecast ends {hours} h after the data; give an earlier first dose.")
            self.add_error("start", text.format(hours=f"{FARTHEST_H:g}"))

    def plan(self, number: int) -> Plan:
        """The plan of a valid row."""
        data = self.cleaned_data
        return Plan(
            f"Asked {number}",
            Regimen(
                amount_mg=data["amount_mg"],
                interval_h=data["interval_h"],
                duration_h=data["duration_h"],
                start_h=hours_between(self.frame.start, data["start"]),
                loading_mg=data["loading_mg"],
                route=self.frame.route,
            ),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One plan of the form: `origin` is ``current``, ``stop`` or the number of its row."""

    origin: str
    plan: Plan


class AskForm:
    """Several plans and the choice to stop. `problem` says what is wrong with all of them together."""

    def __init__(self, current: Plan, frame: Frame, now: datetime, entered: Entered) -> None:
        self.current = current
        self.problem = ""
        self.stop = entered.stop
        due = current.regimen.start_h if current.regimen else frame.as_of_h
        start = _proposed_start(moment_at(frame.start, max(due, frame.as_of_h)), frame, now)
        data = entered.fields() or None
        self.rows = [
            PlanForm(data, prefix=f"plan{k}", frame=frame, initial={"start": start})
            for k in range(1, max(1, len(entered.rows)) + 1)
        ]

    @property
    def asked(self) -> list[tuple[int, PlanForm]]:
        """The rows that hold something, with their numbers."""
        return [(number, row) for number, row in enumerate(self.rows, 1) if not row.is_blank]

    def is_valid(self) -> bool:
        if not self.asked and not self.stop:
            self.problem = _("No plan was entered; give at least one dose with its interval, or tick the last choice.")
            return False
        checked = [row.is_valid() for _, row in self.asked]  # every row, so that each says what is wrong with it
        return all(checked)

    def plans(self) -> tuple[Plan, ...]:
        """The current plan first, then those asked for, each once."""
        return tuple(item.plan for item in self.ready())

    def ready(self) -> tuple[Asked, ...]:
        """As `plans`, of the rows that can be given, whatever stands in the others."""
        found = [Asked("current", self.current)]
        rows = [(number, row) for number, row in self.asked if row.is_valid()]
        wanted = [Asked(str(number), row.plan(place)) for place, (number, row) in enumerate(rows, 1)]
        if self.stop and self.current.regimen is not None:
            wanted.append(Asked("stop", Plan("Stop", None)))
        for item in wanted:
            if all(item.plan.regimen != other.plan.regimen for other in found):
                found.append(item)
        return tuple(found)

    def repeated(self) -> tuple[int, ...]:
        """Rows that can be given and say what another plan says already; they are shown once."""
        shown = {item.origin for item in self.ready()}
        return tuple(number for number, row in self.asked if row.is_valid() and str(number) not in shown)

    def problems(self) -> tuple[tuple[str, str, str], ...]:
        """What keeps a row from being computed: the field's id, its name with the row's number, and what is wrong."""
        return tuple(
            (
                row[name].id_for_label,
                _("Plan {number}, {field}").format(number=number, field=row.fields[name].label),
                error,
            )
            for number, row in self.asked
            for name, errors in row.errors.items()
            for error in errors
        )


def _proposed_start(due: datetime, frame: Frame, now: datetime) -> datetime:
    """When the next dose is due, or now where that is past; on stale data `now` says nothing of the dose."""
    if due >= now or now - moment_at(frame.start, frame.as_of_h) > STALE_AFTER:
        return due
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
