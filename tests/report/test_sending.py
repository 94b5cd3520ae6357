"""A service that messages go to can neither hold nor fill nor mislead the monitor."""

import asyncio
import json
import os
import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from monitor import notify, sending
from monitor.notify import Message, tell
from monitor.probe import hosts
from monitor.sending import hosts_in
from monitor.store import open_store
from tests.costs import in_brief
from tests.report.test_notify import config_of
from tests.servers.certificates import server_context
from tests.servers.hostile import ENDLESS, no_room, silent
from tests.servers.tcp import Handler, serve

NOW = datetime(2026, 3, 12, 3, tzinfo=UTC)
MESSAGE = Message(
    kind="begin", vantage="home", subject="a", since="2026-03-11", title="t", body="b"
)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little time: what hangs is ended soon, also on a busy machine."""
    monkeypatch.setattr(notify, "_START_S", 8.0)
    monkeypatch.setattr(notify, "_EACH_S", 0.0)


async def told(folder: Path, *urls: str) -> tuple[int, list[str]]:
    """How many services took the message, and what is on record."""
    config = config_of(f"sqlite:///{folder / 'm.db'}", *urls)
    with open_store(config.database) as store:
        n_taken = await asyncio.to_thread(tell, store, config, [MESSAGE], now_utc=NOW)
        troubles = store.notices.troubles("home", since=NOW, until=NOW)
    return n_taken, [notice.kind for notice in troubles]


BRIEF = ("silence", "dripping headers", "body", "packed body")


@pytest.mark.parametrize("kind", in_brief(ENDLESS, *BRIEF))
async def test_a_server_without_end_is_left(
    tmp_path: Path, soon: None, kind: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    async with serve(ENDLESS[kind]) as server:
        url = f"json://127.0.0.1:{server.port}/secret"
        n_taken, records = await told(tmp_path, url)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert n_taken == 0
    assert len(records) == 1
    assert records[0].startswith("not_sent json: ")
    assert "secret" not in records[0]
    # A child that is just forked is as large as who forks it, and what another test's
    # child took before is not this one's.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after <= max(before, own, 400_000)


async def test_a_handshake_without_end_is_left(tmp_path: Path, soon: None) -> None:
    async with serve(silent) as server:
        url = f"jsons://127.0.0.1:{server.port}/?verify=no"
        n_taken, records = await told(tmp_path, url)
    assert (n_taken, len(records)) == (0, 1)


async def test_a_connection_that_is_never_made_is_left(
    tmp_path: Path, soon: None
) -> None:
    with no_room() as port:
        n_taken, records = await told(tmp_path, f"json://127.0.0.1:{port}/")
    assert (n_taken, len(records)) == (0, 1)


async def test_a_flood_inside_tls_is_cut(tmp_path: Path, soon: None) -> None:
    context = server_context(trustme.CA(), "127.0.0.1")
    async with serve(ENDLESS["body"], tls=context) as server:
        url = f"jsons://127.0.0.1:{server.port}/?verify=no"
        n_taken, records = await told(tmp_path, url)
    assert n_taken == 0
    assert len(records) == 1


def answers(text: bytes) -> Handler:
    async def handler(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()
        writer.close()

    return handler


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("301 A", ""),
        ("302 A", "?redirect=yes"),
        ("307 A", ""),
        ("308 A", "?redirect=yes"),
    ],
)
async def test_a_redirect_leads_nowhere(tmp_path: Path, status: str, more: str) -> None:
    async with serve(answers(b"HTTP/1.1 200 OK\r\n\r\n")) as router:
        to = f"http://127.0.0.1:{router.port}/reboot"
        text = f"HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        async with serve(answers(text.encode())) as server:
            url = f"json://127.0.0.1:{server.port}/{more}"
            n_taken, records = await told(tmp_path, url)
        assert router.n_connections == 0
    assert n_taken == 0
    assert records == [f"not_sent json: HTTP status {status[:3]}"]


async def test_one_hanging_service_does_not_silence_the_other(
    tmp_path: Path, soon: None
) -> None:
    good = answers(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with serve(ENDLESS["dripping body"]) as bad, serve(good) as server:
        n_taken, records = await told(
            tmp_path,
            f"json://127.0.0.1:{bad.port}/",
            f"json://127.0.0.1:{server.port}/",
        )
    assert n_taken == 1
    assert len(records) == 1


async def test_what_goes_wrong_in_the_same_way_is_on_record_once(
    tmp_path: Path,
) -> None:
    url = "json://127.0.0.1:1/"
    assert await told(tmp_path, url) == (0, ["not_sent json: ConnectionError"])
    assert await told(tmp_path, url) == (0, ["not_sent json: ConnectionError"])


GUARD = """
import json, socket, sys
from monitor import sending
sending._stay_outside(sending.hosts_in(sys.argv[1]))
for host, port in json.loads(sys.argv[2]):
    try:
        socket.create_connection((host, port), 0.2).close()
        print("reached")
    except OSError as error:
        print("refused" if "house" in str(error) else "tried")
"""


async def guarded(url: str, *places: tuple[str, int]) -> list[str]:
    import sys

    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", GUARD, url, json.dumps(places)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await child.communicate()
    return said.decode().split()


def test_a_device_with_an_address_of_the_whole_net_is_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "if_inet6"
    ours.write_text("2a0206b80001000200000000000000aa 02 80 00 80     eth0\n")
    monkeypatch.setattr(hosts.is_beside_us, "__defaults__", (ours,))
    router, other = "2a02:6b8:1:2::1", "2a02:6b8:1:3::1"
    assert not sending._may_be_reached(router, set())
    assert sending._may_be_reached(router, {router})
    assert sending._may_be_reached(other, set())


async def test_nobody_inside_is_reached_but_whom_the_owner_named() -> None:
    async with serve(silent) as server:
        inside = [
            (host, server.port)
            for host in ("127.0.0.1", "127.0.0.2", "localhost", "::ffff:127.0.0.1")
        ]
        further = [("192.168.1.1", 80), ("169.254.169.254", 80), ("fe80::1", 80)]
        found = await guarded("tgram://token/1", *inside, *further)
        assert found == ["refused"] * len(found) == ["refused"] * 7
        own = f"json://127.0.0.1:{server.port}/a"
        assert await guarded(own, *inside[:2]) == ["reached", "refused"]
        named = f"json://localhost:{server.port}/a"
        assert await guarded(named, inside[2], inside[1]) == ["reached", "refused"]
        mail = "mailto://a:b@example.org?smtp=127.0.0.2"
        assert await guarded(mail, *inside[:2]) == ["refused", "tried"]


def test_a_part_of_a_name_names_nobody() -> None:
    found = hosts_in("json://user:pass@192.168.1.10:8080/x?to=[fd00::1]&a=b%2Ec")
    assert {"192.168.1.10", "fd00::1", "b.c"} <= found
    assert "192.168.1.1" not in found


async def test_the_child_knows_no_password_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment is what a faulty plugin could send on."""
    from monitor import children

    (tmp_path / "env_child.py").write_text(
        "import os\nfrom monitor.children import answer\n"
        "answer(lambda _: [dict(os.environ)])\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("MONITOR_DATABASE", "postgresql://u:hunter2@h/d")
    limits = children.Limits(time_s=60, memory_bytes=200 << 20)
    ended = await asyncio.to_thread(children.run, "env_child", None, limits)
    assert "hunter2" not in str(ended.answers)
    assert ended.answers
