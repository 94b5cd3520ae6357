"""Where no object is configured, the biggest static file of the page is measured."""

import asyncio
import gzip
import re

from monitor.model import Target
from monitor.probe import Prober, ProbeSettings
from tests.fakes import FakeClock
from tests.probe.site import SITE, at
from tests.servers import dns, web
from tests.servers.tcp import Handler, serve

BIG, SMALL = bytes(200_000), bytes(70_000)
HTML = b"""<script src="/small.js"></script><script src="/big.js"></script>
<script src="/private.js"></script><img src="/gone.png">"""
PAGES = {
    "/": web.whole(HTML),
    "/small.js": web.whole(SMALL),
    "/big.js": web.whole(BIG),
    "/private.js": web.whole(bytes(900_000), headers={"Cache-Control": "no-store"}),
}


def requested(seen):
    return [request.split(" ")[1] for request in seen]


async def downloaded(prober, pages, seen=None, path="/"):
    async with serve(web.site(pages, seen)) as server:
        return await prober.measure(at(server.port, "http", path), "download")


async def test_biggest_file_that_may_be_cached_is_the_object(prober):
    sample = await downloaded(prober, PAGES)
    assert sample.url.endswith("/big.js")
    assert sample.encoded_body_bytes == len(BIG)
    assert sample.goodput_bps > 0


async def test_object_is_remembered(prober):
    seen: list[str] = []
    async with serve(web.site(PAGES, seen)) as server:
        target = at(server.port, "http")
        await prober.measure(target, "download")
        seen.clear()
        await prober.measure(target, "download")
    assert requested(seen) == ["/big.js"]


async def test_object_is_searched_again_after_a_day(names):
    clock = FakeClock()
    settings = ProbeSettings(resolvers=(names.resolver,), allow_private_answers=True)
    prober = Prober(settings, clock)
    seen: list[str] = []
    async with serve(web.site(PAGES, seen)) as server:
        target = at(server.port, "http")
        for hours in (0, 23, 2):
            clock.advance(hours * 3600)
            seen.clear()
            await prober.measure(target, "download")
            n_requests = len(seen)
            assert n_requests == (1 if hours == 23 else 6)


async def test_object_that_is_gone_is_searched_again(prober):
    seen: list[str] = []
    pages = dict(PAGES)
    async with serve(web.site(pages, seen)) as server:
        target = at(server.port, "http")
        await prober.measure(target, "download")
        del pages["/big.js"]
        gone = await prober.measure(target, "download")
        again = await prober.measure(target, "download")
    assert (gone.http_status, gone.goodput_bps) == (404, None)
    assert again.url.endswith("/small.js")


async def test_page_is_the_object_when_it_is_the_biggest(prober):
    page = web.whole(HTML + bytes(50_000))
    pages = {"/": page, "/small.js": web.whole(bytes(4_000))}
    sample = await downloaded(prober, pages)
    assert sample.url.endswith("/")
    assert sample.encoded_body_bytes == len(HTML) + 50_000


async def test_page_behind_redirects_and_compression_is_read(prober):
    packed = web.whole(gzip.compress(HTML), headers={"Content-Encoding": "gzip"})
    moved = web.whole(b"", 302, {"Location": "/en/"})
    pages = PAGES | {"/": moved, "/en/": packed}
    sample = await downloaded(prober, pages)
    assert sample.url.endswith("/big.js")


async def test_sizes_are_asked_with_one_byte(prober):
    seen: list[str] = []
    await downloaded(prober, PAGES, seen)
    asked = [request for request in seen if "Range: bytes=0-0" in request]
    assert len(asked) == 4


async def test_total_of_a_partial_answer_is_the_size(prober):
    partial = web.whole(b"x", 206, {"Content-Range": "bytes 0-0/3000000"})
    sample = await downloaded(prober, PAGES | {"/small.js": partial})
    assert sample.url.endswith("/small.js")


async def test_redirect_loop_ends(prober):
    seen: list[str] = []
    loop = {"/": web.whole(b"", 302, {"Location": "/"})}
    sample = await downloaded(prober, loop, seen)
    assert (sample.http_status, sample.failure) == (302, None)
    assert len(seen) == 7


async def test_page_out_of_reach_is_a_failed_download(hasty, names):
    names.rules[SITE] = dns.keeps_silent
    target = Target(name="site", url=f"http://{SITE}/")
    sample = await hasty.measure(target, "download")
    assert (sample.failed_operation, sample.failure) == (
        "resolve",
        "generic_timeout_error",
    )
    assert sample.probe == "download"


async def test_configured_object_needs_no_page(prober):
    seen: list[str] = []
    async with serve(web.site(PAGES, seen)) as server:
        url = f"http://{SITE}:{server.port}/small.js"
        target = at(server.port, "http", download_url=url)
        sample = await prober.measure(target, "download")
    assert requested(seen) == ["/small.js"]
    assert sample.encoded_body_bytes == len(SMALL)


def ranged(body: bytes, sent: list[int]) -> Handler:
    """A server of one file that keeps to the range it is asked for."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        asked = re.search(r"Range: bytes=0-(\d+)", await web.request_of(reader))
        part = body if asked is None else body[: int(asked[1]) + 1]
        total = {"Content-Range": f"bytes 0-{len(part) - 1}/{len(body)}"}
        sent.append(len(part))
        writer.write(web.whole(part, 206, total))
        await writer.drain()

    return handler


async def test_little_more_of_a_large_object_is_sent_than_is_measured(make_prober):
    """What is on its way when a transfer is cut arrives all the same."""
    sent: list[int] = []
    prober = make_prober(download_max_bytes=100_000)
    async with serve(ranged(bytes(3_000_000), sent)) as server:
        url = f"http://{SITE}:{server.port}/large"
        target = at(server.port, "http", download_url=url)
        sample = await prober.measure(target, "download")
    assert sent == [100_000 + 65_536]
    assert (sample.http_status, sample.failure) == (206, None)
    assert 100_000 <= sample.encoded_body_bytes <= sent[0]


async def test_an_object_that_answers_in_part_is_kept(prober):
    seen: list[str] = []
    big = web.whole(BIG, 206, {"Content-Range": f"bytes 0-{len(BIG) - 1}/{len(BIG)}"})
    async with serve(web.site(PAGES | {"/big.js": big}, seen)) as server:
        for _ in range(2):
            sample = await prober.measure(at(server.port, "http"), "download")
            assert sample.url.endswith("/big.js")
    assert sum("GET / " in request for request in seen) == 1


def prober_with(names) -> tuple[Prober, FakeClock]:
    clock = FakeClock()
    settings = ProbeSettings(resolvers=(names.resolver,), allow_private_answers=True)
    return Prober(settings, clock), clock


def refusing(seen: list[str]) -> Handler:
    """A site whose files answer to one byte and refuse transfers."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        request = await web.request_of(reader)
        path = request.split(" ")[1]
        seen.append(path)
        is_transfer = path != "/" and "Range: bytes=0-0" not in request
        refusal = web.whole(b"Attention required", 403)
        writer.write(refusal if is_transfer else PAGES.get(path, refusal))
        await writer.drain()

    return handler


async def test_a_refused_transfer_causes_no_new_search_each_time(names):
    prober, clock = prober_with(names)
    seen: list[str] = []
    async with serve(refusing(seen)) as server:
        target = at(server.port, "http")
        samples = []
        for _ in range(24 * 6):  # a day of transfers, one every ten minutes
            samples.append(await prober.measure(target, "download"))
            clock.advance(600)
    n_searches = seen.count("/gone.png")
    assert 2 <= n_searches <= 6
    refused = [s for s in samples if s.http_status == 403]
    assert {s.url.rpartition("/")[2] for s in refused} == {"big.js", "small.js"}
    # then the page itself is what can be had, and it is no secret
    assert samples[-1].url.endswith("/")


async def test_a_failed_search_is_remembered_too(names):
    """An hour, then two, and so on: not at every transfer."""
    prober, clock = prober_with(names)
    seen: list[str] = []
    moved = web.whole(b"", 302, {"Location": "http://elsewhere.test/"})
    async with serve(web.site({"/": moved}, seen)) as server:
        for _ in range(12):
            sample = await prober.measure(at(server.port, "http"), "download")
            assert sample.http_status == 302
            clock.advance(600)
    assert len(seen) == 12 + 2  # twelve transfers, two searches in two hours


async def test_the_object_stays_when_a_later_search_fails(names):
    """An evening without an answer must not turn the transfer into another one."""
    prober, clock = prober_with(names)
    pages = dict(PAGES)
    async with serve(web.site(pages)) as server:
        target = at(server.port, "http")
        await prober.measure(target, "download")
        clock.advance(25 * 3600)
        pages["/"] = web.whole(b"", 302, {"Location": "http://elsewhere.test/"})
        later = await prober.measure(target, "download")
        assert later.url.endswith("/big.js")
        clock.advance(3600)
        pages["/"] = web.whole(b"<script src=/small.js></script>")
        found_again = await prober.measure(target, "download")
    assert found_again.url.endswith("/small.js")


async def test_the_next_biggest_is_taken_without_a_new_search(prober):
    seen: list[str] = []
    pages = dict(PAGES)
    async with serve(web.site(pages, seen)) as server:
        target = at(server.port, "http")
        await prober.measure(target, "download")
        del pages["/big.js"]
        await prober.measure(target, "download")
        seen.clear()
        next_one = await prober.measure(target, "download")
    assert next_one.url.endswith("/small.js")
    assert requested(seen) == ["/small.js"]


async def test_no_more_of_a_page_than_the_bound_is_read(prober):
    late = web.whole(b" " * 300_000 + b'<script src="/big.js"></script>')
    sample = await downloaded(prober, PAGES | {"/": late})
    assert sample.url.endswith("/")
