"""The formulary: every drug with its models, targets and limits, and a card for each model. No patient is shown."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.charts.shown_levels import ShownLevels
from clinic.formulary.followed_shown import titles
from clinic.formulary.house import House
from twins.pharmacology import formulary
from twins.pharmacology.card import card
from twins.pharmacology.drug import Drug
from twins.pharmacology.formulary import UnknownModelError
from twins.pharmacology.target import Target
from twins.records.followed import followed
from twins.records.house import newest
from twins.records.kept import why_none
from twins.records.models import HouseVersion


@page(Permission.FORMULARY_VIEW)
@require_safe
def formulary_page(request: HttpRequest) -> HttpResponse:
    """Drugs and models, and what went wrong with files of the hospital's own."""
    set_here = {version.drug: version for version in HouseVersion.objects.order_by("number")}  # the last of each
    drugs = []
    every = followed()
    for name in formulary.drugs():
        drug = formulary.drug(name)
        drugs.append(
            {
                "drug": drug,
                "levels": ShownLevels.of(drug),
                "targets": _targets(drug),
                "cards": [card(model_id) for model_id in drug.models],
                "house": House.of(drug, set_here.get(name)),
                "by": titles(every.get(name, ())),
                "why_none": why_none(name),
            }
        )
    content = {
        "section": "formulary",
        "drugs": drugs,
        "models": len(formulary.model_ids()),
        "problems": formulary.loaded().problems,
        "left_out": sorted(formulary.DO_NOT_SHIP.items()),
    }
    return render(request, "formulary/formulary.html", content)


@page(Permission.FORMULARY_VIEW)
@require_safe
def model_card(request: HttpRequest, model_id: str) -> HttpResponse:
    """The card of one model."""
    try:
        shown = card(model_id)
    except UnknownModelError as error:
        raise Http404(str(error)) from error
    content = {
        "section": "formulary",
        "card": shown,
        "targets": _targets(shown.drug),
        "model": shown.model,
        "house": House.of(shown.drug, newest(shown.drug.name)),
    }
    return render(request, "formulary/model.html", content)


def _targets(drug: Drug) -> list[Target]:
    """In the unit that pages show; the models of a drug and their cards keep the unit that they were published in."""
    return [ShownLevels.of(drug).target(target) for target in drug.targets]
