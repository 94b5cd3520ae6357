"""Reports come as mail with the file, or as a link; once a period, and not unasked."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import Config, effective, parse
from monitor.deliveries import deliver, due_night
from monitor.errors import ConfigError
from monitor.store import open_store
from tests.servers.smtp import Mailbox
from tests.servers.tcp import serve

SUNDAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 16, 3, tzinfo=UTC)
PDF = b"%PDF-1.7 of the night\x00\xff"


def config_of(folder: Path, **sections: object) -> Config:
    document = {
        "timezone": "Asia/Almaty",
        "database": f"sqlite:///{folder / 'monitor.db'}",
        "targets": [{"name": "a", "url": "https://a.example/"}],
    }
    return parse({**document, **sections}, source="test")


def mail(port: int) -> str:
    return f"mailto://127.0.0.1:{port}/?from=m@a.example&to=me@a.example"


def report(folder: Path, night: date, **files: bytes) -> None:
    place = folder / "reports" / night.isoformat()
    place.mkdir(parents=True)
    for kind, body in (files or {"pdf": PDF, "html": b"<p>"}).items():
        (place / f"report.{kind}").write_bytes(body)


async def delivered(config: Config, last: date, now: datetime = NOW) -> int:
    with open_store(config.database) as store:
        return await asyncio.to_thread(deliver, store, config, last, now_utc=now)


@pytest.mark.parametrize(
    ("when", "last", "due"),
    [
        ("never", SUNDAY, None),
        ("nightly", SUNDAY, SUNDAY),
        ("weekly", SUNDAY, SUNDAY),
        ("weekly", SUNDAY + timedelta(days=6), SUNDAY),
        ("weekly", SUNDAY + timedelta(days=7), SUNDAY + timedelta(days=7)),
        ("monthly", date(2026, 3, 15), date(2026, 2, 28)),
        ("monthly", date(2026, 3, 31), date(2026, 3, 31)),
        ("monthly", date(2026, 1, 1), date(2025, 12, 31)),
    ],
)
def test_a_report_is_due_when_its_period_is_over(when, last, due) -> None:
    assert due_night(when, last) == due


async def test_the_pdf_comes_by_mail_once_and_again_when_it_was_refused(
    tmp_path: Path,
) -> None:
    report(tmp_path, SUNDAY - timedelta(days=1), html=b"<p>")
    report(tmp_path, SUNDAY)
    report(tmp_path, SUNDAY + timedelta(days=1), pdf=b"of the next week")
    box = Mailbox(refuses=True)
    async with serve(box) as server:
        folder = {"folder": str(tmp_path / "reports"), "deliver": "weekly"}
        urls = {"urls": [mail(server.port)]}
        config = config_of(tmp_path, report=folder, notify=urls)
        assert await delivered(config, SUNDAY) == 0
        with open_store(config.database) as store:
            (trouble,) = store.notices.troubles("home", since=NOW, until=NOW)
        assert trouble.kind.startswith("not_sent mailto: ")
        assert "example" not in trouble.kind + trouble.subject
        box.refuses = False
        assert await delivered(config, SUNDAY + timedelta(days=1)) == 1
        assert await delivered(config, SUNDAY + timedelta(days=2)) == 0
    (message,) = box.received
    assert "me@a.example" in message["To"]
    assert "15 March 2026" in message["Subject"]
    (file,) = message.iter_attachments()
    assert file.get_filename() == "report.pdf"
    assert file.get_content() == PDF


async def test_a_link_is_sent_instead_where_it_is_configured(tmp_path: Path) -> None:
    report(tmp_path, SUNDAY)
    box = Mailbox()
    async with serve(box) as server:
        section = {
            "folder": str(tmp_path / "reports"),
            "deliver": "nightly",
            "deliver_urls": [mail(server.port)],
            "link": "https://home.example/monitor/",
        }
        assert await delivered(config_of(tmp_path, report=section), SUNDAY) == 1
    (message,) = box.received
    text = message.get_body(("plain",)).get_content()
    place = f"https://home.example/monitor/reports/{SUNDAY}/report.html"
    assert place in text
    assert list(message.iter_attachments()) == []


async def test_without_a_report_of_the_period_nothing_is_sent(tmp_path: Path) -> None:
    report(tmp_path, SUNDAY - timedelta(days=7))
    folder = {"folder": str(tmp_path / "reports"), "deliver": "weekly"}
    config = config_of(tmp_path, report=folder, notify={"urls": [mail(1)]})
    assert await delivered(config, SUNDAY) == 0
    with open_store(config.database) as store:
        assert store.notices.troubles("home", since=NOW, until=NOW) == []


def test_nobody_gets_a_report_unasked(tmp_path: Path) -> None:
    plain = config_of(tmp_path, notify={"urls": [mail(25)]})
    assert due_night(plain.report.deliver, SUNDAY) is None


def test_only_mail_is_meant_where_no_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs report"):
        config_of(
            tmp_path,
            report={"deliver": "weekly"},
            notify={"urls": ["ntfy://a-topic-that-all-read"]},
        )


def test_no_address_of_a_delivery_is_shown(tmp_path: Path) -> None:
    url = "mailtos://me:pass%40word@a.example/"
    section = {"deliver": "weekly", "deliver_urls": [url]}
    assert "pass%40" not in str(effective(config_of(tmp_path, report=section)))
