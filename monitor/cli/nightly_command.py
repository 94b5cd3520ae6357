"""`monitor nightly`: what the daemon starts after each night and at its own start."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from monitor.children import confined, end_with_parent, night_limits
from monitor.cli.options import configuration
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import Config
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.store import Store

LOWEST_PRIORITY = 19


@click.command("nightly")
@click.option(
    "--silence",
    "only_silence",
    is_flag=True,
    help="Only tell when nothing has been measured for a while (for a timer).",
)
@click.option("--child", is_flag=True, hidden=True, help="Keep limits; end with stdin.")
@click.pass_obj
def nightly_command(settings: Settings, *, only_silence: bool, child: bool) -> None:
    """Judge and report every night that is over and has no report; send messages."""
    from monitor.service import log_to_stderr

    config = configuration(settings)
    log_to_stderr(quiet=("alembic", "matplotlib", "fontTools", "weasyprint"))
    with ExitStack() as stack:
        if child:
            end_with_parent()
            stack.enter_context(confined(night_limits()))
        if stack.enter_context(_alone(config, waits=not only_silence)):
            from monitor.store import open_store

            store = stack.enter_context(open_store(config.database))
            _run(store, config, only_silence=only_silence)


@contextmanager
def _alone(config: Config, *, waits: bool) -> Iterator[bool]:
    """Whether no other nightly works on this database meanwhile.

    Two at once would tell everything twice. The lock is on the folder of the database
    (of a server: the working one), so that no file is needed for it.
    """
    from monitor.store.spool_file import spool_path

    handle = os.open(spool_path(config.database).absolute().parent, os.O_RDONLY)
    try:
        yield _locked(handle, waits=waits)
    finally:
        os.close(handle)


def _locked(handle: int, *, waits: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        # The other one looks for a silence, too.
        say("nightly: another one is at work, which tells it", err=True)
        return False
    except OSError as error:
        say(f"nightly: cannot tell whether another one is at work: {error}", err=True)
    return True


def _run(store: "Store", config: Config, *, only_silence: bool) -> None:
    from monitor.clock import SystemClock
    from monitor.notify import night_messages, silence_messages, tell

    now_utc = SystemClock().now_utc()
    silences = silence_messages(store, config, now_utc=now_utc)
    tell(store, config, silences, now_utc=now_utc)
    if only_silence:
        return
    os.nice(LOWEST_PRIORITY)
    from monitor.deliveries import deliver
    from monitor.nights import last_night, run_due_nights

    for night in run_due_nights(store, config, now_utc=now_utc):
        say(f"night {night.night}: {len(night.analysis.verdicts)} verdicts", err=True)
        for report in night.reports:
            messages = night_messages(store, report, config)
            tell(store, config, messages, now_utc=now_utc)
    deliver(store, config, last_night(now_utc, config), now_utc=now_utc)
    if config.fleet.to is not None:
        _push(store, config, config.fleet.to, now_utc)


def _push(store: "Store", config: Config, to: str, now_utc: "datetime") -> None:
    """Push closed days into the owner's lake; what fails is tried the next night."""
    from monitor.fleet.lake import Lake
    from monitor.fleet.pushing import due_days, push

    try:
        lake = Lake.open(to)
        for day in due_days(store, config, lake, now_utc=now_utc):
            push(lake, day)
            say(f"fleet: pushed {day.manifest['day']}", err=True)
    except MonitorError as error:
        say(f"fleet: not pushed, tried again the next night: {error}", err=True)
