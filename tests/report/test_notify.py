"""One message when an episode begins, one when it ends; sent to a real local server."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from selectolax.parser import HTMLParser

from monitor.cli.root import cli
from monitor.config import Config, parse
from monitor.model import Effect, Evenings, Round, RoundStatus, Verdict
from monitor.notify import (
    BEGIN,
    END,
    Message,
    change,
    night_messages,
    silence_messages,
    tell,
)
from monitor.store import open_store
from monitor.store.notices import Notice
from monitor.text import printable
from tests import harm
from tests.door import ask_store

NOW = datetime(2026, 3, 12, 3, tzinfo=UTC)


class Webhook:
    """A webhook on loopback that keeps what it was sent."""

    def __init__(self, status: int = 200) -> None:
        self.received: list[dict[str, str]] = []
        self.status = status
        received = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                received.received.append(json.loads(self.rfile.read(size)))
                self.send_response(received.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server.server_port}/secret"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with closing(Webhook()) as made:
        yield made


def config_of(database: str, *urls: str, **report: object) -> Config:
    document = {
        "timezone": "Asia/Almaty",
        "database": database,
        "targets": [{"name": "facebook", "url": "https://a.example/"}],
        "notify": {"urls": list(urls)},
        "report": report,
    }
    with open_store(database):
        return parse(document, source="test")


def verdict(name: str, offset: str | None = None) -> Verdict:
    return Verdict(
        vantage="home",
        target="facebook",
        verdict=name,
        strength=None,
        evenings=Evenings(observed=14, usable=14, slow=12, dead=0),
        effect=Effect(metric="goodput_bps", ratio=3.0, ci95=(2.0, 4.0)),
        p_value=None,
        e_value=100.0,
        found_window=None,
        onset_date=None,
        offset_date=offset,
    )


def notice(kind: str) -> Notice:
    return Notice(
        told_at_utc=NOW, kind=kind, vantage="home", subject="facebook", since="x"
    )


@pytest.mark.parametrize(
    ("now", "last", "told"),
    [
        ("targeted_throttling", None, BEGIN),
        ("selective_slowdown", END, BEGIN),
        ("selective_slowdown", BEGIN, None),
        ("targeted_blocking", BEGIN, None),
        ("inconclusive", BEGIN, None),
        ("insufficient_data", BEGIN, None),
        ("no_recurring_slowdown", BEGIN, END),
        ("general_congestion", BEGIN, END),
        ("no_recurring_slowdown", None, None),
        ("no_recurring_slowdown", END, None),
        ("inconclusive", None, None),
    ],
)
def test_only_a_change_is_told(now: str, last: str | None, told: str | None) -> None:
    assert change([verdict(now)], None if last is None else notice(last)) == told


def test_an_episode_with_an_end_date_is_over() -> None:
    ended = verdict("targeted_throttling", offset="2026-03-01")
    assert change([ended], notice(BEGIN)) == END
    assert change([ended], notice(END)) is None


def at_home(report, name: str):
    service = report.hosts[0]
    changed = replace(service, name="facebook", verdict=verdict(name))
    return replace(report, vantage="home", hosts=(changed,), is_simulated=False)


def test_one_message_per_episode(one_service, webhook: Webhook, database: str) -> None:
    config = config_of(database, webhook.url)
    story = [
        "inconclusive",
        "selective_slowdown",
        "targeted_throttling",
        "targeted_throttling",
        "inconclusive",
        "no_recurring_slowdown",
        "no_recurring_slowdown",
        "selective_slowdown",
    ]
    for name in story:
        report = at_home(one_service, name)
        messages = ask_store(config.database, night_messages, report, config)
        ask_store(config.database, tell, config, messages, now_utc=NOW)
    titles = [message["title"] for message in webhook.received]
    assert titles == [
        "Facebook: slow in the evening, the control sites are not",
        "Facebook: the slow evenings have ended",
        "Facebook: slow in the evening, the control sites are not",
    ]
    assert "12 of the last 14 evenings" in webhook.received[0]["message"]


def of_hosts(report, page: str, video: str):
    """A report on a service of two hosts."""
    first = at_home(report, page).hosts[0]
    second = replace(
        first,
        name="facebook-video",
        verdict=replace(
            verdict(video), target="facebook-video", service="facebook", part="media"
        ),
    )
    return replace(report, vantage="home", hosts=(first, second), is_simulated=False)


def test_one_message_per_episode_of_a_service(
    one_service, webhook: Webhook, database: str
) -> None:
    config = config_of(database, webhook.url)
    fine, slow, open_ = "no_recurring_slowdown", "selective_slowdown", "inconclusive"
    story = [(fine, slow), (slow, slow), (slow, fine), (open_, fine), (fine, fine)]
    for hosts in story:
        report = of_hosts(one_service, *hosts)
        messages = ask_store(database, night_messages, report, config)
        ask_store(database, tell, config, messages, now_utc=NOW)
    begin, end = webhook.received
    assert begin["title"] == "Facebook: slow in the evening, the control sites are not"
    assert "Of Facebook: the media host (facebook-video)." in begin["message"]
    assert "As usual: the page (Facebook)." in begin["message"]
    assert end["title"] == "Facebook: the slow evenings have ended"


def test_an_episode_that_was_told_of_a_host_goes_on_as_the_service_s(
    one_service, webhook: Webhook, database: str
) -> None:
    config = config_of(database, webhook.url)
    with open_store(database) as store:
        store.notices.add(replace(notice(BEGIN), subject="facebook-video"))
    report = of_hosts(one_service, "no_recurring_slowdown", "selective_slowdown")
    assert ask_store(database, night_messages, report, config) == []
    over = of_hosts(one_service, "no_recurring_slowdown", "no_recurring_slowdown")
    (end,) = ask_store(database, night_messages, over, config)
    assert (end.kind, end.subject) == (END, "facebook")


def test_a_message_that_nobody_took_is_tried_again(
    one_service, webhook: Webhook, tmp_path: Path
) -> None:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}", webhook.url)
    report = at_home(one_service, "selective_slowdown")
    webhook.status = 500
    assert (
        ask_store(
            config.database,
            tell,
            config,
            ask_store(config.database, night_messages, report, config),
            now_utc=NOW,
        )
        == 0
    )
    webhook.status = 200
    assert (
        ask_store(
            config.database,
            tell,
            config,
            ask_store(config.database, night_messages, report, config),
            now_utc=NOW,
        )
        == 1
    )
    assert ask_store(config.database, night_messages, report, config) == []


def test_without_an_address_nothing_is_sent(one_service, tmp_path: Path) -> None:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}")
    report = at_home(one_service, "selective_slowdown")
    assert (
        ask_store(
            config.database,
            tell,
            config,
            ask_store(config.database, night_messages, report, config),
            now_utc=NOW,
        )
        == 0
    )


def test_one_dead_service_does_not_silence_the_other(
    webhook: Webhook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of(
        f"sqlite:///{tmp_path / 'm.db'}", "json://127.0.0.1:1/hush", webhook.url
    )
    assert ask_store(config.database, tell, config, [message_of("a")], now_utc=NOW) == 1
    own = [r.getMessage() for r in caplog.records if r.name == "monitor.notify"]
    assert own == ["notify event=not_taken service=json why=ConnectionError"]


def message_of(text: str) -> Message:
    return Message(
        kind=BEGIN, vantage="home", subject="", since="x", title=text, body=text
    )


def test_hostile_text_is_plainly_seen_in_a_message(
    webhook: Webhook, tmp_path: Path
) -> None:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}", webhook.url)
    texts = [f"a {text} b" for text in harm.TEXTS.values()]
    assert ask_store(
        config.database, tell, config, map(message_of, texts), now_utc=NOW
    ) == len(texts)
    for text, message in zip(texts, webhook.received, strict=True):
        assert message["title"] == message["message"] == printable(text)
        assert harm.steering(message["title"]) == []
        assert "\n" not in message["message"]


@pytest.mark.parametrize("kind", ["markdown", "html"])
def test_hostile_text_is_no_link_where_messages_have_a_form(
    webhook: Webhook, tmp_path: Path, kind: str
) -> None:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}", f"{webhook.url}?format={kind}")
    ask_store(
        config.database,
        tell,
        config,
        [message_of(text) for text in harm.PAGES.values()],
        now_utc=NOW,
    )
    assert len(webhook.received) == len(harm.PAGES)
    for message in webhook.received:
        if kind == "html":
            assert HTMLParser(message["message"]).css("a, img, script, iframe") == []
        else:
            assert not re.search(r"(?<!\\)\]\(", message["message"])


def test_messages_speak_the_configured_language(one_service, tmp_path: Path) -> None:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}", language="kk")
    report = at_home(one_service, "selective_slowdown")
    (message,) = ask_store(config.database, night_messages, report, config)
    assert "кештің" in message.body


def measured(start: datetime, status: RoundStatus, seconds: float) -> Round:
    return Round(
        round_id=start.isoformat(),
        vantage="home",
        slot_start_utc=start,
        started_at_utc=start if status is RoundStatus.COMPLETE else None,
        duration_s=seconds,
        status=status,
        n_planned=3,
        n_done=3,
    )


def test_a_silence_is_told_when_it_begins_and_when_it_ends(
    webhook: Webhook, tmp_path: Path
) -> None:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}", webhook.url)
    with open_store(config.database) as store:
        store.rounds.append(measured(NOW, RoundStatus.COMPLETE, 20))
    quiet, long_quiet = NOW + timedelta(minutes=30), NOW + timedelta(hours=2)
    assert ask_store(config.database, silence_messages, config, now_utc=quiet) == []
    for _ in range(3):
        ask_store(
            config.database,
            tell,
            config,
            ask_store(config.database, silence_messages, config, now_utc=long_quiet),
            now_utc=long_quiet,
        )
    back = NOW + timedelta(hours=5)
    gap_s = (back - NOW).total_seconds() - 300
    with open_store(config.database) as store:
        store.rounds.append(
            measured(NOW + timedelta(minutes=5), RoundStatus.MISSED, gap_s)
        )
        store.rounds.append(measured(back, RoundStatus.COMPLETE, 20))
    for _ in range(3):
        ask_store(
            config.database,
            tell,
            config,
            ask_store(config.database, silence_messages, config, now_utc=back),
            now_utc=back,
        )
    titles = [message["title"] for message in webhook.received]
    assert titles == ["The monitor is silent", "The monitor was silent"]
    assert "08:05" in webhook.received[1]["message"]


def test_notices_are_kept_in_either_database(database: str) -> None:
    with open_store(database) as store:
        notices = store.notices
        assert notices.last("home", "facebook") is None
        notices.add(notice(BEGIN))
        notices.add(replace(notice(END), since=date(2026, 3, 1).isoformat()))
        found = notices.last("home", "facebook")
    assert found is not None
    assert (found.kind, found.since, found.told_at_utc) == (END, "2026-03-01", NOW)


def silent_home(tmp_path: Path, webhook: Webhook) -> Config:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}", webhook.url)
    with open_store(config.database) as store:
        store.rounds.append(measured(NOW, RoundStatus.COMPLETE, 20))
        # The clock stood in 2028 for a round.
        years = timedelta(days=800)
        missed_s = years.total_seconds()
        gap = measured(NOW + timedelta(minutes=5), RoundStatus.MISSED, missed_s)
        store.rounds.append(gap)
        ahead = NOW + years + timedelta(minutes=5)
        store.rounds.append(measured(ahead, RoundStatus.COMPLETE, 20))
    return config


def told(config: Config, webhook: Webhook, *moments: datetime) -> list[str]:
    for moment in moments:
        ask_store(
            config.database,
            tell,
            config,
            ask_store(config.database, silence_messages, config, now_utc=moment),
            now_utc=moment,
        )
    return [message["title"] for message in webhook.received]


@pytest.mark.parametrize("is_measured_again", [True, False])
def test_silence_is_told_although_a_clock_left_rounds_in_the_future(
    webhook: Webhook, tmp_path: Path, is_measured_again: bool
) -> None:
    config = silent_home(tmp_path, webhook)
    if is_measured_again:
        with open_store(config.database) as store:
            again = NOW + timedelta(minutes=10)
            store.rounds.append(measured(again, RoundStatus.COMPLETE, 20))
    well, silent = NOW + timedelta(minutes=20), NOW + timedelta(hours=2)
    assert told(config, webhook, well) == []
    assert told(config, webhook, silent, silent) == ["The monitor is silent"]


@pytest.mark.long
def test_silence_that_only_a_wrong_clock_saw_ends_and_hides_no_later_one(
    webhook: Webhook, tmp_path: Path
) -> None:
    config = config_of(f"sqlite:///{tmp_path / 'm.db'}", webhook.url)
    with open_store(config.database) as store:
        store.rounds.append(measured(NOW, RoundStatus.COMPLETE, 20))
    ahead = NOW + timedelta(days=800)
    assert told(config, webhook, ahead, ahead) == ["The monitor is silent"]
    with open_store(config.database) as store:
        again = NOW + timedelta(minutes=10)
        store.rounds.append(measured(again, RoundStatus.COMPLETE, 20))
    well = NOW + timedelta(minutes=12)
    expected = ["The monitor is silent", "The monitor was silent"]
    assert told(config, webhook, well, well) == expected
    silent = NOW + timedelta(hours=2)
    assert told(config, webhook, silent, silent) == [*expected, expected[0]]


def trying(folder: Path, *urls: str) -> Result:
    document = {
        "timezone": "Asia/Almaty",
        "targets": [{"name": "facebook", "url": "https://a.example/"}],
        "database": f"sqlite:///{folder / 'm.db'}",
        "notify": {"urls": urls},
    }
    (folder / "config.yaml").write_text(json.dumps(document))
    config = ("--config", str(folder / "config.yaml"))
    return CliRunner().invoke(cli, [*config, "notify", "test"])


@pytest.mark.parametrize(
    ("status", "exit_code", "words"), [(200, 0, "taken"), (500, 1, "HTTP status 500")]
)
def test_the_owner_can_try_the_services(
    webhook: Webhook, tmp_path: Path, status: int, exit_code: int, words: str
) -> None:
    webhook.status = status
    result = trying(tmp_path, webhook.url)
    assert (result.exit_code, result.stdout) == (
        exit_code,
        f"notify.urls[0] (json): {words}\n",
    )
    assert "secret" not in result.output
    assert "A test from the monitor at home" in webhook.received[0]["message"]
    assert not (tmp_path / "m.db").exists(), "a test is noted nowhere"


def test_without_a_service_there_is_nothing_to_try(tmp_path: Path) -> None:
    result = trying(tmp_path)
    assert result.exit_code == 2
    assert "notify.urls: found none" in result.stderr
