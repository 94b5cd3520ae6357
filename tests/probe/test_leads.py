"""A page and a redirect lead only to hosts of the service, and into nobody's home."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.model import Target
from monitor.probe import hosts
from monitor.probe.failure import ProbeFailedError
from monitor.probe.leads import Leads
from monitor.probe.url import endpoint_of
from tests.probe.site import SITE, at
from tests.servers import dns, web
from tests.servers.tcp import Served, serve

SECRET = web.whole(bytes(300_000))
FORBIDDEN = "unknown_failure: address_not_public"


def target_with(server: Served, **more: object) -> Target:
    return at(server.port, "http", domain=SITE, **more)


def page_to(*urls: str) -> bytes:
    tags = "".join(f'<script src="{url}"></script>' for url in urls)
    return web.whole(tags.encode(), headers={"Content-Type": "text/html"})


def moved_to(url: str) -> bytes:
    return web.whole(b"", 302, {"Location": url.encode().decode("latin-1")})


def literals(port: int) -> list[str]:
    """One place in the home, written in every way."""
    return [
        f"http://{host}:{port}/reboot.cgi"
        for host in (
            *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"),
            *("017700000001", "0x7f.1", "127.0.0.1.", "localhost", "a.localhost"),
            *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]"),
            *("[2002:7f00:1::]", "[::127.0.0.1]", "0.0.0.0", "0", "[::]"),
            *("①②⑦.⓪.⓪.①", f"{SITE}@127.0.0.1", "x\\.site.test", "evilsite.test"),
            *("site.test.evil.test", "%6c%6f%63%61%6c%68%6f%73%74"),
        )
    ]


@pytest.mark.parametrize("way", ["page", "redirect", "base"])
async def test_no_spelling_of_a_place_in_the_home_is_followed(prober, names, way):
    for name in ("2130706433", "0x7f000001", "127.1", "0", "evilsite.test"):
        names.rules[name] = dns.addresses("127.0.0.1")
    async with serve(web.says(SECRET)) as home:
        for url in literals(home.port):
            pages = {
                "page": page_to(url),
                "redirect": moved_to(url),
                "base": web.whole(f'<base href="{url}"><img src="/a.png">'.encode()),
            }
            async with serve(web.site({"/": pages[way]})) as server:
                sample = await prober.measure(target_with(server), "download")
            assert sample.url == f"http://{SITE}:{server.port}/", url
        assert home.n_connections == 0


@pytest.mark.parametrize("lead", [page_to, moved_to], ids=["page", "redirect"])
async def test_name_of_the_site_that_points_into_the_home_is_not_followed(
    prober, names, lead
):
    """DNS rebinding: the name is the service's, the address is the router's."""
    names.rules["static.site.test"] = dns.addresses("127.0.0.1")
    async with serve(web.says(SECRET)) as home:
        url = f"http://static.site.test:{home.port}/reboot.cgi"
        async with serve(web.site({"/": lead(url)})) as server:
            sample = await prober.measure(target_with(server), "download")
        assert home.n_connections == 0
    assert sample.url.endswith(f"{SITE}:{server.port}/")


async def test_other_port_of_the_site_itself_in_the_home_is_not_followed(prober):
    async with serve(web.says(SECRET)) as dashboard:
        url = f"http://{SITE}:{dashboard.port}/api/v1/wipe"
        async with serve(web.site({"/": page_to(url)})) as server:
            await prober.measure(target_with(server), "download")
        assert dashboard.n_connections == 0


async def test_name_in_the_hosts_file_is_checked_as_well(
    make_prober, tmp_path, monkeypatch
):
    written = tmp_path / "hosts"
    written.write_text("127.0.0.1 nas.site.test\n")
    monkeypatch.setattr(hosts.HostsFile.__init__, "__defaults__", (written,))
    prober = make_prober()
    async with serve(web.says(SECRET)) as nas:
        url = f"http://nas.site.test:{nas.port}/"
        async with serve(web.site({"/": page_to(url)})) as server:
            await prober.measure(target_with(server), "download")
        assert nas.n_connections == 0
        sample = await prober.measure(Target(name="nas", url=url), "https")
        assert sample.http_status == 200  # its user's own choice is measured
    assert sample.resolver == "hosts"


async def test_address_is_checked_again_at_each_transfer(prober, names):
    """The object was had from the site; now its name points elsewhere in the home."""
    pages = {"/": page_to("/big.js"), "/big.js": web.whole(bytes(200_000))}
    async with serve(web.site(pages)) as server:
        first = await prober.measure(target_with(server), "download")
        names.rules[SITE] = dns.addresses("127.0.0.2")
        second = await prober.measure(target_with(server), "download")
    assert first.http_status == 200
    assert (second.failure, second.http_status) == (FORBIDDEN, None)


async def test_redirect_to_a_foreign_host_is_told_and_nothing_more(prober, names):
    names.rules["portal.test"] = dns.addresses("127.0.0.1")
    async with serve(web.says(SECRET)) as portal:
        url = f"http://portal.test:{portal.port}/big.js"
        async with serve(web.site({"/": moved_to(url)})) as server:
            sample = await prober.measure(target_with(server), "download")
        assert portal.n_connections == 0
    assert (sample.http_status, sample.goodput_bps) == (302, None)
    assert dict(sample.cdn)["location"] == "http://portal.test"


async def test_object_that_answers_by_a_redirect_is_not_followed(prober, names):
    """Sized as a file, then sent elsewhere: an outcome, and the next one is taken."""
    async with serve(web.says(SECRET)) as portal:

        async def handler(reader, writer):
            request = await web.request_of(reader)
            path = request.split(" ")[1]
            is_size = "Range: bytes=0-0" in request
            answer = page_to("/a.js")
            if path == "/a.js":
                elsewhere = moved_to(f"http://127.0.0.1:{portal.port}/")
                answer = SECRET if is_size else elsewhere
            writer.write(answer)
            await writer.drain()

        async with serve(handler) as server:
            target = target_with(server)
            sample = await prober.measure(target, "download")
            again = await prober.measure(target, "download")
        assert portal.n_connections == 0
    assert (sample.http_status, sample.goodput_bps) == (302, None)
    assert again.url.endswith("/")


async def test_content_host_that_the_user_names_is_followed(prober, names):
    names.rules["cdn.elsewhere.test"] = dns.addresses("127.0.0.1")
    async with serve(web.says(SECRET)) as cdn:
        url = f"http://cdn.elsewhere.test:{cdn.port}/big.js"
        async with serve(web.site({"/": page_to(url)})) as server:
            without = await prober.measure(target_with(server), "download")
            named = target_with(server, hosts=("cdn.elsewhere.test",))
            with_host = await prober.measure(named, "download")
    assert without.url.endswith(f":{server.port}/")
    assert with_host.url == url
    assert with_host.encoded_body_bytes > 0


LEADS = Leads(
    target=Target(
        name="a", url="https://www.a.test/", domain="a.test", hosts=("cdn.test",)
    ),
    origin=("10.0.0.1", 8080),
)


@pytest.mark.parametrize(
    ("url", "is_followed"),
    [
        ("https://www.a.test/x", True),
        ("https://static.a.test/x", True),
        ("http://A.TEST./x", True),
        ("https://cdn.test/x", True),
        ("https://eu.cdn.test:8443/x", True),
        ("https://xcdn.test/x", False),
        ("https://cdn.test.evil.test/x", False),
        ("https://a.test@evil.test/x", False),
        ("https://evil\\.a.test/x", False),
        # we, too, go to a.test
        ("https://evil.test\\@a.test/x", True),
        ("https://evil\x00.a.test/x", False),
        ("https://evil.test?.a.test/", False),
        ("ftp://a.test/", False),
        ("https:///x", False),
        ("https://[::1]/", False),
    ],
)
def test_hosts_that_are_followed(url: str, is_followed: bool) -> None:
    assert LEADS.is_followed(url) is is_followed


def test_site_without_a_domain_is_its_host_alone() -> None:
    leads = Leads(target=Target(name="nas", url="http://192.168.1.1/"))
    assert leads.is_followed("http://192.168.1.1/a.js")
    assert not leads.is_followed("http://192.168.1.10/a.js")
    assert not leads.is_followed("http://1.192.168.1.1/a.js")


@pytest.mark.parametrize(
    ("url", "address", "is_allowed"),
    [
        ("https://www.a.test/x", "93.184.215.14", True),
        ("https://www.a.test/x", "2606:4700::1", True),
        ("https://www.a.test/x", "192.168.1.1", False),
        ("https://cdn.test/x", "64:ff9b::a00:1", False),
        ("http://www.a.test:8080/x", "10.0.0.1", True),
        ("http://www.a.test:80/x", "10.0.0.1", False),
    ],
)
def test_addresses_that_are_reached(url: str, address: str, is_allowed: bool) -> None:
    refusal = pytest.raises(ProbeFailedError, match=FORBIDDEN)
    with nullcontext() if is_allowed else refusal:
        LEADS.check_address(endpoint_of(url), address)


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("2a02:6b8:1:2::1", False),
        ("2a02:6b8:1:2:ffff::1", False),
        ("2a02:6b8:1:3::1", True),
        ("93.184.215.14", True),
    ],
)
def test_a_device_beside_us_is_not_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, is_allowed: bool
) -> None:
    """Its address of IPv6 is one of the whole net, and a server can tell it from ours.

    A machine that got its address by DHCP has it as a network of one.
    """
    ours = tmp_path / "if_inet6"
    ours.write_text("2a0206b80001000200000000000000aa 02 80 00 80     eth0\n")
    monkeypatch.setattr(hosts.is_beside_us, "__defaults__", (ours,))
    refusal = pytest.raises(ProbeFailedError, match=FORBIDDEN)
    with nullcontext() if is_allowed else refusal:
        LEADS.check_address(endpoint_of("https://www.a.test/x"), address)


def test_a_bad_url_is_no_lead() -> None:
    with pytest.raises(InputError):
        endpoint_of("https://a..b/")
    assert not LEADS.is_followed("https://a..b/")
