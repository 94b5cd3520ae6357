"""Which large files a page refers to. Pure: HTML and its URL in, URLs out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import urljoin, urlsplit

from monitor.probe.markup import Tag, tags
from monitor.probe.page_text import unpacked

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
    """A page without its content coding, at most `HTML_MAX_BYTES` of it."""
    return b"".join(unpacked(body[:HTML_MAX_BYTES], encoding, HTML_MAX_BYTES))


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a page refers to."""

    url: str
    is_code: bool
    """Script, style sheet or preload; else picture or video."""


def assets(
    html: bytes, page_url: str, is_followed: Callable[[str], bool]
) -> Iterator[Asset | None]:
    """Code and pictures of a page, in its order.

    Parameters
    ----------
    html : the decoded page.
    page_url : where it came from, for relative references.
    is_followed : whether a URL that the page names is asked for.

    Yields
    ------
    None after each short step, so that the reader may do something else between them.
    """
    base_url, met = "", {True: set[bytes](), False: set[bytes]()}
    for tag in tags(html, _TAGS, _ATTRIBUTES):
        yield None
        if tag is None:
            continue
        if tag.name == b"base":
            base_url = base_url or _joined(page_url, tag.attributes.get(b"href", b""))
        for is_code, value in _references(tag):
            if value in met[is_code] or len(met[is_code]) >= _MOST_REFERENCES:
                continue
            met[is_code].add(value)
            url = _joined(base_url or page_url, value)
            if url and is_followed(url):
                yield Asset(url, is_code)


def asset_urls(assets: Iterable[Asset]) -> tuple[str, ...]:
    """At most 8 files of code, then at most 8 pictures, without repetition."""
    kinds: tuple[dict[str, None], dict[str, None]] = {}, {}
    for asset in assets:
        urls = kinds[not asset.is_code]
        if len(urls) < _MOST_OF_A_KIND and asset.url not in kinds[0]:
            urls[asset.url] = None
    return tuple({**kinds[0], **kinds[1]})


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


def _references(tag: Tag) -> Iterator[tuple[bool, bytes]]:
    """What a tag refers to, and whether it is code."""
    for is_code, kind in ((True, _CODE), (False, _PICTURES)):
        value = tag.attributes.get(kind.get(tag.name, b""))
        if value and len(value) <= _LONGEST_URL and _is_file(tag):
            yield is_code, value


def _is_file(tag: Tag) -> bool:
    relations = tag.attributes.get(b"rel", b"").lower().split()
    return tag.name != b"link" or b"stylesheet" in relations or b"preload" in relations


def _joined(base_url: str, reference: bytes) -> str:
    # Addresses are ASCII in any encoding of a page.
    text = reference[:_LONGEST_URL].decode("utf-8", "replace")
    return absolute(base_url, unescape(text)) or ""
