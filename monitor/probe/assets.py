"""Which large files a page refers to. Pure: HTML and its URL in, URLs out."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from typing import Final
from urllib.parse import urljoin, urlsplit

from monitor.probe.markup import Tag, tags

HTML_MAX_BYTES: Final = 256_000
"""So much of a page is read, and so much of it unpacked."""
_MOST_OF_A_KIND: Final = 8
_MOST_REFERENCES: Final = 200
"""Of each kind: a page may name any number of others before its own."""
_LONGEST_URL: Final = 2000
_TAGS: Final = (b"base", b"script", b"link", b"img", b"source", b"video")
_ATTRIBUTES: Final = (b"src", b"href", b"poster", b"rel")
_CODE: Final = {b"script": b"src", b"link": b"href"}
_PICTURES: Final = {b"img": b"src", b"source": b"src", b"video": b"poster"}


def decoded_html(body: bytes, encoding: str) -> bytes:
    """A page without its content coding, at most `HTML_MAX_BYTES` of it.

    What is not gzip or deflate after all is taken as it is; a decompression bomb is cut
    at the bound and never unfolded further.
    """
    piece = body[:HTML_MAX_BYTES]
    if encoding.lower() not in {"gzip", "deflate", "x-gzip"}:
        return piece
    gzip_or_zlib = zlib.MAX_WBITS | 32
    try:
        return zlib.decompressobj(gzip_or_zlib).decompress(piece, HTML_MAX_BYTES)
    except zlib.error:
        return piece


def asset_tags(html: bytes) -> Iterator[Tag | None]:
    """The tags that `asset_urls` wants, with a None after each short step."""
    return tags(html, _TAGS, _ATTRIBUTES)


def asset_urls(
    found: Iterable[Tag], page_url: str, is_followed: Callable[[str], bool]
) -> tuple[str, ...]:
    """Absolute URLs of code and pictures of a page.

    Parameters
    ----------
    found : its tags, by `asset_tags`.
    page_url : where it came from, for relative references.
    is_followed : whether a URL that the page names is asked for.

    Returns
    -------
    At most 8 scripts, style sheets and preloads, then at most 8 pictures and videos,
    each in the order of the page, without repetition.
    """
    chosen = list(found)
    bases = (t.attributes[b"href"] for t in chosen if _is_base(t))
    base_url = absolute(page_url, _text(next(bases, b""))) or page_url
    urls: dict[str, None] = {}
    for kind in (_CODE, _PICTURES):
        wanted = dict.fromkeys(_references(chosen, kind))
        joined = (absolute(base_url, _text(w)) for w in [*wanted][:_MOST_REFERENCES])
        fresh = dict.fromkeys(u for u in joined if u and is_followed(u))
        new = [url for url in fresh if url not in urls]
        urls.update(dict.fromkeys(new[:_MOST_OF_A_KIND]))
    return tuple(urls)


def absolute(base_url: str, reference: str) -> str | None:
    """An absolute http(s) URL without fragment, or None for anything else."""
    if not reference:
        return None
    try:
        url = urlsplit(urljoin(base_url, reference.strip()))
        is_web = url.scheme in {"https", "http"} and bool(url.hostname)
    except ValueError:
        return None
    return url._replace(fragment="").geturl() if is_web else None


def _is_base(tag: Tag) -> bool:
    return tag.name == b"base" and b"href" in tag.attributes


def _references(found: Iterable[Tag], kind: dict[bytes, bytes]) -> Iterator[bytes]:
    for tag in found:
        value = tag.attributes.get(kind.get(tag.name, b""))
        if value and len(value) <= _LONGEST_URL and _is_file(tag):
            yield value


def _is_file(tag: Tag) -> bool:
    relations = tag.attributes.get(b"rel", b"").lower().split()
    return tag.name != b"link" or b"stylesheet" in relations or b"preload" in relations


def _text(value: bytes) -> str:
    # Addresses are ASCII in any encoding of a page.
    return unescape(value[:_LONGEST_URL].decode("utf-8", "replace"))
