"""Days of the daemon in the lab's home, with the waiting left out.

Its wall clock is set from slot to slot, so that each gets its round. Durations are
true.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.lab import LAB, labctl

ZONE = ZoneInfo("Asia/Almaty")
FIRST = datetime(2026, 3, 10, tzinfo=ZONE)
PREFIX = os.environ.get("LAB_PREFIX", "")
_PATIENCE_S = 90.0


def asked(
    description: str, conditions: Mapping[str, object], *, prefix: str
) -> tuple[Path, Sequence[str]]:
    """Where the days stay and which are to be measured, by the command line.

    The lab is up then.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", choices=conditions, nargs="*", help="none: table")
    parser.add_argument("--keep", type=Path, help="databases and verdicts stay here")
    arguments = parser.parse_args()
    labctl("up")
    base = arguments.keep or Path(tempfile.mkdtemp(prefix=prefix))
    return base, tuple(conditions) if arguments.only is None else arguments.only


@contextmanager
def daemon(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The installed daemon on a folder's `config.yaml`, in the home, by its clock."""
    command = [LAB / "labctl", "exec", "--clock", "--tz", ZONE.key]
    command += ["nice", "-n", "-10", Path(sys.executable).parent / "monitor", "run"]
    environment = {**os.environ, "MONITOR_CONSENT": "yes"}
    with (folder / "daemon.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=environment
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def set_clock(moment: datetime) -> None:
    """Put the lab's clock there."""
    labctl("clock", "set", f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}")


def wait_for_round(database: Path, slot: datetime, within_s: Sequence[int]) -> None:
    """Move the clock through the slot until its round, and all after it, is done.

    Parameters
    ----------
    within_s : where in the slot the clock is put [s]; the round's instant has passed
        at one of these at last.
    """
    ends_s = time.monotonic() + _PATIENCE_S
    for seconds in within_s:
        set_clock(slot + timedelta(seconds=seconds))
        looks_until_s = time.monotonic() + 1.2
        while time.monotonic() < looks_until_s or seconds == within_s[-1]:
            if _has_round(database, slot):
                _wait_for_quiet()
                return
            if _is_measuring():
                looks_until_s = time.monotonic() + 1.2
            if time.monotonic() > ends_s:
                print(f"no round at {slot:%d %H:%M}", file=sys.stderr)
                return
            time.sleep(0.1)


def _is_measuring() -> bool:
    """Whether a connection of the home is open or being made."""
    states = ["state", "established", "state", "syn-sent"]
    words = ["ip", "netns", "exec", f"{PREFIX}home", "ss", "-Htn", *states]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return any(
        not line.split()[3].startswith("127.")
        for line in done.stdout.split("\n")
        if line
    )


def _has_round(database: Path, slot: datetime) -> bool:
    """Whether the round of a slot is on record."""
    if not database.exists():
        return False
    query = "SELECT count(*) FROM rounds WHERE slot_start_us = ? AND n_done > 0"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            (n,) = connection.execute(query, [int(slot.timestamp() * 1e6)]).fetchone()
        except sqlite3.OperationalError:
            return False
    return bool(n)


def _wait_for_quiet() -> None:
    """Until no connection was open for half a second."""
    quiet_since_s = time.monotonic()
    ends_s = quiet_since_s + _PATIENCE_S
    while time.monotonic() - quiet_since_s < 0.5 and time.monotonic() < ends_s:
        if _is_measuring():
            quiet_since_s = time.monotonic()
        time.sleep(0.05)


def monitor(folder: Path, *words: str) -> str:
    """What the command prints there."""
    command = [Path(sys.executable).parent / "monitor", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def judge(folder: Path) -> None:
    """Keep what the program says of the days."""
    (folder / "verdicts.json").write_text(monitor(folder, "analyze", "--json"))
