"""`monitor doctor`."""

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path

import click

from monitor.cli.options import configuration
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import echo_json, say
from monitor.text import printable

_MARKS = {"ok": "ok  ", "warning": "warn", "bad": "BAD "}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.pass_obj
def doctor_command(settings: Settings, *, as_json: bool) -> None:
    """Check resolver, clock, zone data, disk, database, controls, neutral server.

    Exit status 1 when something would spoil the measurements.
    """
    from monitor.clock import SystemClock
    from monitor.daemon.wiring import probe_settings
    from monitor.doctor import State, examine
    from monitor.store import Store

    config = configuration(settings)
    with Store(config.database) as store:
        findings = asyncio.run(
            examine(
                store,
                config,
                probe_settings(config),
                clock=SystemClock(),
                directory=Path.cwd(),
                config_path=settings.config_path,
            )
        )
    if as_json:
        echo_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            say(f"{_MARKS[finding.state]} {finding.check}: {printable(finding.result)}")
            if finding.advice:
                say(f"       {printable(finding.advice)}")
    if any(finding.state is State.BAD for finding in findings):
        sys.exit(EXIT_NO)
