"""`monitor run`."""

import asyncio

import click

from monitor.cli.options import configuration
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import masked


@click.command("run")
@click.option("--yes", is_flag=True, help="Consent given: do not ask on a terminal.")
@click.pass_obj
def run_command(settings: Settings, *, yes: bool) -> None:
    """Measure every few minutes, analyse every night, until SIGTERM or Ctrl-C."""
    from monitor.cli.consent import ensure_consent
    from monitor.cli.forecast import forecast_text
    from monitor.clock import SystemClock
    from monitor.daemon.serving import serve
    from monitor.service import log_to_stderr
    from monitor.store import Store

    config = configuration(settings)
    log_to_stderr(quiet=("apscheduler", "alembic"))
    clock = SystemClock()
    store = Store(config.database)
    ensure_consent(store, config, clock, yes=yes)
    every_s = int(config.every.total_seconds())
    say(
        f"monitor measures {len(config.targets)} targets and {len(config.controls)} "
        f"controls every {every_s} s into {masked(config.database)}; first round now. "
        "Ctrl-C ends it."
    )
    say(forecast_text(config))
    asyncio.run(
        serve(
            store,
            config,
            config_path=settings.config_path,
            clock=clock,
            announce=say,
        )
    )
