"""The page as a PDF, by WeasyPrint; its text library Pango comes from the system."""

import logging
from collections.abc import Callable
from typing import Any

from monitor.errors import ServiceError


class PdfUnavailableError(ServiceError):
    """The system lacks the libraries that a PDF needs."""


def render_pdf(html: str) -> bytes:
    """The printed page; the same page gives the same bytes.

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
    pdf: bytes = HTML(string=html, url_fetcher=_own_pictures(URLFetcher)).write_pdf()
    return pdf


def _own_pictures(fetcher: Callable[..., Any]) -> Any:  # noqa: ANN401 - theirs
    """A fetcher of what the page itself contains; it asks nobody."""
    return fetcher(allowed_protocols=("data",))
