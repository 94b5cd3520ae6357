"""What the service manager (systemd) is told, and how it wants log lines.

Its protocol is one datagram with a few words, so that no library is needed; without a
service manager all of this does nothing. See sd_notify(3), sd-daemon(3).
"""

import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from monitor.clock import Clock
from monitor.masking import masked_in
from monitor.text import printable
from monitor.untyped import Theirs

_log = logging.getLogger(__name__)

STDERR_FD: Final = 2
_PRIORITIES: Final = (
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
"""Log level -> priority of syslog, from the top."""


class ServiceManager:
    """Tells the service manager that the daemon is ready, alive, and about to end.

    Parameters
    ----------
    address : socket of the manager; empty: there is none.
    watchdog_s : it restarts the daemon after this long without a sign; None: never.
    """

    def __init__(
        self, clock: Clock, *, address: str = "", watchdog_s: float | None = None
    ) -> None:
        self._clock = clock
        # A name that begins with "@" stands for one in the abstract namespace.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._period_s = None if watchdog_s is None else watchdog_s / 2
        self._due_at_s = clock.monotonic_s()

    def ready(self) -> None:
        """Measuring has begun."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The daemon still ticks; told at most twice per limit of the watchdog."""
        now_s = self._clock.monotonic_s()
        if self._period_s is not None and now_s >= self._due_at_s:
            self._due_at_s = now_s + self._period_s
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The daemon has begun to end."""
        self._tell("STOPPING=1")

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(words.encode(), self._address)
        except OSError as error:
            _log.warning("service_manager event=not_told reason=%s", error)


def service_manager(clock: Clock, environment: Mapping[str, str]) -> ServiceManager:
    """The manager that started this process; does nothing when there is none."""
    limit_us = environment.get("WATCHDOG_USEC", "")
    # The limit may be meant for another process, such as a shell around this one.
    is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return ServiceManager(
        clock,
        address=environment.get("NOTIFY_SOCKET", ""),
        watchdog_s=int(limit_us) / 1e6 if limit_us.isdigit() and is_ours else None,
    )


class PlainFormatter(logging.Formatter):
    """Lines whose text steers no terminal and cannot pretend to be lines of the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - theirs
        """The message; what it has beyond its first line is set in."""
        lines = super().formatMessage(record).splitlines()
        return "\n    ".join(map(_shown, lines))

    def formatException(self, ei: Theirs) -> str:  # noqa: N802 - theirs
        """The traceback, set in too."""
        return "\n    ".join(map(_shown, super().formatException(ei).splitlines()))


def _shown(line: str) -> str:
    """A line of the log; the address of a database in it shows no password."""
    return printable(masked_in(line))


class JournalFormatter(PlainFormatter):
    """Lines for the journal: it keeps the time itself and takes the level as a mark."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, each of its lines with the mark of its priority."""
        return marked(super().format(record), record.levelno)


def marked(text: str, level: int) -> str:
    """Each line of a text with the mark of its priority."""
    marks = (mark for lowest, mark in _PRIORITIES if level >= lowest)
    mark = next(marks, 7)
    return "\n".join(f"<{mark}>{line}" for line in text.splitlines())


def reads_journal(environment: Mapping[str, str], stream_fd: int) -> bool:
    """Whether what is written to an open file goes straight to the journal.

    The variable alone does not tell: a terminal of a desktop, or a pipe of a service,
    inherits it.
    """
    try:
        file = os.fstat(stream_fd)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{file.st_dev}:{file.st_ino}"


def log_formatter(environment: Mapping[str, str], stream_fd: int) -> logging.Formatter:
    """How log lines look: for the journal when it reads them, else with their time."""
    if reads_journal(environment, stream_fd):
        return JournalFormatter("%(name)s %(message)s")
    return PlainFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")


def log_to_stderr(*, quiet: Sequence[str]) -> None:
    """Log from now on to standard error, which the journal of a service reads.

    Parameters
    ----------
    quiet : loggers that tell of every step; only their troubles are news.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(log_formatter(os.environ, STDERR_FD))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)


def last_words(text: str) -> str:
    """Why the program ends, for standard error: marked as an error for the journal."""
    is_read = reads_journal(os.environ, STDERR_FD)
    return marked(text, logging.ERROR) if is_read else text
