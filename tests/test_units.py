"""The units for systemd fit the program that they start."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from monitor.cli.consent import ENVIRONMENT_CONSENT
from monitor.cli.root import EXIT_INPUT, cli

FOLDER = Path("contrib/systemd")
UNITS = sorted(path.name for path in FOLDER.iterdir())
SERVICES = [unit for unit in UNITS if unit.endswith(".service")]
ADDING_UP = {"Environment", "SystemCallFilter"}


def values(unit: str, key: str) -> list[str]:
    text = (FOLDER / unit).read_text()
    return re.findall(rf"^{key}=(.*)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("unit", SERVICES)
def test_commands_are_the_programs_own(unit: str) -> None:
    (line,) = values(unit, "ExecStart")
    words = shlex.split(line)
    assert words[0] == "/opt/monitor/.venv/bin/monitor"
    with cli.make_context("monitor", words[1:]) as context:
        name, command, rest = cli.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert isinstance(command, click.Command)
        assert command.make_context(name, rest, parent=context)


def test_daemon_speaks_the_watchdogs_language() -> None:
    assert values("monitor.service", "Type") == ["notify"]
    assert values("monitor.service", "WatchdogSec") == ["3min"]
    assert values("monitor.service", "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert f"{ENVIRONMENT_CONSENT}=yes" in values("monitor.service", "Environment")


@pytest.mark.parametrize("unit", SERVICES)
def test_units_share_user_and_state(unit: str) -> None:
    for key, value in (
        # A drop-in would reach one unit only: all must find the same database.
        ("EnvironmentFile", "-/etc/monitor/environment"),
        ("User", "monitor"),
        ("StateDirectory", "monitor"),
        ("StateDirectoryMode", "0700"),
        ("WorkingDirectory", "/var/lib/monitor"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
    ):
        assert values(unit, key) == [value]


@pytest.mark.parametrize("unit", SERVICES)
def test_sandbox_leaves_what_the_program_needs(unit: str) -> None:
    # /proc/net/route and its like are not in the subset; os.nice() is of @resources.
    assert values(unit, "ProcSubset") == []
    assert values(unit, "SystemCallFilter") == ["@system-service", "~@privileged"]


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_well_formed(unit: str) -> None:
    """Sections, keys and comments only, and no key twice but those that add up."""
    seen: set[tuple[str, str]] = set()
    section = ""
    for line in (FOLDER / unit).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if found := re.fullmatch(r"\[(Unit|Service|Timer|Install)\]", line):
            section = found[1]
            continue
        name, equals, value = line.partition("=")
        assert section, line
        assert equals, line
        assert re.fullmatch("[A-Z][A-Za-z]+", name), line
        assert not value.endswith("\\"), line
        assert (section, name) not in seen or name in ADDING_UP, line
        seen.add((section, name))


def test_boot_waits_neither_for_a_network_nor_for_its_time() -> None:
    ordered = " ".join(
        values("monitor.service", "After") + values("monitor.service", "Wants")
    )
    assert "online" not in ordered
    assert "time-sync" not in ordered


def test_configuration_that_cannot_be_used_is_not_tried_every_ten_seconds() -> None:
    assert values("monitor.service", "RestartPreventExitStatus") == [str(EXIT_INPUT)]


@pytest.mark.long
def test_report_has_a_place_for_its_lists_of_fonts(tmp_path: Path) -> None:
    """Without a home it would warn, and look for all fonts anew, every night."""
    assert values("monitor.service", "CacheDirectory") == ["monitor"]
    words = " ".join(values("monitor.service", "Environment")).split()
    given = dict(w.replace("%C", str(tmp_path)).split("=", 1) for w in words)
    found = subprocess.run(
        [sys.executable, "-c", "import monitor.report.charts"],
        env={"PATH": os.environ["PATH"], "HOME": "/proc", **given},
        capture_output=True,
        text=True,
        check=True,
    )
    # Its warning of a folder that cannot be written; a slow machine hears of the list.
    assert "MPLCONFIGDIR" not in found.stderr
    assert [*(tmp_path / "monitor" / "matplotlib").glob("fontlist*")]
