"""`monitor nightly`: what the daemon starts after each night and at its own start."""

import os

import click

from monitor.cli.context import configuration
from monitor.cli.root import Settings
from monitor.cli.terminal import say

LOWEST_PRIORITY = 19


@click.command("nightly")
@click.option(
    "--silence",
    "only_silence",
    is_flag=True,
    help="Only tell when nothing has been measured for a while (for a timer).",
)
@click.pass_obj
def nightly_command(settings: Settings, *, only_silence: bool) -> None:
    """Judge and report every night that is over and has no report; send messages."""
    from monitor.clock import SystemClock
    from monitor.notify import night_messages, silence_messages, tell
    from monitor.service import log_to_stderr

    config = configuration(settings)
    log_to_stderr(quiet=("alembic", "matplotlib", "fontTools", "weasyprint", "apprise"))
    now_utc = SystemClock().now_utc()
    tell(config, silence_messages(config, now_utc=now_utc), now_utc=now_utc)
    if only_silence:
        return
    os.nice(LOWEST_PRIORITY)
    from monitor.nightly import run_due_nights

    for night in run_due_nights(config, now_utc=now_utc):
        say(f"night {night.night}: {len(night.analysis.verdicts)} verdicts", err=True)
        for report in night.reports:
            tell(config, night_messages(report, config), now_utc=now_utc)
