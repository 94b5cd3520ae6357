"""`monitor doctor`."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import configuration, spoken_language
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import echo_json, say
from monitor.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.doctor import Finding
    from monitor.wording import Language


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
        echo_json([finding.to_dict() for finding in findings])
    else:
        _print(findings, spoken_language(settings, config))
    if any(finding.state is State.BAD for finding in findings):
        sys.exit(EXIT_NO)


def _print(findings: "Sequence[Finding]", code: str) -> None:
    from monitor.wording import language
    from monitor.wording.reason_words import told

    tongue = language(code)
    marks = _marks(tongue)
    for finding in findings:
        title, outcome = told(finding.title, tongue), told(finding.outcome, tongue)
        say(f"{marks[finding.state]} {title}: {printable(outcome)}")
        if finding.remedy is not None:
            indent = " " * (len(marks[finding.state]) + 3)
            say(f"{indent}{printable(told(finding.remedy, tongue))}")


def _marks(tongue: "Language") -> dict[str, str]:
    """The mark of each state, all of one width."""
    t = tongue.gettext
    marks = {"ok": t("ok"), "warning": t("warn"), "bad": t("BAD")}
    width = max(map(len, marks.values()))
    return {state: mark.ljust(width) for state, mark in marks.items()}
