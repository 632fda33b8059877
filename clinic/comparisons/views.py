"""The comparison page, its note and its PDF."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.pace import PRINTS, too_many
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.charts.comparison_chart import comparison_chart
from clinic.charts.twin_facts import STALE_AFTER
from clinic.charts.words import clock
from clinic.comparisons.comparison_page import ComparisonPage
from clinic.comparisons.decided import Decided
from clinic.comparisons.decided_note import full_note, newer_than, outdated
from clinic.comparisons.entered import again
from clinic.comparisons.left_out import left_out_levels
from clinic.comparisons.pdf import PdfUnavailableError, pdf_of
from clinic.comparisons.pending import update_pending
from clinic.patients.models import Patient
from twins.records.models import Comparison
from twins.records.twins import plans_of

PAGE = "comparisons/comparison.html"
TOO_FAST = _("You asked for many PDFs within a minute, and each takes the server a second or more. Wait a moment.")


@page(Permission.COMPARISON_VIEW)
@require_safe
def comparison(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    return render(request, PAGE, _content(request, comparison_id))


@page(Permission.COMPARISON_VIEW)
@require_safe
def pdf(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The comparison page as PDF: what the browser would print."""
    content = _content(request, comparison_id)
    if too_many(request.actor, timezone.now(), PRINTS):
        return render(request, "comparisons/no_pdf.html", content | {"why": TOO_FAST}, status=429)
    try:
        printed = pdf_of(render_to_string(PAGE, content, request), address=request.build_absolute_uri())
    except PdfUnavailableError as error:
        return render(request, "comparisons/no_pdf.html", content | {"why": str(error)}, status=503)
    response = HttpResponse(printed, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="comparison-{str(comparison_id)[:8]}.pdf"'
    return response


def _content(request: HttpRequest, comparison_id: UUID) -> dict[str, Any]:
    """All that the page shows, after the reader's right to it was checked."""
    patient, shown = _shown(request, comparison_id)
    zone = timezone.get_current_timezone()
    newer = newer_than(shown.version)
    why_outdated = outdated(shown.version, newer, lambda moment: clock(moment, zone))
    decided = Decided.of(shown.comparison)
    chart = {
        "result": shown.result,
        "course": shown.course,
        "zone": zone,
        "excluded": left_out_levels(shown.course, patient.subject),
    }
    return {
        "section": "worklist",
        "patient": patient,
        "place": patient.encounters.filter(ended__isnull=True).order_by("-started").first(),
        "page": shown,
        "wide": comparison_chart(**chart, prefix="chart-wide", ahead_h=72.0),
        "narrow": comparison_chart(**chart, prefix="chart-narrow", width=360.0, past_h=24.0),
        "outdated": why_outdated,
        "decided": decided,
        "beside": None if decided and decided.letter else Decided.signed_beside(shown.comparison),
        "last_decided": Decided.last_of(patient.subject),
        "note": full_note(shown, patient, decided, newer),
        "updating": update_pending(shown.version),
        "now": timezone.now(),
        "stale": timezone.now() - shown.version.data_until > STALE_AFTER,
        "reason_limit": 1000,
        "change": again(plans_of(shown.comparison), shown.course, averaged=shown.together is not None).query(),
    }


@page(Permission.COMPARISON_VIEW)
@require_safe
def note(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The comparison as plain text."""
    patient, shown = _shown(request, comparison_id)
    text = full_note(shown, patient, Decided.of(shown.comparison), newer_than(shown.version))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _shown(request: HttpRequest, comparison_id: UUID) -> tuple[Patient, ComparisonPage]:
    """The patient and the page, after the reader's right to both was checked and what is shown was said."""
    found = get_object_or_404(Comparison.objects.select_related("twin_version__subject"), pk=comparison_id)
    patient = patient_for(request, found.twin_version.subject_id)
    disclose(request, patient.pk, entity_type="Comparison", entity_id=found.pk, entity_version=found.digest)
    return patient, ComparisonPage.of(found)
