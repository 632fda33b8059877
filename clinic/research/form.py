"""A study as the page's form asks for it: fields for the usual, text for the rest, and mistakes in words."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from clinic.measures import numbers
from clinic.twin_words.said import said
from twins.cohorts.read import StudyError, build, read
from twins.cohorts.study import StudySpec

ROWS = 4
"""Regimens that the form has room for; a pasted study may have more."""
REGIMEN_FIELDS = ("label", "amount_mg", "interval_h", "duration_h", "loading_mg")
PATIENTS, DAYS = "10000", "3"
_PLACE = re.compile(r"(\w+)(?:\[(\d+)\](?:\.(\w+))?)?: ", re.ASCII)
"""How a mistake begins that names a field by its key: ``title: ``, ``regimens[2].amount_mg: ``."""


@dataclass(frozen=True, slots=True)
class StudyForm:
    """What is in the fields, as text; `regimens` holds a mapping for each row."""

    title: str
    model: str
    patients: str
    days: str
    seed: str
    regimens: tuple[Mapping[str, str], ...]
    covariates: str
    text: str

    @classmethod
    def empty(cls, seed: int) -> "StudyForm":
        """The form as it is first shown: two regimens and stated assumptions about the patients."""
        filled = (
            {"label": "", "amount_mg": "1000", "interval_h": "12", "duration_h": "1", "loading_mg": ""},
            {
                "label": "",
                "amount_mg": "1500",
                "interval_h": "12",
                "duration_h": numbers.typed("1.5"),
                "loading_mg": "",
            },
        )
        blank: dict[str, str] = dict.fromkeys(REGIMEN_FIELDS, "")
        return cls(
            title="",
            model="",
            patients=PATIENTS,
            days=DAYS,
            seed=str(seed),
            regimens=(*filled, *(blank for _ in range(ROWS - len(filled)))),
            covariates=render_to_string("research/covariates.toml"),
            text="",
        )

    @classmethod
    def posted(cls, data: Mapping[str, str]) -> "StudyForm":
        """The fields of a submitted form."""
        return cls(
            **{
                name: data.get(name, "")
                for name in ("title", "model", "patients", "days", "seed", "covariates", "text")
            },
            regimens=tuple(
                {field: data.get(f"regimen-{row}-{field}", "").strip() for field in REGIMEN_FIELDS}
                for row in range(1, ROWS + 1)
            ),
        )

    def study(self) -> StudySpec:
        """The study asked for: the pasted text if there is any, else the fields.

        Raises
        ------
        StudyError
            With every mistake, in the reader's language; those of fields by the names that the page gives them.
        """
        if self.text.strip():
            return read(self.text, kind="json" if self.text.lstrip().startswith("{") else "toml")
        try:
            return build(self._data())
        except StudyError as error:
            raise StudyError([self._labelled(said(mistake)) for mistake in error.mistakes]) from error

    def _labelled(self, mistake: str) -> str:
        """The mistake with the label of its field in place of the field's key."""
        place = _PLACE.match(mistake)
        label = _labels().get(place[1]) if place is not None else None
        if place is None or label is None:
            return mistake
        if place[2]:
            # A row that was left empty is none of the study's regimens.
            filled = [number for number, row in enumerate(self.regimens, 1) if any(row.values())]
            label = _("Regimen %(number)s") % {"number": filled[int(place[2]) - 1]}
        if place[3]:
            label = f"{label}, {_labels().get(place[3], place[3])}"
        return f"{label}: {mistake[place.end() :]}"

    def _data(self) -> dict[str, Any]:
        try:
            covariates = tomllib.loads(self.covariates)
        except (ValueError, RecursionError) as error:
            raise StudyError(["covariates: " + _("this is not TOML: %(error)s") % {"error": error}]) from error
        regimens = []
        for row in self.regimens:
            if any(row.values()):
                regimens.append(
                    {name: text if name == "label" else _number(text) for name, text in row.items() if text != ""}
                )
        return {
            "title": self.title,
            "model": self.model,
            **{name: _number(getattr(self, name)) for name in ("patients", "days", "seed")},
            "regimens": regimens,
            "covariates": covariates,
        }


def _labels() -> dict[str, str]:
    """Of the fields, by the keys that a study's file has."""
    return {
        "title": _("Title"),
        "model": _("Model"),
        "patients": _("Virtual patients"),
        "days": _("Days"),
        "seed": _("Seed"),
        "covariates": _("Covariates, as TOML"),
        "regimens": _("Regimens"),
        "amount_mg": _("Dose, mg"),
        "interval_h": _("Every, h"),
        "duration_h": _("Infused over, h"),
        "loading_mg": _("First dose, mg"),
        "label": _("Name"),
    }


def _number(text: str) -> Any:
    """The number that `text` is in the language of the page, or the text itself, which the reader of the study then
    refuses by its name.
    """
    try:
        return json.loads(numbers.machine(text) or "")
    except ValueError:
        return text
