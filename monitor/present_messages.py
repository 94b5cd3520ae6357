"""Messages of this moment: line down and back, a site slow now, disk, clock.

Nothing is remembered here but what was told: each message follows from the present and
the last message about the same subject, so that one which nobody took is made again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from monitor.config import Config
from monitor.evening_rule import DAY_MIN, Window
from monitor.model import Role
from monitor.notify import Message
from monitor.present import LineState, Present, SiteNow, SiteState
from monitor.store import Store
from monitor.store.notices import BEGIN, END, Notice
from monitor.wording import Language, language
from monitor.wording.names import display_name
from monitor.wording.reason_words import told

LINE: Final = ":line"
DISK: Final = ":disk"
CLOCK: Final = ":clock"
_SITE: Final = ":now:"
"""Subjects; a colon begins no service's name."""

LOW_DISK_BYTES: Final = 200_000_000
"""Samples still fit for months, but a report or a backup may not."""
_ROOM_AGAIN_BYTES: Final = 2 * LOW_DISK_BYTES
_LINE_ROUNDS: Final = 2
"""One failed round is no dead line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the machine says of itself."""

    free_bytes: int
    is_clock_wrong: bool


def present_messages(
    store: Store, config: Config, present: Present, machine: Machine
) -> list[Message]:
    """What is to be told at this moment; nothing within the quiet hours."""
    if is_quiet(config, present.now_utc):
        return []
    teller = _Teller(store, config, present.now_utc)
    return [
        *_of_line(teller, present),
        *_of_sites(teller, present),
        *_of_disk(teller, machine),
        *_of_clock(teller, machine),
    ]


def is_quiet(config: Config, now_utc: datetime) -> bool:
    """Whether the owner wants no message now; the hours may cross midnight."""
    quiet = config.notify.quiet
    if quiet is None:
        return False
    start, end = (_minutes(text) for text in (quiet.start, quiet.end))
    local = now_utc.astimezone(ZoneInfo(config.timezone))
    hours = Window(start, (end - start) % DAY_MIN)
    return hours.has_clock(local.hour * 60 + local.minute)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


class _Teller:
    """Makes the messages of one moment."""

    def __init__(self, store: Store, config: Config, now_utc: datetime) -> None:
        self._store = store
        self.config = config
        self.now_utc = now_utc
        self.tongue: Language = language(config.report.language)

    def last(self, subject: str) -> Notice | None:
        """The last message about a subject, be it taken or still unsent."""
        return self._store.notices.last_made(self.config.vantage, subject)

    def is_open(self, subject: str) -> bool:
        """Whether it was told that this began, and not yet that it ended."""
        last = self.last(subject)
        return last is not None and last.kind == BEGIN

    def begins(self, subject: str, since: str, title: str, body: str) -> Message:
        """That something began."""
        return self._message(BEGIN, subject, since, title, body)

    def ends(self, subject: str, title: str, body: str) -> Message:
        """That it is over; since when it was is what was told first."""
        last = self.last(subject)
        since = "" if last is None else last.since
        return self._message(END, subject, since, title, body)

    def since(self, subject: str) -> str:
        """Since when it was, as the home's clocks show it."""
        last = self.last(subject)
        return "" if last is None else self.local(datetime.fromisoformat(last.since))

    def local(self, moment: datetime) -> str:
        """A moment as the home's clocks show it."""
        return self.tongue.moment(moment.astimezone(ZoneInfo(self.config.timezone)))

    def _message(
        self, kind: str, subject: str, since: str, title: str, body: str
    ) -> Message:
        return Message(
            kind=kind,
            vantage=self.config.vantage,
            subject=subject,
            since=since,
            title=title,
            body=body,
        )


def _of_line(teller: _Teller, present: Present) -> Iterator[Message]:
    tongue = teller.tongue
    if present.line is LineState.DOWN and not teller.is_open(LINE):
        since = _down_since(present)
        if not _has_lasted(since, _LINE_ROUNDS, teller):
            return
        body = " ".join(told(reason, tongue) for reason in present.reasons[:1])
        yield teller.begins(
            LINE, since.isoformat(), tongue.gettext("The line is down"), body
        )
    elif present.line is LineState.UP and teller.is_open(LINE):
        text = tongue.gettext(
            "The line at %(vantage)s is back. It was down from %(start)s to about"
            " %(end)s."
        )
        values = {
            "vantage": teller.config.vantage,
            "start": teller.since(LINE),
            "end": teller.local(present.now_utc),
        }
        yield teller.ends(LINE, tongue.gettext("The line is back"), text % values)


def _down_since(present: Present) -> datetime:
    """When the last site failed that had still answered."""
    failing = [site.since_utc for site in present.sites if site.since_utc is not None]
    return max(failing, default=present.now_utc)


def _has_lasted(since_utc: datetime | None, n_rounds: int, teller: _Teller) -> bool:
    """Whether something is so in that many rounds in a row."""
    if since_utc is None:
        return False
    span: timedelta = (n_rounds - 1) * teller.config.every
    # A round begins at a random instant of its slot.
    return teller.now_utc - since_utc >= span - teller.config.every / 2


def _of_sites(teller: _Teller, present: Present) -> Iterator[Message]:
    if teller.config.notify.slow_now is None or present.line is not LineState.UP:
        return
    for site in present.sites:
        if site.role is Role.TARGET:
            yield from _of_site(teller, present, site)


def _of_site(teller: _Teller, present: Present, site: SiteNow) -> Iterator[Message]:
    subject, tongue = f"{_SITE}{site.target}", teller.tongue
    name = display_name(site.target)
    is_open = teller.is_open(subject)
    if not is_open and _is_slow(teller, present, site):
        since = (site.since_utc or present.now_utc).isoformat()
        heading = tongue.gettext("%(name)s is slow now") % {"name": name}
        reasons = (r for r in present.reasons if (site.target,) == r.values.get("site"))
        body = " ".join(told(reason, tongue) for reason in reasons)
        yield teller.begins(subject, since, heading, body)
    elif is_open and site.state is SiteState.WELL:
        heading = tongue.gettext("%(name)s is no longer slow") % {"name": name}
        text = tongue.gettext("It was slow or silent from %(start)s to about %(end)s.")
        values = {
            "start": teller.since(subject),
            "end": teller.local(present.now_utc),
        }
        yield teller.ends(subject, heading, text % values)


def _is_slow(teller: _Teller, present: Present, site: SiteNow) -> bool:
    """By the owner's own factor, beyond the controls, in so many rounds."""
    limit = teller.config.notify.slow_now
    if limit is None:
        return False
    if site.state is SiteState.FAILED:
        has_answered = site.has_ever_answered
        return has_answered and _has_lasted(site.since_utc, limit.rounds, teller)
    least = limit.factor * max(1.0, present.controls_times_slower or 1.0)
    run = site.slow_run[: limit.rounds]
    return len(run) == limit.rounds and min(run) >= least


def _of_disk(teller: _Teller, machine: Machine) -> Iterator[Message]:
    tongue, is_open = teller.tongue, teller.is_open(DISK)
    values = {
        "vantage": teller.config.vantage,
        "free": tongue.size(machine.free_bytes),
    }
    if machine.free_bytes < LOW_DISK_BYTES and not is_open:
        text = tongue.gettext(
            "%(free)s are free at %(vantage)s. Measuring goes on; samples wait in"
            " memory when nothing is left."
        )
        heading = tongue.gettext("The disk is nearly full")
        yield teller.begins(DISK, teller.now_utc.isoformat(), heading, text % values)
    elif machine.free_bytes >= _ROOM_AGAIN_BYTES and is_open:
        text = tongue.gettext("%(free)s are free at %(vantage)s.")
        heading = tongue.gettext("The disk has room again")
        yield teller.ends(DISK, heading, text % values)


def _of_clock(teller: _Teller, machine: Machine) -> Iterator[Message]:
    tongue, is_open = teller.tongue, teller.is_open(CLOCK)
    values = {"vantage": teller.config.vantage}
    if machine.is_clock_wrong and not is_open:
        text = tongue.gettext(
            "The clock of the machine at %(vantage)s is not synchronised: evenings may"
            " be told at wrong hours. Switch on NTP."
        )
        heading = tongue.gettext("The clock may be wrong")
        yield teller.begins(CLOCK, teller.now_utc.isoformat(), heading, text % values)
    elif not machine.is_clock_wrong and is_open:
        text = tongue.gettext(
            "The clock of the machine at %(vantage)s is synchronised again."
        )
        heading = tongue.gettext("The clock is right again")
        yield teller.ends(CLOCK, heading, text % values)
