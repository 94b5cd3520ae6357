"""The scan of a stranger's page: what a browser reads, in steps of the length."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.probe.assets import HTML_MAX_BYTES, decoded_html
from monitor.probe.markup import Tag, tags
from tests.servers.hostile_pages import PAGES

NAMES, ATTRIBUTES = (b"script", b"img"), (b"src",)


def values(html: bytes) -> list[bytes | None]:
    """The `src` of each wanted tag."""
    found = [tag for tag in tags(html, NAMES, ATTRIBUTES) if tag is not None]
    return [tag.attributes.get(b"src") for tag in found]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (b"<img src=a>", [b"a"]),
        (b"<IMG\nSRC = 'a b'/>", [b"a b"]),
        (b'<img src="a>b">', [b"a>b"]),
        (b"<img src=a src=b>", [b"a"]),
        (b"<img>", [None]),
        (b"<img src>", [b""]),
        (b"<img src=a/>", [b"a/"]),
        (b"<img/src=a>", [b"a"]),
        (b"<img =src=a src=b>", [b"b"]),
        (b"<img data-src=a srcset=b>", [None]),
        (b"<imgx src=a><image src=a>", []),
        (b"< img src=a></img src=a>", []),
        (b"<!-- <img src=a> --><img src=b>", [b"b"]),
        (b"<!--><img src=b>", [b"b"]),
        (b"<!---><img src=b>", [b"b"]),
        (b"<!-- <img src=a>", []),
        (b"<!doctype html><?xml <img src=a><img src=b>", [b"b"]),
        (b"<script src=a><img src=b></script><img src=c>", [b"a", b"c"]),
        (b"<script><img src=a></SCRIPT ><img src=c>", [None, b"c"]),
        (b"<script></scripty><img src=a></script><img src=c>", [None, b"c"]),
        (b"<script><img src=a>", [None]),
        (b"<title><img src=a></title><img src=b>", [b"b"]),
        (b"<style></style><img src=b>", [b"b"]),
        (b'<a title="<img src=a>"><img src=b>', [b"b"]),
        (b'<img src="a>', []),
        (b"<img src=a", []),
        (b"<img src=a ", []),
        (b"<", []),
        (b"<img", []),
        (b"<!", []),
        (b"", []),
    ],
)
def test_tags_are_those_that_a_browser_reads(html: bytes, expected: list) -> None:
    assert values(html) == expected


@given(st.binary(max_size=300))
def test_any_bytes_end(html: bytes) -> None:
    steps = list(tags(html, NAMES, ATTRIBUTES))
    assert len(steps) <= 2 * len(html) + 1
    assert all(step is None or isinstance(step, Tag) for step in steps)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_takes_more_steps_than_it_has_bytes(name: str) -> None:
    piece = decoded_html(PAGES[name].body, PAGES[name].coding)
    assert len(piece) <= HTML_MAX_BYTES
    n_steps = sum(1 for _ in tags(piece, NAMES, ATTRIBUTES))
    assert n_steps <= 2 * len(piece) + 1


def test_no_more_than_the_bound_is_unpacked_or_looked_at() -> None:
    bomb = gzip.compress(bytes(50_000_000), 9)
    assert len(decoded_html(bomb, "gzip")) == HTML_MAX_BYTES == 256_000
    assert len(decoded_html(bytes(3_000_000), "")) == HTML_MAX_BYTES
