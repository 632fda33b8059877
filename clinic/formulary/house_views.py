"""The administrator's page of one drug's limits: those published, those that hold here, and every version before."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.charts.shown_levels import ShownLevels
from clinic.formulary.house import House, HouseVersionError, in_shown_unit, in_words, set_limits
from clinic.formulary.reason import REASON_LIMIT
from clinic.measures.fields import NumberField
from clinic.measures.numbers import plain
from clinic.measures.units import TYPED_DIGITS
from clinic.twin_words.said import said
from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.house import HouseLimits, HouseLimitsError
from twins.pharmacology.target import Target
from twins.quantities.unit import readable
from twins.records.house import limits_of, newest
from twins.records.models import HouseVersion

_NUMBERS = ("low", "high", "max_mg", "max_daily_mg", "max_rate_mg_per_h")
_LABELS = (
    gettext_lazy("From"),
    gettext_lazy("To"),
    gettext_lazy("Most in one dose, mg"),
    gettext_lazy("Most in a day, mg"),
    gettext_lazy("Fastest, mg/h"),
)


class LimitsForm(forms.Form):
    """Numbers; an empty field is as published."""

    after = forms.IntegerField(min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in zip(_NUMBERS, _LABELS, strict=True):
            wrong = {"invalid": gettext_lazy("this is no number; write it as 450 or 0.5.")}
            self.fields[name] = NumberField(required=False, min_value=0, label=label, error_messages=wrong)

    @property
    def problems(self) -> list[str]:
        """One sentence for each thing that is wrong, with the field's name."""
        return [
            _("{field}: {problem}").format(field=self.fields[name].label or name, problem=problem)
            for name, found in self.errors.items()
            for problem in found
        ]


@page(Permission.HOUSE_LIMITS_SET)
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: HttpRequest, drug: str) -> HttpResponse:
    """What is sent becomes another version."""
    if drug not in formulary.drugs():
        raise Http404("No drug of the formulary has this name.")
    published = formulary.drug(drug)
    if request.method != "POST":
        return _shown(request, published)
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return _shown(request, published, form.problems)
    chosen = {hour for hour in published.practice.intervals_h if f"{hour:g}" in request.POST.getlist("interval")}
    intervals = tuple(sorted(chosen)) if published.practice.intervals_h else None
    wanted = HouseLimits(**_stored(published, form.cleaned_data), intervals_h=intervals)
    try:
        set_limits(
            published=published,
            limits=wanted,
            reason=request.POST.get("reason", ""),
            after=form.cleaned_data["after"],
            by=request.user,
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except (HouseLimitsError, HouseVersionError) as error:
        text = in_shown_unit(published, error) if isinstance(error, HouseLimitsError) else str(error)
        return _shown(request, published, [said(text)])
    return redirect("house-limits", drug)


def _shown(request: HttpRequest, published: Drug, problems: list[str] | None = None) -> HttpResponse:
    house = House.of(published, newest(published.name))
    held = limits_of(house.version) if house.version else HouseLimits()
    levels = ShownLevels.of(published)
    target = levels.target(published.targets[0], digits=TYPED_DIGITS) if published.targets else None
    as_published = {name: getattr(published.practice, name) for name in _NUMBERS[2:]}
    if target is not None:
        as_published |= {"low": target.low, "high": target.high if target.has_limit else None}
        if levels.aims_at_levels(published.targets[0]):
            held = replace(held, low=_typed(held.low, levels), high=_typed(held.high, levels))
    rows = [
        {
            "name": name,
            "label": _of_target(name, target) if target and name in _NUMBERS[:2] else label,
            "published": plain(as_published[name], TYPED_DIGITS),
            "value": request.POST.get(name) if problems else _plain(getattr(held, name)),
        }
        for name, label in zip(_NUMBERS, _LABELS, strict=True)
        if as_published.get(name) is not None
    ]
    ticked = (
        set(request.POST.getlist("interval"))
        if problems
        else {f"{hour:g}" for hour in held.intervals_h or published.practice.intervals_h}
    )
    versions = HouseVersion.objects.filter(drug=published.name).order_by("-number")
    content = {
        "section": "formulary",
        "drug": published,
        "target": published.targets[0] if published.targets else None,
        "house": house,
        "rows": rows,
        "intervals": [(f"{hour:g}", plain(hour), f"{hour:g}" in ticked) for hour in published.practice.intervals_h],
        "after": house.version.number if house.version else 0,
        "problems": problems or [],
        "reason": request.POST.get("reason", ""),
        "reason_limit": REASON_LIMIT,
        "versions": [(one, in_words(published, limits_of(one))) for one in versions],
    }
    return render(request, "formulary/limits.html", content, status=422 if problems else 200)


def _stored(published: Drug, typed: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of the form, those of the target in its own unit: who types a bound as it is shown means that one."""
    found = {name: typed[name] for name in _NUMBERS}
    levels = ShownLevels.of(published)
    if published.targets and levels.aims_at_levels(published.targets[0]):
        last = newest(published.name)
        held = limits_of(last) if last else HouseLimits()
        for name in _NUMBERS[:2]:
            known = [value for value in (getattr(published.targets[0], name), getattr(held, name)) if value is not None]
            if found[name] is not None:
                found[name] = levels.unit.stored(found[name], known)
    return found


def _typed(value: float | None, levels: ShownLevels) -> float | None:
    return None if value is None else levels.unit.rounded(value, TYPED_DIGITS)


def _plain(value: float | None) -> str:
    return "" if value is None else plain(value, 10)


def _of_target(name: str, target: Target) -> str:
    label = _("{metric} from, {unit}") if name == "low" else _("{metric} to, {unit}")
    return label.format(metric=said(target.metric.value), unit=readable(target.unit))
