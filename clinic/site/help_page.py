"""The page that says what the words mean, for everybody who is signed in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.site.glossary import TERMS


@page(Permission.HELP_VIEW)
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "help/help.html", {"terms": TERMS.items(), "section": "help"})
