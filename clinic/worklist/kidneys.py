"""What the timeline shows of the kidneys: creatinine with KDIGO's stage, the twin's clearance, and CKD-EPI."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from django.utils.translation import gettext as _

from clinic.charts import words
from clinic.charts.palette import Marker
from clinic.charts.timeline_marks import Mark, Steps
from clinic.measures.units import unit_of
from twins.pharmacology.covariates import CLEARANCE, CovariateError, CovariateHistory, history
from twins.pharmacology.filtration import ckd_epi_2021
from twins.pharmacology.kdigo import filtration_category, injury_stages
from twins.pharmacology.population import PopulationModel
from twins.records.models import Sex, Subject
from twins.samples.channel import Channel
from twins.samples.course import Course

ADULT_Y = 18


@dataclass(frozen=True, slots=True)
class Kidneys:
    """Two panels, and the newest values in sentences."""

    panels: tuple[Steps, ...] = ()
    facts: tuple[str, ...] = ()


def kidneys(
    subject: Subject,
    shown: Sequence[Mark],
    newest: Sequence[Mark],
    *,
    until_h: float,
    model: PopulationModel | None,
    course: Course | None,
) -> Kidneys:
    """Of creatinine in mg/dL, in order of time on the course's clock.

    Parameters
    ----------
    shown, newest
        The values that are drawn, with those of a week before that they are staged by; and the last that there are.
    model, course
        Of the first twin.
    """
    used = [mark for mark in shown if mark.used]
    last = [mark for mark in newest if mark.used]
    panels: list[Steps] = []
    facts: list[str] = []
    rates = _filtration(subject, used)
    read = _clearance(model, course) if model is not None and course is not None else None
    line: tuple[tuple[float, float], ...] = ()
    way = ""
    if read is not None and CLEARANCE in read.values:
        line = tuple(zip(read.times_h.tolist(), read.values[CLEARANCE].tolist(), strict=True))
        way = "Cockcroft–Gault" if bool(read.estimated.any()) else _("as charted")
        now = line[max(int(np.searchsorted(read.times_h, until_h, side="right")) - 1, 0)][1]
        said = _("Creatinine clearance as the twin reads it ({way}): {value} mL/min.")
        facts.append(said.format(way=way, value=f"{now:.0f}"))
    for rate in _filtration(subject, last[-1:]):
        said = _("CKD-EPI 2021: {value} mL/min/1.73 m², in the range of {category}.")
        facts.append(said.format(value=f"{rate.value:.0f}", category=filtration_category(rate.value)))
    notes: tuple[tuple[float, float, str], ...] = ()
    if subject.haemodialysis_since is None:
        notes = _notes(used, _stages(used), until_h)
        if last:
            stage = _stages(last)[-1]
            said = (
                _("KDIGO: acute kidney injury of stage {stage} by the last creatinine.")
                if stage
                else _("KDIGO: no acute kidney injury by the last creatinine.")
            )
            facts.append(said.format(stage=stage))
    if shown:
        unit = unit_of(Channel.CREATININE)
        drawn = tuple(replace(mark, value=unit.drawn(mark.value)) for mark in shown)
        title = _("Serum creatinine, {unit}").format(unit=unit.name)
        panels.append(Steps(title, drawn, unit.value(0.8), notes=notes))
    if line or rates:
        title = _("Clearance, mL/min (line); CKD-EPI (open)") if line else _("CKD-EPI 2021, mL/min/1.73 m²")
        panels.append(Steps(title, rates, 60.0, line=line, line_label=way, joined=False, marker=Marker.DIAMOND))
    return Kidneys(tuple(panels), tuple(facts))


def _stages(marks: Sequence[Mark]) -> tuple[int, ...]:
    return injury_stages([mark.hour for mark in marks], [mark.value for mark in marks])


def _notes(used: Sequence[Mark], stages: Sequence[int], until_h: float) -> tuple[tuple[float, float, str], ...]:
    """Stretches of one stage, each until the value that ends it."""
    ends = [*(mark.hour for mark in used[1:]), *(max(until_h, mark.hour) for mark in used[-1:])]
    placed = list(zip(stages, used, ends, strict=True))
    found = []
    for stage, group in groupby(placed, key=lambda item: item[0]):
        members = list(group)
        if stage:
            found.append((members[0][1].hour, members[-1][2], _("KDIGO AKI {stage}").format(stage=stage)))
    return tuple(found)


def _filtration(subject: Subject, used: Sequence[Mark]) -> tuple[Mark, ...]:
    """CKD-EPI 2021 at each creatinine; none of children, and none where age or sex are not known."""
    if subject.sex == Sex.UNKNOWN or subject.age_years is None or subject.age_years < ADULT_Y or not used:
        return ()
    positive = [mark for mark in used if mark.value > 0]
    male = 1.0 if subject.sex == Sex.MALE else 0.0
    rates = ckd_epi_2021(subject.age_years, [mark.value for mark in positive], male)
    said = _("CKD-EPI {value} from {creatinine}")
    return tuple(
        Mark(
            *(mark.hour, float(rate), True, mark.href),
            said.format(value=words.significant(float(rate)), creatinine=mark.name),
        )
        for mark, rate in zip(positive, rates, strict=True)
    )


def _clearance(model: PopulationModel, course: Course) -> CovariateHistory | None:
    try:
        return history(model, course)
    except CovariateError:  # the page says what is missing
        return None
