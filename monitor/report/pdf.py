"""The page as a PDF, by WeasyPrint; its text library Pango comes from the system."""

import base64
import logging
import re
from collections.abc import Callable
from typing import Final

from monitor.errors import ServiceError
from monitor.untyped import Theirs

_PICTURE: Final = re.compile(
    r'<svg role="img".*?<title[^>]*>(.*?)</title>.*?</svg>', re.DOTALL
)
"""A chart in the page with its title; nobody else's text holds a `<` there."""


class PdfUnavailableError(ServiceError):
    """The system lacks the libraries that a PDF needs."""


def render_pdf(html: str) -> bytes:
    """The printed page; the same page gives the same bytes.

    Raises
    ------
    PdfUnavailableError : Pango is not installed.
    """
    # Tagged, with title and language: a screen reader finds its way (PDF/UA).
    pdf: bytes = laid_out(html).write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def laid_out(html: str) -> Theirs:
    """WeasyPrint's document of the page, before it is a file.

    Raises
    ------
    PdfUnavailableError : Pango is not installed.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise PdfUnavailableError(
            "report.pdf: Pango is not installed, so there is no PDF; on Debian: "
            "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        ) from error
    # It warns of style that only browsers know.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    page = HTML(
        string=_PICTURE.sub(_as_image, html), url_fetcher=_own_pictures(URLFetcher)
    )
    return page.render(pdf_variant="pdf/ua-1")


def _as_image(picture: re.Match[str]) -> str:
    # The page's style would be worked out for every stroke of an inline picture.
    body = base64.b64encode(picture[0].encode()).decode()
    return f'<img alt="{picture[1]}" src="data:image/svg+xml;base64,{body}">'


def _own_pictures(fetcher: Callable[..., object]) -> object:
    """A fetcher of what the page itself contains; it asks nobody."""
    return fetcher(allowed_protocols=("data",))
