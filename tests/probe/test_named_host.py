"""A host that a page names: found once a day, remembered, checked, or not tried."""

import gzip

import pytest

from monitor.model import Target
from monitor.probe import Prober, ProbeSettings
from monitor.probe.failure import NotTriedError
from monitor.probe.traffic import Traffic
from tests.fakes import FakeClock
from tests.probe.site import SITE
from tests.servers import dns, web
from tests.servers.certificates import server_context
from tests.servers.tcp import serve

FIRST, SECOND = "r1---sn-a.cache.test", "r2---sn-b.cache.test"
PACKED = gzip.compress(b"x" * 900_000 + b" " + FIRST.encode())
LIKE = "r*---sn-*.cache.test"


@pytest.fixture
def cache_tls(authority):
    return server_context(authority, "*.cache.test")


@pytest.fixture
def known(names):
    for name in (FIRST, SECOND):
        names.rules[name] = dns.addresses("127.0.0.1")
    return names


def naming(host: str) -> bytes:
    return web.whole(f'<link href="https://{host}/generate_204">'.encode())


def target(page, cache, **more) -> Target:
    """The tests' caches are in the home: they are named, as a user would have to."""
    values = {
        "url": f"tls://cache.test:{cache.port}",
        "host_from": f"http://{SITE}:{page.port}/watch?v=1",
        "host_like": LIKE,
        "hosts": (FIRST, SECOND),
    }
    return Target(name="video", **(values | more))


def prober_with(names, **limits) -> tuple[Prober, FakeClock]:
    clock = FakeClock()
    chosen = {"resolvers": (names.resolver,), "allow_private_answers": True}
    return Prober(ProbeSettings(**(chosen | limits)), clock), clock


async def test_host_of_the_page_is_measured_and_told(known, cache_tls):
    prober, _ = prober_with(known)
    traffic = Traffic()
    async with (
        serve(web.says(naming(FIRST))) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        video = target(page, cache)
        sample = await prober.measure(video, "tls", traffic=traffic)
        again = await prober.measure(video, "tls")
        assert page.n_connections == 1, "the page is read once a day"
    assert (sample.target, sample.server_name, sample.failure) == ("video", FIRST, None)
    assert sample.url == f"tls://{FIRST}:{cache.port}"
    assert sample.tls_handshake_s is not None
    assert again.server_name == FIRST
    assert traffic.received_bytes > 500, "the search is paid for"


@pytest.mark.parametrize(
    "answer",
    [
        web.whole(PACKED, headers={"Content-Encoding": "gzip"}),
        web.whole(b"", 302, {"Location": f"https://{FIRST}/edgedl/a.zip"}),
        web.whole(b"not here but " + FIRST.upper().encode(), 404),
    ],
    ids=["late in a packed page", "a redirect", "an error page"],
)
async def test_name_may_stand_anywhere_in_the_answer(known, cache_tls, answer):
    prober, _ = prober_with(known)
    async with (
        serve(web.says(answer)) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        sample = await prober.measure(target(page, cache), "tls")
    assert (sample.server_name, sample.failure) == (FIRST, None)


async def test_another_host_on_the_next_day_is_the_same_target(known, cache_tls):
    prober, clock = prober_with(known)
    pages = {"/watch?v=1": naming(FIRST)}
    async with (
        serve(web.site(pages)) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        video = target(page, cache)
        hosts = []
        for hours in (0, 23, 2):
            clock.advance(3600 * hours)
            hosts.append((await prober.measure(video, "tls")).server_name)
            pages["/watch?v=1"] = naming(SECOND)
    assert hosts == [FIRST, FIRST, SECOND]


async def test_nothing_like_it_is_not_tried_and_asked_again_ever_more_rarely(
    known, cache_tls
):
    prober, clock = prober_with(known)
    async with (
        serve(web.says(naming("www.cache.test"))) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        video = target(page, cache)
        for _ in range(24 * 6):
            with pytest.raises(NotTriedError, match=r"no host like r\*---sn-\*\.cach"):
                await prober.measure(video, "tls")
            clock.advance(600)
        assert 3 <= page.n_connections <= 6
        assert cache.n_connections == 0


async def test_page_out_of_reach_is_not_tried_and_no_failure_of_the_host(
    known, cache_tls
):
    known.rules[SITE] = dns.says(3)
    prober, clock = prober_with(known)
    async with (
        serve(web.says(naming(FIRST))) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        with pytest.raises(NotTriedError):
            await prober.measure(target(page, cache), "tls")
        known.rules[SITE] = dns.addresses("127.0.0.1")
        clock.advance(3600)
        sample = await prober.measure(target(page, cache), "tls")
    assert sample.server_name == FIRST


async def test_host_stays_while_the_page_names_none(known, cache_tls):
    prober, clock = prober_with(known)
    pages = {"/watch?v=1": naming(FIRST)}
    async with (
        serve(web.site(pages)) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        video = target(page, cache)
        await prober.measure(video, "tls")
        del pages["/watch?v=1"]
        clock.advance(25 * 3600)
        sample = await prober.measure(video, "tls")
        assert page.n_connections == 2
    assert sample.server_name == FIRST


async def test_own_host_stands_in_where_it_is_like_the_pattern(known, cache_tls):
    prober, _ = prober_with(known)
    async with (
        serve(web.says(web.whole(b"nothing"))) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        video = target(page, cache, url=f"tls://{SECOND}:{cache.port}")
        sample = await prober.measure(video, "tls")
    assert (sample.server_name, sample.failure) == (SECOND, None)


async def test_name_that_is_gone_is_a_failure_and_searched_anew_in_an_hour(
    known, cache_tls
):
    prober, clock = prober_with(known)
    pages = {"/watch?v=1": naming(FIRST)}
    async with (
        serve(web.site(pages)) as page,
        serve(web.silent, tls=cache_tls) as cache,
    ):
        video = target(page, cache)
        await prober.measure(video, "tls")
        known.rules[FIRST] = dns.says(3)
        pages["/watch?v=1"] = naming(SECOND)
        clock.advance(600)
        gone = await prober.measure(video, "tls")
        clock.advance(3600)
        later = await prober.measure(video, "tls")
    assert (gone.failure, gone.server_name) == ("dns_nxdomain_error", None)
    assert later.server_name == SECOND


@pytest.mark.parametrize("host", [FIRST, "r9---sn-rebind.cache.test"])
async def test_page_leads_into_no_home(known, cache_tls, host):
    """The name is like the pattern; where it points to is nobody's out on the net."""
    known.rules[host] = dns.addresses("127.0.0.1")
    prober, _ = prober_with(known)
    async with (
        serve(web.says(naming(host))) as page,
        serve(web.silent, tls=cache_tls) as router,
    ):
        sample = await prober.measure(target(page, router, hosts=()), "tls")
        assert router.n_connections == 0
    assert sample.failure == "unknown_failure: address_not_public"
    assert sample.remote_address is None


async def test_endless_page_is_cut(known, cache_tls):
    prober, _ = prober_with(known)
    flood = web.floods(web.head(200, {"Content-Type": "text/html"}), b"x" * 65_536)
    traffic = Traffic()
    async with serve(flood) as page, serve(web.silent, tls=cache_tls) as cache:
        with pytest.raises(NotTriedError):
            await prober.measure(target(page, cache), "tls", traffic=traffic)
    assert traffic.received_bytes < 2_000_000


async def test_object_of_one_host_only(known, prober):
    """Pinned to a host: the bigger file of another one is not taken."""
    known.rules["files.test"] = dns.addresses("127.0.0.1")
    pages: dict[str, bytes] = {}
    async with serve(web.site(pages)) as server:
        there = f"http://files.test:{server.port}/a.js"
        pages["/"] = web.whole(
            f'<script src="/b.js"></script><script src="{there}">'.encode()
        )
        pages["/a.js"] = web.whole(bytes(100_000))
        pages["/b.js"] = web.whole(bytes(300_000))
        page = Target(
            name="page",
            url=f"http://{SITE}:{server.port}/",
            domain=SITE,
            hosts=("files.test",),
            download_host="files.test",
        )
        sample = await prober.measure(page, "download")
        assert sample.url == there
        pages["/"] = web.whole(b'<script src="/b.js"></script>')
        other = Target(name="o", url=page.url, domain=SITE, download_host="files.test")
        with pytest.raises(NotTriedError, match="names no object of files"):
            await prober.measure(other, "download")
