"""`monitor run`."""

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from monitor.cli.options import configuration_apart
from monitor.cli.root import EXIT_INPUT, Settings
from monitor.cli.terminal import say
from monitor.config import masked
from monitor.errors import StoreError
from monitor.reason import phrase

if TYPE_CHECKING:
    from monitor.store import Store


@click.command("run")
@click.option("--yes", is_flag=True, help="Consent given: do not ask on a terminal.")
@click.pass_obj
def run_command(settings: Settings, *, yes: bool) -> None:
    """Measure every few minutes, analyse every night, until SIGTERM or Ctrl-C."""
    from monitor.cli.consent import ensure_consent
    from monitor.cli.forecast import forecast
    from monitor.cli.told_apart import told_apart
    from monitor.clock import SystemClock
    from monitor.daemon.serving import serve
    from monitor.service import log_to_stderr
    from monitor.store import Store

    config = configuration_apart(settings)
    log_to_stderr(quiet=("apscheduler", "alembic"))
    clock = SystemClock()
    store = Store(config.database)
    _upgrade_apart(store)
    ensure_consent(store, config, clock, yes=yes)
    every_s = int(config.every.total_seconds())
    begun = phrase(
        "monitor measures {targets} targets and {controls} controls every {every} s"
        " into {database}; first round now. Ctrl-C ends it.",
        targets=len(config.targets),
        controls=len(config.controls),
        every=str(every_s),
        database=masked(config.database),
    )
    say("\n".join(told_apart([begun, forecast(config)])))
    asyncio.run(
        serve(
            store,
            config,
            config_path=settings.config_path,
            clock=clock,
            announce=say,
        )
    )


def _upgrade_apart(store: "Store") -> None:
    """Let a child make the database, or bring it to this version, where it is not.

    What that loads (Alembic) would stay here for months.
    """
    try:
        if store.is_current():
            return
    except StoreError:
        return  # away: it is asked again later, here
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "db", "upgrade"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "MONITOR_DATABASE": store.url},
        check=False,
    )
    if done.returncode == EXIT_INPUT:
        sys.exit(EXIT_INPUT)  # it has told why
