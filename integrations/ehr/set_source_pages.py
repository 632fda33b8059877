"""The pages on which an administrator adds a source, changes it, replaces its secret, and switches it off and on."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access.gate import page
from clinic.access.roles import Permission
from integrations.ehr.models import SetSource, SourceKind
from integrations.ehr.set_source import PLAIN, SetSourceError, Wanted, add, change, switch
from integrations.readings.models import Source
from integrations.readings.ours import OURS


@page(Permission.SOURCE_MANAGE)
@sensitive_post_parameters("token", "client_key")
@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    """The form; what it is sent becomes a source, which is pulled from then on."""
    problem, wanted = "", Wanted()
    if request.method == "POST":
        wanted = Wanted.posted(request.POST.dict())
        try:
            made = add(
                slug=request.POST.get("slug", ""),
                wanted=wanted,
                by=request.user,  # type: ignore[arg-type]
                actor=request.actor,  # type: ignore[attr-defined]
            )
        except SetSourceError as error:
            problem = str(error)
        else:
            return redirect("source", made.slug)
    content = {
        "section": "sources",
        "problem": problem,
        "slug": request.POST.get("slug", ""),
        "given": wanted,
        "kinds": SourceKind.choices,
    }
    return render(request, "ehr/new_source.html", content, status=422 if problem else 200)


@page(Permission.SOURCE_MANAGE)
@sensitive_post_parameters("token", "client_key")
@require_http_methods(["GET", "HEAD", "POST"])
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """One source that was set here; its secrets can be replaced, and not read."""
    found = get_object_or_404(SetSource.objects.exclude(url=""), slug=slug)
    problem, done = "", ""
    given: SetSource | Wanted = found
    if request.method == "POST":
        wanted = Wanted.posted(request.POST.dict())
        try:
            changed = change(
                source=found,
                wanted=wanted,
                by=request.user,  # type: ignore[arg-type]
                actor=request.actor,  # type: ignore[attr-defined]
            )
        except SetSourceError as error:
            problem, given = str(error), wanted
        else:
            done = _("Changed.") if changed else _("Nothing was changed.")
            found.refresh_from_db()
    content = {
        "section": "sources",
        "source": found,
        "problem": problem,
        "done": done,
        "given": {name: getattr(given, name) for name in PLAIN},
        "kinds": SourceKind.choices,
    }
    return render(request, "ehr/source.html", content, status=422 if problem else 200)


@page(Permission.SOURCE_MANAGE)
@require_POST
def switch_source(request: HttpRequest, slug: str) -> HttpResponse:
    """Off, or on again (`on`): any source that data came from, or that settings or a page name."""
    known = (
        Source.objects.filter(slug=slug).exclude(slug__in=OURS).exists()
        or slug in settings.EHR_SOURCES
        or SetSource.objects.filter(slug=slug).exists()
    )
    if not known:
        raise Http404("There is no such source.")
    switch(slug=slug, on="on" in request.POST, by=request.user, actor=request.actor)  # type: ignore[arg-type, attr-defined]
    return redirect("sources")
