"""The night report brought to people: as a file with a message, or as a link to it.

Only where `report.deliver` says so. It goes the way of all messages, by a child that
can be killed (`monitor.sending`), to each address by itself; what one did not take is
tried after the next night.
"""

import calendar
import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from monitor.config import Config
from monitor.night_folders import night_folders
from monitor.notify import Message, note_trouble, troubles
from monitor.store import Store
from monitor.store.notices import DELIVERED, Notice
from monitor.wording import language

_log = logging.getLogger(__name__)

_SUNDAY: Final = 6
_FILES: Final = ("report.pdf", "report.html")
"""What is sent: the first that the system could make."""
_MOST_BYTES: Final = 10_000_000
"""What a mail server takes."""


def deliver(store: Store, config: Config, last: date, *, now_utc: datetime) -> int:
    """Send the report that is due to every address that does not have it yet.

    Parameters
    ----------
    last : the last night that is over.

    Returns
    -------
    int : how many addresses took it.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    due = due_night(config.report.deliver, last)
    folder = None if due is None else _newest(Path(config.report.folder), due, config)
    if due is None or folder is None:
        return 0
    n_taken = 0
    for url in config.deliver_urls:
        if _is_delivered(store, config, url, due):
            continue
        n_taken += _send(store, config, url, (folder, due), now_utc)
    return n_taken


def due_night(deliver: str, last: date) -> date | None:
    """The night whose report is to be sent, as of the last one; None: none is."""
    match deliver:
        case "nightly":
            return last
        case "weekly":
            return last - timedelta(days=(last.weekday() - _SUNDAY) % 7)
        case "monthly":
            length = calendar.monthrange(last.year, last.month)[1]
            is_over = last.day == length
            return last if is_over else last.replace(day=1) - timedelta(days=1)
    return None


def _newest(folder: Path, due: date, config: Config) -> Path | None:
    """The newest report of the period that ends with a night; None without one."""
    length = {"nightly": 1, "weekly": 7, "monthly": 28}[config.report.deliver]
    first = (due - timedelta(days=length - 1)).isoformat()
    made = [n for n in night_folders(folder) if first <= n.name <= str(due)]
    return made[-1] if made else None


def _is_delivered(store: Store, config: Config, url: str, due: date) -> bool:
    last = store.notices.delivered(config.vantage, _subject(url))
    return last is not None and last.since >= due.isoformat()


def _subject(url: str) -> str:
    """Names an address without telling it: it may hold a secret."""
    return f":report {sha256(url.encode()).hexdigest()[:16]}"


def _send(
    store: Store, config: Config, url: str, of: tuple[Path, date], now_utc: datetime
) -> bool:
    folder, due = of
    message, file = _message(config, folder)
    (trouble,) = troubles(url, [message], file=file)
    notice = Notice(
        told_at_utc=now_utc,
        kind=DELIVERED,
        vantage=config.vantage,
        subject=_subject(url),
        since=due.isoformat(),
    )
    if trouble:
        note_trouble(store.notices, url, trouble, notice)
    else:
        store.notices.add(notice)
        _log.info("report event=delivered night=%s", folder.name)
    return not trouble


def _night(folder: Path) -> date:
    return date.fromisoformat(folder.name)


def _message(config: Config, folder: Path) -> tuple[Message, Path | None]:
    tongue = language(config.report.language)
    files = list(_sendable(folder))
    values = {"date": tongue.long_date(_night(folder)), "vantage": config.vantage}
    link = config.report.link
    if link is not None:
        place = f"{link.rstrip('/')}/reports/{folder.name}/report.html"
        body = tongue.fill("The report is at %(link)s", {"link": place})
    elif files:
        body = tongue.gettext("The report is attached.")
    else:
        body = tongue.fill(
            "The report is too large to be sent; it lies in %(folder)s",
            {"folder": str(folder)},
        )
    message = Message(
        kind=DELIVERED,
        vantage=config.vantage,
        subject=":report",
        since=folder.name,
        title=tongue.fill("Night report of %(date)s, %(vantage)s", values),
        body=body,
    )
    return message, files[0] if files and link is None else None


def _sendable(folder: Path) -> Iterator[Path]:
    for name in _FILES:
        path = folder / name
        if path.is_file() and path.stat().st_size <= _MOST_BYTES:
            yield path.absolute()
