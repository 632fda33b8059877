"""The PDF of a comparison: the page that prints, on record, with nothing fetched from anywhere."""

from dataclasses import replace

import pytest

from clinic.access import pace
from clinic.audit.models import AuditEvent
from clinic.comparisons.pdf import PdfUnavailableError, pdf_of
from tests.factories import patient_records as rows

pytestmark = pytest.mark.django_db

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF needs Pango (Debian: libpango-1.0-0, libpangoft2-1.0-0)", allow_module_level=True)


@pytest.fixture
def comparison(client):
    client.force_login(rows.person())
    return rows.twin(rows.patient().subject, with_records=False)[1]


def test_the_pdf_holds_the_very_page_that_is_shown_and_is_on_record_with_its_digest(client, comparison, monkeypatch):
    printed = []

    def kept(html, *, address):
        printed.append(html)
        return pdf_of(html, address=address)

    monkeypatch.setattr("clinic.comparisons.views.pdf_of", kept)
    answer = client.get(f"/comparisons/{comparison.pk}/pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.content.startswith(b"%PDF-")
    page = client.get(f"/comparisons/{comparison.pk}").content.decode()
    for heading in ("The plans in a sentence", "The numbers", "What was assumed", "Why"):
        assert _part(printed[0], heading) == _part(page, heading)
    event = AuditEvent.objects.get(activity="page.comparison-pdf")
    assert (event.entity_type, event.entity_id, event.entity_version) == (
        "Comparison",
        str(comparison.pk),
        comparison.digest,
    )


def _part(page, heading):
    return page[page.index(f">{heading}</h2>") :].partition("</section>")[0]


def test_nothing_but_the_stylesheet_is_fetched(caplog):
    style = '<link rel="stylesheet" href="/static/clinic/style.css">'
    page = f'<html lang="en">{style}<img src="file:///etc/passwd"><p class="card">x</p>'
    assert pdf_of(page, address="http://ward.example/page").startswith(b"%PDF-")
    (refused,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "file:///etc/passwd was named in a page to be printed" in refused


def test_without_its_libraries_the_page_says_what_to_install_and_what_else_to_do(client, comparison, monkeypatch):
    def missing(*_, **__):
        raise PdfUnavailableError("PDF needs Pango. The browser's own print dialogue saves the page as PDF too.")

    monkeypatch.setattr("clinic.comparisons.views.pdf_of", missing)
    answer = client.get(f"/comparisons/{comparison.pk}/pdf")
    assert answer.status_code == 503
    assert "print dialogue" in answer.content.decode()


def test_one_who_has_printed_many_waits(client, comparison, monkeypatch):
    monkeypatch.setattr("clinic.comparisons.views.PRINTS", replace(pace.PRINTS, most=0))
    assert client.get(f"/comparisons/{comparison.pk}/pdf").status_code == 429
