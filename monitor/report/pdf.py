"""The page as a PDF, by WeasyPrint; its text library Pango comes from the system."""

import base64
import logging
import re
from collections.abc import Callable
from typing import Final

from monitor.errors import ServiceError
from monitor.untyped import Theirs

_PICTURE: Final = re.compile(
    r'<svg role="img".*?<title[^>]*>(.*?)</title><desc[^>]*>(.*?)</desc>.*?</svg>',
    re.DOTALL,
)
"""A chart in the page with its title and text; neither holds a `<`."""
_MARK: Final = re.compile(r'<svg class="mark".*?</svg>', re.DOTALL)
"""A mark beside the words that say what it means."""


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
        string=_MARK.sub(_as_paper, _PICTURE.sub(_as_image, html)),
        url_fetcher=_own_pictures(URLFetcher),
    )
    return page.render(pdf_variant="pdf/ua-1")


def _as_image(picture: re.Match[str]) -> str:
    # The page's style would be worked out for every stroke of an inline picture.
    words = f"{picture[1]}. {picture[2]}"
    return f'<img alt="{words}" src="{_address(picture[0])}">'


def _as_paper(mark: re.Match[str]) -> str:
    # A figure without words is an obstacle to a screen reader, a background is none.
    return (
        '<i style="display: inline-block; width: 16px; height: 16px; '
        f"background: url('{_address(mark[0])}')\"></i>"
    )


def _address(svg: str) -> str:
    if " xmlns=" not in svg:
        svg = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _own_pictures(fetcher: Callable[..., object]) -> object:
    """A fetcher of what the page itself contains; it asks nobody."""
    return fetcher(allowed_protocols=("data",))
