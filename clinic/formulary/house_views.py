"""The administrator's page of one drug's limits: those published, those that hold here, and every version before."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.formulary.house import REASON_LIMIT, House, HouseVersionError, in_words, set_limits
from clinic.measures.fields import NumberField
from clinic.measures.numbers import plain
from clinic.twin_words.said import said
from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.pharmacology.house import HouseLimits, HouseLimitsError
from twins.pharmacology.target import Target
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
    wanted = HouseLimits(**{name: form.cleaned_data[name] for name in _NUMBERS}, intervals_h=intervals)
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
        return _shown(request, published, [said(str(error))])
    return redirect("house-limits", drug)


def _shown(request: HttpRequest, published: Drug, problems: list[str] | None = None) -> HttpResponse:
    house = House.of(published, newest(published.name))
    held = limits_of(house.version) if house.version else HouseLimits()
    target = published.targets[0] if published.targets else None
    as_published = {name: getattr(published.practice, name) for name in _NUMBERS[2:]}
    if target is not None:
        as_published |= {"low": target.low, "high": target.high if target.has_limit else None}
    rows = [
        {
            "name": name,
            "label": _of_target(name, target) if target and name in _NUMBERS[:2] else label,
            "published": as_published[name],
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
        "target": target,
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


def _plain(value: float | None) -> str:
    return "" if value is None else plain(value, 10)


def _of_target(name: str, target: Target) -> str:
    label = _("{metric} from, {unit}") if name == "low" else _("{metric} to, {unit}")
    return label.format(metric=said(target.metric.value), unit=target.unit)
