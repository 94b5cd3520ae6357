"""`monitor pause` and `monitor resume`: a gap on record, with its reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from monitor.cli.errors_told import in_terminals_words
from monitor.cli.options import configuration, measured_database_url, refused
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import Config, parsed_duration
from monitor.errors import InputError
from monitor.reason import phrase, verbatim

if TYPE_CHECKING:
    from monitor.store import Store


@click.command("pause")
@click.argument("duration")
@click.pass_obj
def pause_command(settings: Settings, duration: str) -> None:
    """Measure nothing for DURATION, such as 30m or 2h, from the next round on.

    The rounds that are left out are on record, with their reason. The daemon, where one
    runs, need not be told.
    """
    span = _span(duration)
    with _open(settings) as (store, config, now_utc):
        until = now_utc + span
        store.pauses.append(config.vantage, asked_at_utc=now_utc, until_utc=until)
    local = until.astimezone(ZoneInfo(config.timezone))
    say(
        in_terminals_words(
            phrase(
                "paused until {moment} ({zone}); `monitor resume`",
                moment=f"{local:%Y-%m-%d %H:%M}",
                zone=config.timezone,
            )
        )
    )


@click.command("resume")
@click.pass_obj
def resume_command(settings: Settings) -> None:
    """Measure again before the pause is over."""
    with _open(settings) as (store, config, now_utc):
        until = store.pauses.paused_until(config.vantage, now_utc=now_utc)
        if until is not None:
            store.pauses.append(config.vantage, asked_at_utc=now_utc, until_utc=now_utc)
    none, over = phrase("there was no pause"), phrase("measuring goes on")
    say(in_terminals_words(none if until is None else over))


def _span(text: str) -> timedelta:
    from monitor.store.pauses import LONGEST_PAUSE

    try:
        span = parsed_duration(text)
    except ValueError as error:
        raise InputError(refused("DURATION", text, *error.args)) from None
    if not timedelta(minutes=1) <= span <= LONGEST_PAUSE:
        raise InputError(refused("DURATION", text, verbatim("1m - 744h")))
    return span


@contextmanager
def _open(settings: Settings) -> "Iterator[tuple[Store, Config, datetime]]":
    from monitor.clock import SystemClock
    from monitor.store import open_store

    measured_database_url(settings)
    config = configuration(settings)
    with open_store(config.database) as store:
        yield store, config, SystemClock().now_utc()
