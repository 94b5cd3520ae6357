"""Messages to people: one when an episode begins, one when it ends, nothing between.

Sent to the services of the configuration, to each by a child that can be killed
(`monitor.sending`); without a service nothing leaves the house. What was sent is kept
in the database, and what could not be: a message that nobody took waits there and is
sent when the line is back, unless a newer one of its subject was made meanwhile; one
that was taken is not repeated.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor import children
from monitor.config import Config
from monitor.model import Round, RoundStatus, ServiceVerdict, Verdict
from monitor.store import Store
from monitor.store.notices import BEGIN, END, NOT_SENT, UNSENT, Notice, Notices
from monitor.text import printable
from monitor.verdict_table import Episode, row_of
from monitor.wording import Language, language
from monitor.wording.names import display_name
from monitor.wording.sentences import title

if TYPE_CHECKING:
    from monitor.report import NightReport

_log = logging.getLogger(__name__)

TEST: Final = "test"
MONITOR: Final = ""
"""Subject of messages about the monitor itself."""

_LOOKED_BACK: Final = timedelta(days=7)

_START_S: Final = 40.0
"""Until the library of services is loaded, on a small and busy machine."""
_EACH_S: Final = 20.0
_LONGEST_S: Final = 300.0
_MEMORY_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message and what is noted once it was taken."""

    kind: str
    vantage: str
    subject: str
    since: str
    title: str
    body: str


def tell(
    store: Store, config: Config, messages: Iterable[Message], *, now_utc: datetime
) -> int:
    """Send messages; note those that a service took, and which one did not and why.

    Returns
    -------
    int : how many messages were taken, by at least one service.
    """
    chosen = list(messages)
    outcomes_of = {url: troubles(url, chosen) for url in config.notify.urls if chosen}
    taken = [
        message
        for place, message in enumerate(chosen)
        if any(not outcomes[place] for outcomes in outcomes_of.values())
    ]
    for message in chosen:
        notice = _notice(message, now_utc)
        if message in taken:
            store.notices.add(notice)
        elif config.notify.urls:
            store.notices.add_new(replace(notice, kind=_waiting(message)))
    for url, outcomes in outcomes_of.items():
        for message, trouble in zip(chosen, outcomes, strict=True):
            if trouble:
                note_trouble(store.notices, url, trouble, _notice(message, now_utc))
    return len(taken)


def _waiting(message: Message) -> str:
    words = {"kind": message.kind, "title": message.title, "body": message.body}
    return f"{UNSENT} {json.dumps(words, ensure_ascii=False)}"


def waiting_messages(
    store: Store, config: Config, *, now_utc: datetime
) -> list[Message]:
    """What no service took so far, the oldest first, with when it was made."""
    tongue = language(config.report.language)
    since = now_utc - _LOOKED_BACK
    messages = []
    for notice in store.notices.unsent(config.vantage, since=since):
        words = json.loads(notice.kind.partition(" ")[2])
        made = _local(notice.told_at_utc, config, tongue)
        messages.append(
            Message(
                kind=words["kind"],
                vantage=notice.vantage,
                subject=notice.subject,
                since=notice.since,
                title=words["title"],
                body=f"({made}) {words['body']}",
            )
        )
    return messages


def tried(config: Config) -> list[tuple[str, str]]:
    """Send one message to each service; nothing of it is noted.

    Returns
    -------
    list : kind of service, and why it did not take the message; empty when it did.
    """
    tongue = language(config.report.language)
    body = tongue.fill(
        "A test from the monitor at %(vantage)s. Messages arrive.",
        {"vantage": config.vantage},
    )
    heading = tongue.gettext("The monitor: a test")
    message = _about_monitor(TEST, config, "", heading, body)
    return [
        (_kind_of(url), outcome)
        for url in config.notify.urls
        for outcome in troubles(url, [message])
    ]


def _kind_of(url: str) -> str:
    """The address may hold a secret: only the kind of service is named."""
    return url.partition("://")[0]


def note_trouble(notices: Notices, url: str, trouble: str, notice: Notice) -> None:
    """Put on record that a service did not take a message, and why."""
    service = _kind_of(url)
    _log.warning("notify event=not_taken service=%s why=%s", service, trouble)
    notices.add_new(replace(notice, kind=f"{NOT_SENT} {service}: {trouble}"))


def _notice(message: Message, now_utc: datetime) -> Notice:
    return Notice(
        told_at_utc=now_utc,
        kind=message.kind,
        vantage=message.vantage,
        subject=message.subject,
        since=message.since,
    )


def night_messages(
    store: Store, report: "NightReport", config: Config
) -> list[Message]:
    """What is new after a night: episodes that began or ended."""
    # Whoever only looks for a silence need not load pandas.
    from monitor.report import told_service

    tongue = language(config.report.language)
    last = {s.name: _last(store.notices, s.verdict) for s in report.services}
    messages = []
    for service in report.services:
        kind = change(service.verdict.members, last[service.name])
        if kind is not None:
            heading = _heading(kind, service.verdict, tongue)
            body = told_service(service, report, tongue)
            messages.append(
                Message(
                    kind=kind,
                    vantage=report.vantage,
                    subject=service.name,
                    since=report.night.isoformat(),
                    title=heading,
                    body=_marked(body, report, tongue),
                )
            )
    return messages


def _last(notices: Notices, service: ServiceVerdict) -> Notice | None:
    """The last message about a service; before it had hosts, about one of them."""
    names = {service.service, *(host.target for host in service.members)}
    told = (notices.last(service.vantage, name) for name in sorted(names))
    return max(filter(None, told), key=lambda n: n.told_at_utc, default=None)


def change(hosts: Sequence[Verdict], last: Notice | None) -> str | None:
    """Whether an episode of a service begins or ends with the verdicts on its hosts.

    It is on while it is at any of them, and over when it is over at all that tell.

    Parameters
    ----------
    hosts : the one whose verdict is the service's comes first.
    """
    is_open = last is not None and last.kind == BEGIN
    if any(_is_on(host) for host in hosts):
        return None if is_open else BEGIN
    return END if is_open and _is_over(hosts[0]) else None


def _is_on(verdict: Verdict) -> bool:
    begins = row_of(verdict.verdict).episode is Episode.BEGINS
    return begins and verdict.offset_date is None


def _is_over(verdict: Verdict) -> bool:
    ends = row_of(verdict.verdict).episode is Episode.ENDS
    return ends or verdict.offset_date is not None


def silence_messages(
    store: Store, config: Config, *, now_utc: datetime
) -> list[Message]:
    """A silence that lasts, or one that ended and was not told yet.

    The daemon asks this when it starts; `monitor nightly --silence` from a timer asks
    it while the daemon may be dead.
    """
    since, vantage = now_utc - _LOOKED_BACK, config.vantage
    rounds = list(store.rounds.read(since=since, vantage=vantage, as_of=now_utc))
    just_after = now_utc + timedelta(microseconds=1)
    newest = store.rounds.last(vantage, before=just_after)
    last = store.notices.last(vantage, MONITOR)
    silent_after = config.notify.silent_after
    if newest is None:
        return []
    end = _end(newest, config, now_utc)
    if now_utc - end > silent_after:
        return _silence_began(end, config, last)
    if last is not None and last.since > now_utc.isoformat():
        # Told by a clock that stood in the future.
        last = None
    silences = list(_silences(rounds, silent_after))
    return _silence_ended(silences or _false_alarm(rounds, last), config, last)


def _false_alarm(
    rounds: Sequence[Round], last: Notice | None
) -> list[tuple[datetime, datetime]]:
    """A silence that was told and then was none: the clock stood in the future."""
    if last is None or last.kind != BEGIN:
        return []
    since = datetime.fromisoformat(last.since)
    measured = (r.slot_start_utc for r in rounds if r.status is not RoundStatus.MISSED)
    end = min((slot for slot in measured if slot >= since), default=None)
    return [] if end is None else [(since, end)]


def _end(newest: Round, config: Config, now_utc: datetime) -> datetime:
    start = newest.slot_start_utc
    if newest.status is not RoundStatus.MISSED:
        return start + config.every
    # The daemon records its own absence when it is back; a record that is not over has
    # been written by a clock that stood in the future, and nobody is back.
    end = start + timedelta(seconds=newest.duration_s or 0.0)
    return start if end >= now_utc else end


def _silences(
    rounds: Sequence[Round], silent_after: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    for round_ in rounds:
        length = timedelta(seconds=round_.duration_s or 0.0)
        if round_.status is RoundStatus.MISSED and length > silent_after:
            yield round_.slot_start_utc, round_.slot_start_utc + length


def _silence_began(
    since: datetime, config: Config, last: Notice | None
) -> list[Message]:
    if last is not None and (last.kind, last.since) == (BEGIN, since.isoformat()):
        return []
    tongue = language(config.report.language)
    text = tongue.gettext(
        "Nothing has been measured at %(vantage)s since %(since)s. Is the machine on, "
        "and is the monitor running?"
    )
    values = {"vantage": config.vantage, "since": _local(since, config, tongue)}
    heading = tongue.gettext("The monitor is silent")
    return [_about_monitor(BEGIN, config, since.isoformat(), heading, text % values)]


def _silence_ended(
    silences: Sequence[tuple[datetime, datetime]], config: Config, last: Notice | None
) -> list[Message]:
    told_of = "" if last is None or last.kind == BEGIN else last.since
    news = [span for span in silences if span[0].isoformat() > told_of]
    if not news:
        return []
    tongue = language(config.report.language)
    start, end = news[-1]
    text = tongue.gettext(
        "%(vantage)s measures again. Nothing was measured from %(start)s to %(end)s; "
        "the reports show this as a gap."
    )
    values = {
        "vantage": config.vantage,
        "start": _local(start, config, tongue),
        "end": _local(end, config, tongue),
    }
    heading = tongue.gettext("The monitor was silent")
    return [_about_monitor(END, config, start.isoformat(), heading, text % values)]


def _about_monitor(
    kind: str, config: Config, since: str, heading: str, body: str
) -> Message:
    return Message(
        kind=kind,
        vantage=config.vantage,
        subject=MONITOR,
        since=since,
        title=heading,
        body=body,
    )


def _local(moment: datetime, config: Config, tongue: Language) -> str:
    return tongue.moment(moment.astimezone(ZoneInfo(config.timezone)))


def _heading(kind: str, service: ServiceVerdict, tongue: Language) -> str:
    name = display_name(service.service)
    if kind == END:
        return tongue.gettext("%(name)s: the slow evenings have ended") % {"name": name}
    return f"{name}: {title(service.leading, tongue)}"


def _marked(body: str, report: "NightReport", tongue: Language) -> str:
    if not report.is_simulated:
        return body
    return f"{tongue.gettext('SIMULATED DATA: nothing here was measured.')} {body}"


def troubles(
    url: str, messages: Sequence[Message], *, file: Path | None = None
) -> list[str]:
    """For each message why the service did not take it; empty when it did.

    Parameters
    ----------
    file : goes with every one of them.
    """
    texts = [
        {"title": printable(message.title), "body": printable(message.body)}
        for message in messages
    ]
    time_s = min(_START_S + _EACH_S * len(messages), _LONGEST_S)
    ended = children.run(
        "monitor.sending",
        {"url": url, "messages": texts, "file": None if file is None else str(file)},
        children.Limits(time_s=time_s, memory_bytes=_MEMORY_BYTES),
    )
    missing = len(messages) - len(ended.answers)
    return [*ended.answers, *[ended.trouble or "not taken"] * missing]
