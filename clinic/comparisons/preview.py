"""What the builder shows of the plans that are entered: forecast at once from the stored draws, and not stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.charts.chance_bar import chance_bar
from clinic.charts.comparison_chart import comparison_chart
from clinic.charts.shown_levels import ShownLevels
from clinic.comparisons.ask import Asked
from clinic.comparisons.comparison_page import PlanRow, named_influences, plan_row
from clinic.comparisons.entered import Models
from clinic.twin_words.said import said
from twins.estimation.averaging import Average
from twins.forecasts.averaged import average_of
from twins.forecasts.compare import CannotForecastError, compare, compare_together
from twins.forecasts.explain import influences
from twins.forecasts.forecast import Attained, ComparisonResult, Influence
from twins.forecasts.simulate import SimulationError
from twins.pharmacology.covariates import CovariateError
from twins.pharmacology.target import Target
from twins.records.standing import Standing

Left = Sequence[tuple[float, float, str]]


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One plan: where it stands in the form, its forecast, and benefit beside harm over its sentence's window."""

    origin: str
    row: PlanRow
    attained: Attained
    bar: str

    @property
    def said(self) -> str:
        """``the current plan``, ``plan 2 of the form``."""
        if self.origin in _ORIGINS:
            return str(_ORIGINS[self.origin])
        return _("plan {number} of the form").format(number=self.origin)


_ORIGINS = {"current": gettext_lazy("the current plan"), "stop": gettext_lazy("the choice to stop")}


@dataclass(frozen=True, slots=True)
class Panel:
    """The answer of one model, or of all together, in the unit that pages show."""

    title: str
    weight: float | None
    target: Target
    rows: tuple[PreviewRow, ...]
    wide: str
    narrow: str
    unit: str = "mg/L"
    """Of concentrations, as wards write it."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How the answer for one plan moves with each input."""

    row: PlanRow
    influences: tuple[Influence, ...]
    target: Target


@dataclass(frozen=True, slots=True)
class Preview:
    """`refused` says why nothing could be computed; `weighed` how far each model is believed."""

    panels: tuple[Panel, ...] = ()
    weighed: tuple[str, ...] = ()
    sensitivity: Sensitivity | None = None
    refused: str = ""


def preview(
    first: Standing,
    others: Sequence[Standing],
    asked: Sequence[Asked],
    *,
    models: Models,
    why: str = "",
    left_out: Left = (),
) -> Preview:
    """Forecast the plans, the current one first, on the first model's twin or on all of them.

    Parameters
    ----------
    others
        The twins of the drug's other models on the same course; looked at where more than the first is to answer.
    why
        Origin of the plan whose sensitivity is wanted: each input left out or changed, by the first model.
    """
    try:
        panels, weighed = _panels(first, others if models is not Models.FIRST else (), asked, models, left_out)
        sensitivity = _sensitivity(first, asked, why, panels[0])
    except (CannotForecastError, SimulationError, CovariateError) as error:
        return Preview(refused=said(ShownLevels.of(first.drug).sentence(str(error))))
    return Preview(panels, weighed, sensitivity)


def _panels(
    first: Standing, others: Sequence[Standing], asked: Sequence[Asked], models: Models, left_out: Left
) -> tuple[tuple[Panel, ...], tuple[str, ...]]:
    if not others:
        return (_panel(first, asked, _alone(first, asked), first.model.title, None, left_out),), ()
    average = _weighed((first, *others))
    said_of_weights = ShownLevels.of(first.drug).sentences(average.sentences)
    if models is Models.AVERAGED:
        plans, target = [item.plan for item in asked], first.drug.target
        found = compare_together(average, first.course, plans, target=target, also=(target,))
        return (_panel(first, asked, found, _("All models, averaged"), None, left_out),), said_of_weights
    panels = tuple(
        _panel(standing, asked, _alone(standing, asked), standing.model.title, member.weight, left_out)
        for standing, member in zip((first, *others), average.members, strict=True)
    )
    return panels, said_of_weights


def _weighed(standings: Sequence[Standing]) -> Average:
    return average_of([each.model for each in standings], [each.fit for each in standings], standings[0].course)


def _alone(standing: Standing, asked: Sequence[Asked]) -> ComparisonResult:
    target = standing.drug.target
    plans = [item.plan for item in asked]
    return compare(standing.model, standing.course, standing.fit, plans, target=target, also=(target,), explained=False)


def _panel(
    standing: Standing,
    asked: Sequence[Asked],
    result: ComparisonResult,
    title: str,
    weight: float | None,
    left_out: Left,
) -> Panel:
    levels = ShownLevels.of(standing.drug)
    course, result = levels.course(standing.course), levels.result(result)
    name = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    drawn = {"zone": timezone.get_current_timezone(), "excluded": left_out}
    return Panel(
        title=title,
        weight=weight,
        target=result.target,
        rows=tuple(
            PreviewRow(item.origin, plan_row(position, forecast, course), lies, chance_bar(lies, f"{name}-{position}"))
            for position, (item, forecast) in enumerate(zip(asked, result.forecasts, strict=True))
            for lies in forecast.also
        ),
        wide=comparison_chart(result, course, prefix=f"{name}-wide", ahead_h=72.0, **drawn),
        narrow=comparison_chart(result, course, prefix=f"{name}-narrow", width=360.0, past_h=24.0, **drawn),
        unit=levels.name,
    )


def _sensitivity(first: Standing, asked: Sequence[Asked], why: str, panel: Panel) -> Sensitivity | None:
    place = next((k for k, item in enumerate(asked) if item.origin == why), None)
    if place is None:
        return None
    target = first.drug.target
    found = influences(first.model, first.course, first.fit, asked[place].plan, target)
    named = named_influences(found, first.course, target, ShownLevels.of(first.drug))
    return Sensitivity(panel.rows[place].row, named, panel.target)
