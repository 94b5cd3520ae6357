"""Messages of the moment: once each, also when it is over, and never lost."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from monitor.config import Config, effective, parse
from monitor.errors import ConfigError
from monitor.heartbeat import beat
from monitor.notify import Message, tell, waiting_messages
from monitor.present import Gateway, Present, Recent, present
from monitor.present_messages import (
    LOW_DISK_BYTES,
    Machine,
    is_quiet,
    present_messages,
)
from monitor.store import open_store
from tests.ports import free_port
from tests.report.test_notify import Webhook
from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, daemon
from tests.test_present import CONTROLS, FRESH, NOW, site
from tests.waiting import until

WELL = Machine(free_bytes=10 * LOW_DISK_BYTES, is_clock_wrong=False)
DEAD = (20e6, None, None, None)
SLOW = (20e6, 2e6, 2e6, 2e6)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with closing(Webhook()) as made:
        yield made


def config_of(folder: Path, *urls: str, **notify: object) -> Config:
    document = {
        "timezone": "Asia/Almaty",
        "database": f"sqlite:///{folder / 'monitor.db'}",
        "targets": [{"name": "youtube", "url": "https://a.example/"}],
        "notify": {"urls": list(urls), **notify},
    }
    return parse(document, source="test")


def moment(
    youtube: Sequence[float | None] = (20e6,) * 4,
    controls: Sequence[float | None] = (20e6,) * 4,
    **more: object,
) -> Present:
    sites: list[Recent] = [site("youtube", youtube, **more)]
    sites += [site(name, controls) for name in CONTROLS]
    gateway = Gateway(has_answered=True, connect_s=0.001)
    return present(sites, now_utc=NOW, fresh=FRESH, gateway=gateway)


class Home:
    """A home whose messages are told as the daemon tells them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.now_utc = NOW

    def hears(self, at_present: Present, machine: Machine = WELL) -> list[Message]:
        with open_store(self.config.database) as store:
            new = present_messages(store, self.config, at_present, machine)
            waiting = waiting_messages(store, self.config, now_utc=self.now_utc)
            subjects = {message.subject for message in new}
            old = [m for m in waiting if m.subject not in subjects]
            tell(store, self.config, [*old, *new], now_utc=self.now_utc)
            return new


def test_line_is_told_when_it_goes_and_when_it_comes(tmp_path: Path, webhook: Webhook):
    home = Home(config_of(tmp_path, webhook.url))
    for at_present in (moment(), moment(DEAD, DEAD), moment(DEAD, DEAD), moment()):
        home.hears(at_present)
    assert home.hears(moment()) == []
    down, back = webhook.received
    assert down["title"] == "The line is down"
    assert "behind this home's own gateway" in down["message"]
    assert back["title"] == "The line is back"
    # 16:30 UTC, less a minute and two rounds, in Almaty.
    assert "It was down from 20 Oct 2026, 21:19" in back["message"]


def test_one_failed_round_is_no_dead_line(tmp_path: Path, webhook: Webhook):
    home = Home(config_of(tmp_path, webhook.url))
    assert home.hears(moment((20e6, 20e6, None), (20e6, 20e6, None))) == []


def test_what_could_not_be_sent_comes_when_the_line_is_back(
    tmp_path: Path, webhook: Webhook
):
    """One message of each subject: not first that it is down, now that it is up."""
    home = Home(config_of(tmp_path, webhook.url))
    webhook.status = 503
    night = Message(
        kind="begin",
        vantage="home",
        subject="youtube",
        since="2026-10-19",
        title="YouTube: slow in the evening",
        body="What the night said.",
    )
    with open_store(home.config.database) as store:
        tell(store, home.config, [night], now_utc=NOW - timedelta(hours=1))
    home.hears(moment(DEAD, DEAD))
    home.hears(moment(DEAD, DEAD))
    webhook.status = 200
    webhook.received.clear()
    home.hears(moment())
    titles = [message["title"] for message in webhook.received]
    assert titles == ["YouTube: slow in the evening", "The line is back"]
    assert webhook.received[0]["message"].endswith("What the night said.")
    assert "21:30" in webhook.received[0]["message"]
    home.hears(moment())
    assert len(webhook.received) == 2
    with open_store(home.config.database) as store:
        assert store.notices.last("home", "youtube").kind == "begin"


def test_slow_now_is_told_only_where_it_is_asked_for(tmp_path: Path, webhook: Webhook):
    assert Home(config_of(tmp_path, webhook.url)).hears(moment(SLOW)) == []
    limit = {"slow_now": {"factor": 5, "rounds": 3}}
    home = Home(config_of(tmp_path, webhook.url, **limit))
    (message,) = home.hears(moment(SLOW))
    assert message.title == "YouTube is slow now"
    assert "10 times slower than usual" in message.body
    assert home.hears(moment(SLOW)) == []
    (message,) = home.hears(moment())
    assert message.title == "YouTube is no longer slow"


@pytest.mark.parametrize(
    ("at_present", "limit"),
    [
        (moment(SLOW), {"factor": 11, "rounds": 3}),
        (moment(SLOW), {"factor": 5, "rounds": 4}),
        # One round of it was slow, but less.
        (moment((20e6, 2e6, 9e6, 2e6)), {"factor": 5, "rounds": 3}),
        # So are the controls.
        (moment(SLOW, (20e6, 4e6, 4e6, 4e6)), {"factor": 5, "rounds": 3}),
        (moment(DEAD), {"factor": 5, "rounds": 5}),
        (moment(DEAD, has_ever_answered=False), {"factor": 5, "rounds": 2}),
    ],
)
def test_less_than_the_owners_own_limit_is_not_told(
    tmp_path: Path, webhook: Webhook, at_present: Present, limit: dict[str, int]
):
    home = Home(config_of(tmp_path, webhook.url, slow_now=limit))
    assert home.hears(at_present) == []


def test_site_that_answers_no_more_is_told_like_a_slow_one(
    tmp_path: Path, webhook: Webhook
):
    limit = {"slow_now": {"factor": 5, "rounds": 3}}
    home = Home(config_of(tmp_path, webhook.url, **limit))
    (message,) = home.hears(moment(DEAD))
    assert "has not answered for" in message.body


@pytest.mark.long
def test_disk_and_clock(tmp_path: Path, webhook: Webhook):
    home = Home(config_of(tmp_path, webhook.url))
    full = replace(WELL, free_bytes=LOW_DISK_BYTES - 1)
    wrong = replace(WELL, is_clock_wrong=True)
    nearly = replace(WELL, free_bytes=LOW_DISK_BYTES + 1)
    machines = (full, full, nearly, WELL, wrong, wrong, WELL)
    titles = [[m.title for m in home.hears(moment(), machine)] for machine in machines]
    assert titles == [
        ["The disk is nearly full"],
        [],
        [],
        ["The disk has room again"],
        ["The clock may be wrong"],
        [],
        ["The clock is right again"],
    ]


@pytest.mark.parametrize(
    ("start", "end", "quiet"),
    [
        ("21:00", "22:00", True),
        ("21:30", "21:31", True),
        ("21:31", "21:30", False),
        ("22:00", "07:00", False),
        ("21:00", "07:00", True),
        ("07:00", "21:00", False),
    ],
)
def test_quiet_hours_are_local_and_may_cross_midnight(
    tmp_path: Path, start: str, end: str, quiet: bool
):
    """It is 21:30 in Almaty."""
    config = config_of(tmp_path, quiet={"start": start, "end": end})
    assert is_quiet(config, NOW) is quiet
    with open_store(config.database) as store:
        new = present_messages(store, config, moment(DEAD, DEAD), WELL)
    assert bool(new) is not quiet


@pytest.mark.parametrize(
    "notify",
    [
        {"slow_now": {"factor": 1.5}},
        {"slow_now": {"rounds": 1}},
        {"quiet": {"start": "23:00"}},
        {"heartbeat": "ftp://x/secret"},
    ],
)
def test_impossible_values_are_refused_and_no_secret_shown(
    tmp_path: Path, notify: dict[str, object]
):
    with pytest.raises(ConfigError) as refused:
        config_of(tmp_path, **notify)
    assert "secret" not in str(refused.value)


def test_heartbeat_is_a_secret(tmp_path: Path):
    config = config_of(tmp_path, heartbeat="https://hc.example/ping/secret")
    assert "ping" not in str(effective(config))


class Pulse:
    """A heartbeat service on loopback."""

    def __init__(self, status: int = 200) -> None:
        self.paths: list[str] = []
        pulse = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pulse.paths.append(self.path)
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/secret"
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(200, ""), (404, "HTTP status 404"), (302, "HTTP status 302")],
)
def test_heartbeat_is_one_request_and_follows_nobody(status: int, trouble: str):
    with closing(Pulse(status)) as pulse:
        assert beat(pulse.url) == trouble
        assert pulse.paths == ["/ping/secret"]


def test_heartbeat_that_nobody_takes():
    assert "ConnectionError" in beat(f"http://127.0.0.1:{free_port()}/secret")


@pytest.mark.long
async def test_daemon_tells_that_the_line_went_and_came(
    tmp_path: Path, webhook: Webhook
):
    """A real daemon, a site that goes and comes, a heartbeat after each round."""
    port = free_port()
    with closing(Pulse()) as pulse:
        notify = {"urls": [webhook.url], "heartbeat": pulse.url}
        configuration(tmp_path, port, notify=notify)
        with daemon(tmp_path):
            async with serve(says(PAGE), port=port):
                await until(lambda: len(pulse.paths) >= 2, log=tmp_path / "log")
            await until(lambda: _titles(webhook), log=tmp_path / "log")
            async with serve(says(PAGE), port=port):
                await until(lambda: len(_titles(webhook)) >= 2, log=tmp_path / "log")
    assert _titles(webhook) == ["The line is down", "The line is back"]
    assert "secret" not in (tmp_path / "log").read_text()


def _titles(webhook: Webhook) -> list[str]:
    """Of the line; what the clock and the disk of this machine are like is theirs."""
    titles = [message["title"] for message in webhook.received]
    return [title for title in titles if "line" in title]
