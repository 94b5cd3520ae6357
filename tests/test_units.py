"""The units for systemd fit the program that they start."""

import re
import shlex
from pathlib import Path

import click
import pytest

from monitor.cli.consent import ENVIRONMENT_CONSENT
from monitor.cli.root import cli

FOLDER = Path("contrib/systemd")
UNITS = sorted(path.name for path in FOLDER.iterdir())


def values(unit: str, key: str) -> list[str]:
    text = (FOLDER / unit).read_text()
    return re.findall(rf"^{key}=(.*)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("unit", [u for u in UNITS if u.endswith(".service")])
def test_commands_are_the_programs_own(unit: str) -> None:
    (line,) = values(unit, "ExecStart")
    words = shlex.split(line)
    if words[0] == "/bin/sh":
        words = shlex.split(words[2].removeprefix("exec "))
    assert words[0] == "/opt/monitor/.venv/bin/monitor"
    with cli.make_context("monitor", words[1:]) as context:
        name, command, rest = cli.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert isinstance(command, click.Command)
        assert command.make_context(name, rest, parent=context)


def test_daemon_speaks_the_watchdogs_language() -> None:
    assert values("monitor.service", "Type") == ["notify"]
    assert values("monitor.service", "WatchdogSec") == ["60s"]
    assert values("monitor.service", "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert values("monitor.service", "Environment") == [f"{ENVIRONMENT_CONSENT}=yes"]


@pytest.mark.parametrize("unit", [u for u in UNITS if u.endswith(".service")])
def test_units_share_user_and_state(unit: str) -> None:
    for key, value in (
        ("User", "monitor"),
        ("StateDirectory", "monitor"),
        ("WorkingDirectory", "/var/lib/monitor"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
    ):
        assert values(unit, key) == [value]
