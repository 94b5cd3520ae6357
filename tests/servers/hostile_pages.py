"""Pages and answers made to cost whoever reads them: time, memory, or bytes."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass

from tests.servers import web

_WHOLE = 256_000


@dataclass(frozen=True, slots=True)
class HostilePage:
    """The body of a page as it is sent, and its content coding."""

    body: bytes
    coding: str = ""

    def answer(self) -> bytes:
        """The whole answer."""
        headers = {"Content-Type": "text/html"}
        if self.coding:
            headers["Content-Encoding"] = self.coding
        return web.whole(self.body, headers=headers)


def _full(piece: bytes, before: bytes = b"") -> HostilePage:
    """As much of a piece as is read of a page."""
    return HostilePage((before + piece * (_WHOLE // len(piece) + 1))[:_WHOLE])


def _packed(page: bytes) -> HostilePage:
    return HostilePage(gzip.compress(page, 9), "gzip")


PAGES: dict[str, HostilePage] = {
    "400,000 nested tags in 3 kB": _packed(b"<a>" * 400_000),
    "nested tables": _packed(b"<table><tr><td>" * 100_000),
    "formatting elements": _full(b"<b><i><u><a href=x>"),
    "open brackets": _full(b"<"),
    "megabytes of attributes": _packed(b"<a " + b"x=1 " * 1_000_000),
    "attributes without values": _full(b"x ", b"<img "),
    "one endless attribute": _full(b"x", b"<img src="),
    "equals signs": _full(b"=", b"<img "),
    "unclosed quotes": _full(b"<img src='"),
    "alternating quotes": _full(b"<img src=\"'><img src='\">"),
    "unclosed comments": _full(b"<!--"),
    "comments that almost end": _full(b"--!>-- >", b"<!--"),
    "scripts that almost end": _full(b"</scriptx", b"<script>"),
    "unclosed scripts": _full(b"<script>"),
    "entities": _full(b"&amp;&#x26;&NotEqualTilde;&#99999999;", b"<img src='/"),
    "entities in short references": _full(
        b"<img src='" + b"&NotEqualTild" * 150 + b"'>"
    ),
    "base tags": _full(b"<base href=//x.test/><base href=/y/>"),
    "huge addresses": _full(b"<img src='/" + b"../a" * 450 + b"'>"),
    "different references": HostilePage(
        b"".join(b"<img src=/%d.png>" % i for i in range(16_000))[:_WHOLE]
    ),
    "foreign references": HostilePage(
        b"".join(b"<script src=//%d.test/></script>" % i for i in range(9_000))[:_WHOLE]
    ),
    "odd hosts": _full(b"<img src='http://[::ffff:1.2.3.4%25a]:99999/\\x'>"),
    "UTF-16": HostilePage("<img src=/a.png>".encode("utf-16") * 6_000),
    "UTF-7 and escapes": _full(b"+ADw-img src=x+AD4-\x1b$B<img>\x1b(B"),
    "NULs": _full(b"\0<\0i\0m\0g\0 \0"),
    "bad UTF-8": _full(b"<img src=\xff\xfe\xf8\x88>"),
    "a bomb": _packed(bytes(20_000_000)),
    "a bomb in a bomb": _packed(gzip.compress(b"<a>" * 1_000_000, 9)),
    "empty blocks": HostilePage(b"\x78\x9c" + b"\0\0\0\xff\xff" * 50_000, "deflate"),
    "no gzip": HostilePage(b"\x1f\x8b\x08\x08" + b"n" * 250_000, "gzip"),
}


def crumbs(piece: bytes, n_bytes: int = 1_000_000) -> bytes:
    """An answer in chunks of which each is `piece`, frame and all."""
    head = web.head(200, {"Transfer-Encoding": "chunked", "Content-Type": "text/html"})
    return head + piece * (n_bytes // len(piece))


ANSWERS: dict[str, Callable[[], bytes]] = {
    "chunks of one byte": lambda: crumbs(b"1\r\na\r\n"),
    "chunks with extensions": lambda: crumbs(b"1;x=" + b"e" * 8000 + b"\r\na\r\n"),
    "interim answers": lambda: b"HTTP/1.1 103 E\r\n\r\n" * 50_000,
    "empty fields": lambda: b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 15_000 + b"\r\n",
    "a long field": lambda: b"HTTP/1.1 200 OK\r\na: " + b"b" * 60_000 + b"\r\n\r\n",
}
