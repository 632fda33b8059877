"""The page of sources: which systems data come from, how far each pull got, and where each is set."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from integrations.ehr.models import EhrSubscription, PullCursor, PullLease, SetSource, SubscriptionState
from integrations.readings.models import Reading, Source
from integrations.readings.ours import OURS


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source. `set_by` names the setting that has it pulled; empty: nothing pulls it by the clock."""

    slug: str
    address: str
    set_by: str
    is_set_here: bool
    is_on: bool
    is_pulled_now: bool
    received: datetime | None
    """When its last payload came in, by whatever way."""
    types: tuple[PullCursor, ...]
    notifies: int
    """Subscriptions of ours that are in force there."""


@page(Permission.SOURCE_VIEW)
@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """All that data came from, and those that the settings name and that never came."""
    known = {source.slug: source for source in Source.objects.exclude(slug__in=OURS).order_by("slug")}
    here = {one.slug: one for one in SetSource.objects.all()}
    unheard = [one for one in here.values() if one.slug not in known and one.slug not in settings.EHR_SOURCES]
    never = sorted(name for name in _named() if name not in known)
    rows = [_row(source, here.get(source.slug)) for source in known.values()]
    content = {
        "section": "sources",
        "rows": sorted([*rows, *(_unheard(one) for one in unheard)], key=lambda row: row.slug),
        "never": [
            (name, settings.EHR_SOURCES.get(name, {}).get("url") or settings.PULL_SOURCE_URL, _set_by(name))
            for name in never
        ],
        "seconds": settings.PULL_SECONDS,
    }
    return render(request, "ehr/sources.html", content)


def _named() -> set[str]:
    own = {settings.PULL_SOURCE_NAME} if settings.PULL_SOURCE_URL and settings.PULL_SOURCE_NAME else set()
    return {name for name, given in settings.EHR_SOURCES.items() if given.get("url")} | own


def _set_by(slug: str) -> str:
    if settings.EHR_SOURCES.get(slug, {}).get("url"):
        return f"EHR_SOURCES, EHR_{slug.upper().replace('-', '_')}_URL"
    return "PULL_SOURCE_URL, PULL_SOURCE_NAME" if slug in _named() else ""


def _unheard(here: SetSource) -> SourceRow:
    """A source that was set on the page and that nothing came from yet."""
    return SourceRow(here.slug, here.url, "", True, here.is_on, False, None, (), 0)


def _row(source: Source, here: SetSource | None) -> SourceRow:
    last = Reading.objects.filter(source=source).order_by("-pk").values_list("received_time", flat=True).first()
    pulled = PullLease.objects.filter(source=source, until__gt=timezone.now()).exclude(holder="")
    return SourceRow(
        slug=source.slug,
        address=source.address,
        set_by=_set_by(source.slug),
        is_set_here=here is not None and bool(here.url) and source.slug not in settings.EHR_SOURCES,
        is_on=here is None or here.is_on,
        is_pulled_now=pulled.exists(),
        received=last,
        types=tuple(PullCursor.objects.filter(source=source).order_by("resource_type")),
        notifies=EhrSubscription.objects.filter(source=source, state=SubscriptionState.ACTIVE).count(),
    )
