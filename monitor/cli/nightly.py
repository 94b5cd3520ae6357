"""`monitor nightly`: what the daemon starts after each night and at its own start."""

import logging
import sys

import click

from monitor.cli.context import configuration
from monitor.cli.root import Settings


@click.command("nightly")
@click.pass_obj
def nightly_command(settings: Settings) -> None:
    """Judge and report every night that is over and has no report; send messages."""
    from monitor.clock import SystemClock
    from monitor.nightly import run_due_nights
    from monitor.notify import tell_night

    config = configuration(settings)
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for name in ("alembic", "fontTools", "weasyprint", "apprise"):
        logging.getLogger(name).setLevel(logging.WARNING)
    now_utc = SystemClock().now_utc()
    for night in run_due_nights(config, now_utc=now_utc):
        click.echo(f"night {night.night}: {len(night.verdicts)} verdicts")
        tell_night(night, config, now_utc=now_utc)
