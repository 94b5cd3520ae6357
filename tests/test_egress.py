"""Whom the program contacts: the sites, the resolver, the gateway, and nobody else.

An audit hook in every Python process of the daemon, its dashboard, its nightly analysis
and what that sends messages with writes down each attempt to reach anybody, before it
is made.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from monitor.model import Round, RoundStatus, Sample
from monitor.probe.route import NetworkFiles
from monitor.store import open_store
from tests import forks
from tests.costs import in_brief
from tests.fresh_daemon import fresh_daemon
from tests.servers import dns, web
from tests.servers.certificates import server_context, trust_file
from tests.servers.mtproto import data_centre
from tests.servers.proxy import Proxy
from tests.servers.tcp import closed_port, serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, stopped, wait_for
from tests.waiting import PATIENCE_S, until

HOOK = """
import os, sys

def note(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        family, address = int(args[0].family), args[1]
    elif event == "socket.getaddrinfo":
        family, address = 0, args[:2]
    else:
        return
    if address is not None:
        line = f"{event} {family} {address!r}\\n".encode()
        handle = os.open({file!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line)
        os.close(handle)

sys.addaudithook(note)
"""


@pytest.fixture
def contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which every process that is started now notes whom it contacts."""
    folder, file = tmp_path / "hook", tmp_path / "contacts"
    folder.mkdir()
    text = HOOK.replace("{file!r}", repr(str(file)))
    (folder / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    return file


def contacted(file: Path) -> set[tuple[str, int]]:
    """Every (address, port) that somebody tried to reach."""
    found = set()
    for line in file.read_text().splitlines():
        event, _, address = line.split(" ", 2)
        host, port = re.match(r"\(b?'([^']*)', (\d+|b?'\d*'|None)", address).groups()
        number = re.sub(r"\D", "", port)
        found.add((host, int(number or 0)))
        assert event != "socket.getaddrinfo" or re.fullmatch(r"[0-9a-f.:]+", host), (
            f"a name was looked up behind the probe's back: {line}"
        )
    return found


async def dashboard_address(folder: Path) -> str:
    log = folder / "log"
    printed = await until(lambda: re.search(r"http://[0-9.]+:\d+/?", log.read_text()))
    return printed[0].rstrip("/")


def visit(address: str) -> None:
    """Open the dashboard's pages as a person would."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for path in ("/", "/metrics", "/api/v1/targets"):
        with opener.open(address + path, timeout=PATIENCE_S) as answer:
            assert answer.status == 200


def gateway() -> set[str]:
    route = NetworkFiles().route()
    return set() if route is None or route.gateway is None else {route.gateway}


@pytest.mark.every_run
async def test_only_sites_resolver_and_gateway_are_contacted(
    tmp_path: Path, contacts: Path
) -> None:
    rules = {f"{name}.test": dns.addresses("127.0.0.1") for name in ("one", "two")}
    async with (
        dns.name_server(rules) as names,
        serve(says(PAGE)) as one,
        serve(says(PAGE)) as two,
    ):
        url = f"http://one.test:{one.port}/"
        configuration(
            tmp_path,
            0,
            targets=[{"name": "one", "url": url, "download_url": url}],
            controls=[{"name": "two", "url": f"http://two.test:{two.port}/"}],
            probing={"resolvers": [names.resolver], "allow_private_answers": True},
        )
        with fresh_daemon(tmp_path) as process:
            await asyncio.to_thread(visit, await dashboard_address(tmp_path))
            await wait_for(tmp_path, "SELECT * FROM rounds", n=3)
            await stopped(process, signal.SIGTERM)
        asked = {name for name, _ in names.asked}
    sites = {("127.0.0.1", one.port), ("127.0.0.1", two.port)}
    others = contacted(contacts) - sites - {("127.0.0.1", names.port)}
    assert sites < contacted(contacts)
    assert {host for host, _ in others} <= gateway()
    assert asked == {"one.test", "two.test"}


def page_into(*places: str) -> bytes:
    """A page that would have its reader ask for all of these."""
    tags = "".join(f'<script src="{u}"></script><img src="{u}?">' for u in places)
    return web.whole(tags.encode(), headers={"Content-Type": "text/html"})


HOME_PLACES = (
    "http://192.168.1.1/reboot.cgi",
    "http://10.0.0.138/setup?dns=6.6.6.6",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[::ffff:192.168.1.1]/reboot.cgi",
    "http://[64:ff9b::c0a8:101]/reboot.cgi",
    "http://3232235777/reboot.cgi",
    "http://0xc0a80101/reboot.cgi",
    "http://rebind.one.test/reboot.cgi",
    "http://rebind.one.test:8080/",
)


@pytest.mark.every_run
@pytest.mark.parametrize("way", in_brief(["page", "redirect"], "page"))
async def test_pages_lead_into_no_home(
    tmp_path: Path, contacts: Path, way: str
) -> None:
    """The router, a cloud's metadata, the own dashboard, any port of this home."""
    rules = {"one.test": dns.addresses("127.0.0.1")}
    rules["rebind.one.test"] = dns.addresses("192.168.1.1")
    rules["near.one.test"] = dns.addresses("127.0.0.1")
    pages: dict[str, bytes] = {}
    async with (
        dns.name_server(rules) as names,
        serve(web.site(pages)) as one,
        serve(web.says(web.whole(bytes(300_000)))) as lan,
    ):
        dashboard = closed_port()
        near = [
            f"http://127.0.0.1:{dashboard}/api/v1/targets",
            f"http://near.one.test:{dashboard}/metrics",
            f"http://near.one.test:{lan.port}/",
            f"http://one.test:{lan.port}/",
            f"http://127.0.0.1:{lan.port}/",
        ]
        for number, place in enumerate((*HOME_PLACES, *near)):
            moved = web.whole(b"", 302, {"Location": place})
            pages[f"/{number}"] = page_into(place) if way == "page" else moved
        url = f"http://one.test:{one.port}/"
        configuration(
            tmp_path,
            one.port,
            targets=[{"name": f"s{n[1:]}", "url": url + n[1:]} for n in pages],
            controls=[],
            web={"port": dashboard},
            probing={
                "resolvers": [names.resolver],
                "allow_private_answers": True,
                "per_second": 50,
            },
        )
        with fresh_daemon(tmp_path) as process:
            await wait_for(tmp_path, "SELECT * FROM rounds", n=3)
            await stopped(process, signal.SIGTERM)
        assert lan.n_connections == 0
    asked = {("127.0.0.1", one.port), ("127.0.0.1", names.port)}
    assert {host for host, _ in contacted(contacts) - asked} <= gateway()
    transfers = (
        "SELECT url, http_status FROM samples JOIN series ON id = series_id"
        " WHERE probe = 'download'"
    )
    outcomes = set(await wait_for(tmp_path, transfers, n=len(pages)))
    status = 200 if way == "page" else 302
    assert outcomes == {(url + number[1:], status) for number in pages}


@pytest.mark.long
async def test_hosts_without_a_page_and_the_page_that_names_one_are_all(
    tmp_path: Path, contacts: Path
) -> None:
    """A handshake, Telegram's first messages, a host by name of a page; no router."""
    own, home = "r1---sn-a.cdn.test", "r2---sn-home.cdn.test"
    rules = {
        name: dns.addresses("127.0.0.1") for name in ("one.test", "app.test", own, home)
    }
    async with (
        dns.name_server(rules) as names,
        serve(says(web.whole(f"https://{own}/".encode()))) as page,
        serve(says(web.whole(f"https://{home}/".encode()))) as other_page,
        serve(web.silent) as cache,
        serve(data_centre()) as app,
        serve(web.silent) as router,
    ):
        cached = {
            "url": f"tls://cdn.test:{cache.port}",
            "host_from": f"http://one.test:{page.port}/",
            "host_like": "r*---sn-*.cdn.test",
            "hosts": [own],
        }
        led_home = {
            **cached,
            "url": f"tls://cdn.test:{router.port}",
            "host_from": f"http://one.test:{other_page.port}/",
        }
        configuration(
            tmp_path,
            0,
            targets=[
                {"name": "cache", **cached},
                {"name": "home", **led_home},
                {"name": "app", "url": f"mtproto://app.test:{app.port}"},
                {"name": "tls", "url": f"tls://one.test:{cache.port}"},
            ],
            controls=[],
            probing={
                "resolvers": [names.resolver],
                "allow_private_answers": True,
                "stage_timeout": "1s",
            },
        )
        with fresh_daemon(tmp_path) as process:
            await wait_for(tmp_path, "SELECT * FROM rounds", n=2)
            await stopped(process, signal.SIGTERM)
        asked = {name for name, _ in names.asked}
        assert router.n_connections == 0
    ports = {names.port, page.port, other_page.port, cache.port, app.port}
    places = {("127.0.0.1", port) for port in ports}
    assert places < contacted(contacts)
    assert {host for host, _ in contacted(contacts) - places} <= gateway()
    assert asked == {"one.test", "app.test", own, home}


BETWEEN_ROUNDS = """
import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from monitor.clock import SystemClock
from monitor.config import parse
from monitor.daemon.wiring import new_sampler

async def write(record):
    pass

config = parse(json.loads(Path("config.yaml").read_text()), source="config.yaml")
sampler = new_sampler(config, clock=SystemClock(), write=write)
for _ in range(2):
    asyncio.run(sampler.run_round(datetime.now(UTC)))
"""
"""Rounds as the daemon makes them, and what it makes after each, without waiting."""


@pytest.mark.parametrize("level", ["extended", "plain"])
async def test_blocks_and_ways_reach_the_neutral_server_and_the_proxy(
    tmp_path: Path, contacts: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    """The neutral server is looked up by its own name alone; at `plain` by none."""
    authority = trustme.CA()
    trusted = trust_file(tmp_path / "trusted.pem", authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    hosts = ("one.test", "two.test", "neutral.test")
    rules = {host: dns.addresses("127.0.0.1") for host in hosts}
    proxy = Proxy()
    big = web.says(web.whole(bytes(100_000)))
    async with (
        dns.name_server(rules) as names,
        serve(big) as one,
        serve(big) as two,
        serve(big, tls=server_context(authority, "neutral.test")) as neutral,
        serve(proxy.socks5) as way,
    ):
        url = f"http://one.test:{one.port}/"
        more: dict[str, object] = {}
        if level == "extended":
            more["differential"] = {
                "neutral": f"https://neutral.test:{neutral.port}/1m.bin",
                "targets": ["one"],
                "bytes": "64kB",
            }
            more["ways"] = [{"name": "p", "url": f"socks5://127.0.0.1:{way.port}"}]
        configuration(
            tmp_path,
            0,
            every="1h",
            targets=[{"name": "one", "url": url, "download_url": url}],
            controls=[{"name": "two", "url": f"http://two.test:{two.port}/"}],
            probing={
                "resolvers": [names.resolver],
                "allow_private_answers": True,
                "level": level,
            },
            **more,
        )
        command = [sys.executable, "-c", BETWEEN_ROUNDS]
        await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, check=True, env=os.environ
        )
        asked = {name for name, _ in names.asked}
        by_proxy = set(proxy.asked)
    ports = {one.port, two.port, names.port}
    if level == "extended":
        ports |= {neutral.port, way.port}
        assert by_proxy == {("127.0.0.1", one.port), ("127.0.0.1", two.port)}
    places = {("127.0.0.1", port) for port in ports}
    assert places <= contacted(contacts)
    assert {host for host, _ in contacted(contacts) - places} <= gateway()
    assert asked == set(hosts[: 3 if level == "extended" else 2])


@pytest.mark.parametrize(
    "words",
    [
        ("analyze", "--json"),
        ("nightly",),
        ("report", "--date", "2026-03-01", "--out", "out"),
        ("config", "check"),
        ("backup", "copy"),
        ("export", "out.csv"),
    ],
    ids=lambda words: words[0],
)
def test_whatever_does_not_measure_contacts_nobody(
    tmp_path: Path, contacts: Path, words: tuple[str, ...]
) -> None:
    configuration(tmp_path, 1)
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append([Sample(started_at_utc=moment, target="a", connect_s=0.1)])
    forks.run(*words, cwd=tmp_path)
    assert not contacts.exists()


@pytest.mark.every_run
async def test_a_message_goes_where_the_owner_said_and_nowhere_else(
    tmp_path: Path, contacts: Path
) -> None:
    """The service leads to the router's reboot page; the child that sends is seen."""
    async with serve(says(PAGE)) as router:
        leads = f"HTTP/1.1 307 A\r\nLocation: http://127.0.0.1:{router.port}/\r\n"
        answer = f"{leads}Content-Length: 0\r\n\r\n".encode()
        async with serve(says(answer)) as service:
            urls = [f"json://127.0.0.1:{service.port}/"]
            configuration(tmp_path, 1, notify={"urls": urls})
            with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
                store.rounds.append(
                    Round(
                        round_id="a",
                        vantage="home",
                        slot_start_utc=datetime.now(UTC) - timedelta(hours=5),
                        started_at_utc=None,
                        duration_s=10.0,
                        status=RoundStatus.COMPLETE,
                        n_planned=1,
                        n_done=1,
                    )
                )
            command = [sys.executable, "-m", "monitor", "nightly", "--silence"]
            await asyncio.to_thread(
                subprocess.run, command, cwd=tmp_path, check=True, env=os.environ
            )
    assert contacted(contacts) == {("127.0.0.1", service.port)}
    assert service.n_connections == 1
    assert router.n_connections == 0


def test_the_hook_sees_what_is_contacted(tmp_path: Path, contacts: Path) -> None:
    """Without this the tests above would pass with a hook that sees nothing."""
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 1))"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert contacted(contacts) == {("127.0.0.1", 1)}
    probe = [sys.executable, "-m", "monitor", "probe", "tcp://127.0.0.1:9", "--json"]
    done = subprocess.run(probe, cwd=tmp_path, check=False, capture_output=True)
    assert json.loads(done.stdout)["failure"] == "connection_refused"
    assert ("127.0.0.1", 9) in contacted(contacts)
    forks.run(
        *("probe", "tcp://127.0.0.1:10"),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ("127.0.0.1", 10) in contacted(contacts)
