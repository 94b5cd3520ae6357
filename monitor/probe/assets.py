"""Which large files a page refers to. Pure: HTML and its URL in, URLs out."""

import zlib
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

HTML_MAX_BYTES = 2_000_000
_MOST_OF_A_KIND = 8
_ANY_CODE = "script[src], link[rel~=stylesheet][href], link[rel~=preload][href]"
_ANY_PICTURE = "img[src], source[src], video[poster], link[rel~=preload][as=image]"
_ATTRIBUTES = ("src", "href", "poster")


def decoded_html(body: bytes, encoding: str) -> bytes:
    """A page without its content coding, at most `HTML_MAX_BYTES` of it.

    What is not gzip or deflate after all is taken as it is; a decompression bomb is cut
    at the bound and never unfolded further.
    """
    if encoding.lower() not in {"gzip", "deflate", "x-gzip"}:
        return body[:HTML_MAX_BYTES]
    gzip_or_zlib = zlib.MAX_WBITS | 32
    try:
        return zlib.decompressobj(gzip_or_zlib).decompress(body, HTML_MAX_BYTES)
    except zlib.error:
        return body[:HTML_MAX_BYTES]


def asset_urls(html: bytes, page_url: str) -> tuple[str, ...]:
    """Absolute URLs of code and pictures of a page, on any host.

    Parameters
    ----------
    html : the decoded page.
    page_url : where it came from, for relative references.

    Returns
    -------
    At most 8 scripts, style sheets and preloads, then at most 8 pictures and videos,
    each in the order of the page, without repetition.
    """
    # Addresses are ASCII in any encoding of a page; the parser knows UTF-8 only.
    tree = LexborHTMLParser(html.decode("utf-8", "replace"))
    bases = tree.css("base[href]")
    base_url = _joined(page_url, bases[0].attributes["href"]) if bases else None
    found: dict[str, None] = {}
    for selector in (_ANY_CODE, _ANY_PICTURE):
        new = dict.fromkeys(_references(tree, selector, base_url or page_url))
        fresh = [url for url in new if url not in found]
        found.update(dict.fromkeys(fresh[:_MOST_OF_A_KIND]))
    return tuple(found)


def _references(tree: LexborHTMLParser, selector: str, base_url: str) -> Iterator[str]:
    for node in tree.css(selector):
        values = (node.attributes.get(name) for name in _ATTRIBUTES)
        reference = next((value for value in values if value), None)
        url = _joined(base_url, reference) if reference else None
        if url is not None:
            yield url


def _joined(base_url: str, reference: str | None) -> str | None:
    """An absolute http(s) URL without fragment, or None for anything else."""
    try:
        url = urlsplit(urljoin(base_url, (reference or "").strip()))
        is_web = url.scheme in {"https", "http"} and bool(url.hostname)
    except ValueError:
        return None
    return url._replace(fragment="").geturl() if is_web else None
