"""A printable page as PDF: the very page that a browser prints, laid out from our own stylesheet and nothing else."""

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.translation import gettext as _

STYLESHEET = "clinic/style.css"


class PdfUnavailableError(RuntimeError):
    """The libraries that lay out a PDF are not on this machine; names the remedy."""


class RemoteResourceError(ValueError):
    """A page to be printed named something else than its stylesheet; nothing else is fetched."""


def pdf_of(html: str, *, address: str) -> bytes:
    """The page `html`, which stands at `address`, as PDF with tags for screen readers.

    Raises
    ------
    PdfUnavailableError
        Where Pango is missing.
    """
    try:
        from weasyprint import HTML  # loaded where a PDF is wanted: it takes half a second and needs Pango
    except OSError as error:
        raise PdfUnavailableError(
            _(
                "PDF needs Pango, which is not installed on the server (Debian: libpango-1.0-0, libpangoft2-1.0-0, "
                "libharfbuzz-subset0). The browser's own print dialogue saves the page as PDF too."
            )
        ) from error
    # Of letters on lines it would paint the edge over the letter, and paper needs none.
    plain = html.replace('stroke="Canvas"', 'stroke="none"')
    return bytes(HTML(string=plain, base_url=address, url_fetcher=_fetcher(address)).write_pdf(pdf_tags=True))


def _fetcher(address: str) -> Any:
    """What fetches the stylesheet from our own files, and refuses every other address."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    known = urljoin(address, static(STYLESHEET))

    class OurOwn(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002 - the parent's signature
            found = finders.find(STYLESHEET)
            if url != known or found is None:
                raise RemoteResourceError(f"{url} was named in a page to be printed; only {known} is fetched")
            return URLFetcherResponse(url, Path(found).read_bytes(), {"Content-Type": "text/css"})

    return OurOwn()
