"""`monitor notify`: whether messages arrive."""

import logging
import shutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import click

from monitor.children import Limits, confined, end_with_parent
from monitor.cli.errors_told import in_terminals_words
from monitor.cli.options import configuration
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import say, visible
from monitor.config import Config
from monitor.errors import InputError
from monitor.reason import phrase

if TYPE_CHECKING:
    from monitor.clock import SystemClock
    from monitor.present_messages import Machine
    from monitor.store import Store

_log = logging.getLogger(__name__)

CLOCK_SETTLES_S: Final = 3600.0
MOMENT_LIMITS: Final = Limits(time_s=240.0, memory_bytes=512 << 20)


@click.group("notify")
def notify_command() -> None:
    """Messages to the services of `notify.urls`."""


@notify_command.command("present", hidden=True)
@click.option("--child", is_flag=True, hidden=True, help="Keep limits; end with stdin.")
@click.pass_obj
def present_command(settings: Settings, *, child: bool) -> None:
    """Tell what is new at this moment and what still waits, and beat: after a round."""
    from monitor.service import log_to_stderr

    config = configuration(settings)
    log_to_stderr(quiet=("alembic",))
    with ExitStack() as stack:
        if child:
            end_with_parent()
            stack.enter_context(confined(MOMENT_LIMITS))
        _tell_present(config)


def _tell_present(config: Config) -> None:
    from monitor.clock import SystemClock
    from monitor.heartbeat import beat
    from monitor.store import open_store

    if config.notify.urls:
        clock = SystemClock()
        with open_store(config.database) as store:
            _tell_messages(store, config, clock)
    trouble = "" if config.notify.heartbeat is None else beat(config.notify.heartbeat)
    if trouble:
        _log.warning("heartbeat event=in_vain why=%s", trouble)


def _tell_messages(store: "Store", config: Config, clock: "SystemClock") -> None:
    from monitor.notify import tell, waiting_messages
    from monitor.present import LineState
    from monitor.present_messages import is_quiet, present_messages
    from monitor.web.answers.facts import Facts
    from monitor.web.answers.now import present

    moment = present(Facts(config, store, clock))
    now_utc = moment.now_utc
    new = present_messages(store, config, moment, _machine(config, clock))
    new_subjects = {message.subject for message in new}
    waiting = []
    if moment.line is LineState.UP and not is_quiet(config, now_utc):
        waiting = waiting_messages(store, config, now_utc=now_utc)
    old = [message for message in waiting if message.subject not in new_subjects]
    tell(store, config, [*old, *new], now_utc=now_utc)


def _machine(config: Config, clock: "SystemClock") -> "Machine":
    from monitor.clock import is_synchronised
    from monitor.present_messages import Machine
    from monitor.store.spool_file import spool_path

    folder = spool_path(config.database).absolute().parent
    # A machine that has just started has not had the time.
    is_settled = clock.since_boot_s() > CLOCK_SETTLES_S
    return Machine(
        free_bytes=shutil.disk_usage(folder).free,
        is_clock_wrong=is_settled and is_synchronised() is False,
    )


@notify_command.command("test")
@click.pass_obj
def test_command(settings: Settings) -> None:
    """Send one message to every configured service, and say what became of each.

    Exit status 1 when a service did not take it.
    """
    from monitor import notify

    config = configuration(settings)
    if not config.notify.urls:
        raise InputError(
            phrase(
                "notify.urls: found none; allowed: addresses of services, such as"
                " ntfy://ntfy.sh/a-topic-of-yours"
            )
        )
    outcomes = notify.tried(config)
    taken = in_terminals_words(phrase("taken"))
    for place, (service, trouble) in enumerate(outcomes):
        say(f"notify.urls[{place}] ({service}): {visible(trouble) or taken}")
    if any(trouble for _, trouble in outcomes):
        sys.exit(EXIT_NO)
