"""The administrator's pages of what is followed: every drug with its models, and the choice of one drug's models."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.formulary.follow import FollowError, follow, stop
from clinic.formulary.followed_shown import DrugRow, ModelRow, every_drug, names_of, titles
from clinic.formulary.reason import REASON_LIMIT
from twins.jobs.models_change import progress
from twins.pharmacology import formulary
from twins.records.models import FollowedVersion

_PLACE = "place-"


@page(Permission.FORMULARY_MANAGE)
@require_safe
def followed_page(request: HttpRequest) -> HttpResponse:
    """Every drug of the formulary: those followed, those that could be, and why the others cannot."""
    drugs = every_drug()
    content = {
        "section": "formulary",
        "followed": [row for row in drugs if row.is_followed],
        "possible": [row for row in drugs if not row.is_followed and not row.why_not],
        "impossible": [row for row in drugs if not row.is_followed and row.why_not],
    }
    return render(request, "formulary/followed.html", content)


@page(Permission.FORMULARY_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def followed_drug(request: HttpRequest, drug: str) -> HttpResponse:
    """One drug; what is sent becomes another version. A page that waits asks for its progress alone."""
    if drug not in formulary.drugs():
        raise Http404("No drug of the formulary has this name.")
    if request.method != "POST":
        return _shown(request, drug)
    after = request.POST.get("after", "")
    change: dict[str, Any] = {
        "drug": drug,
        "reason": request.POST.get("reason", ""),
        "after": int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else -1,
        "by": request.user,
        "actor": request.actor,  # type: ignore[attr-defined]
    }
    try:
        if "stop" in request.POST:
            stop(**change)
        else:
            follow(model_ids=_in_order(request.POST), **change)
    except FollowError as error:
        return _shown(request, drug, str(error))
    return redirect("followed-drug", drug)


def _in_order(data: QueryDict) -> list[str]:
    """The models that were given a place, by their places.

    Raises
    ------
    FollowError
        A place is no number, or that of two models.
    """
    found: dict[int, str] = {}
    for name, place in data.items():
        if not name.startswith(_PLACE) or not place.strip():
            continue
        model_id = name.removeprefix(_PLACE)
        shown = formulary.model(model_id).title if model_id in formulary.model_ids() else model_id
        if not (place.isascii() and place.isdecimal() and 0 < int(place[:4]) < 1000):
            words = _("The place of {model} is '{place}'; give 1, 2, 3 … or leave it empty.")
            raise FollowError(words.format(model=shown, place=place[:20]))
        if int(place) in found:
            words = _("{model} and another model both have place {place}; give each of them its own.")
            raise FollowError(words.format(model=shown, place=place))
        found[int(place)] = model_id
    return [found[place] for place in sorted(found)]


def _shown(request: HttpRequest, drug: str, problem: str = "") -> HttpResponse:
    come = progress(drug)
    content: dict[str, Any] = {"section": "formulary", "name": drug, "progress": come}
    if request.htmx and not problem:  # type: ignore[attr-defined]
        return render(request, "formulary/models_change.html", content)
    versions = list(FollowedVersion.objects.filter(drug=drug).order_by("-number"))
    names = names_of(one.made_by for one in versions)
    row = DrugRow.of(drug, versions[0] if versions else None, names)
    stops = "stop" in request.POST
    if problem and not stops:
        row = replace(row, models=tuple(replace(one, place=_entered(request.POST, one)) for one in row.models))
    content |= {
        "row": row,
        "places": range(1, len(row.models) + 1),
        "problem": problem,
        "stops": stops,
        "reason": request.POST.get("reason", ""),
        "reason_limit": REASON_LIMIT,
        "begun_with": titles(settings.TWIN_MODELS.get(drug, ())),
        "versions": [(one, titles(one.model_ids), names.get(one.made_by, one.made_by)) for one in versions],
    }
    return render(request, "formulary/followed_drug.html", content, status=422 if problem else 200)


def _entered(data: QueryDict, row: ModelRow) -> int:
    """The place that was sent."""
    text = data.get(f"{_PLACE}{row.card.model.id}", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
