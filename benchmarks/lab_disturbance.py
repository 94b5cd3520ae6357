"""What blocks do to the ordinary rounds: phases and goodput with and without them.

Sessions of the daemon in the lab's home, in pairs: one with `differential`, one
without, the first by coin. Its wall clock is set from slot to slot, so that a block
ends a second before the next round, where it ends twenty before on a true clock: what
blocks leave behind would be seen sooner. The neutral server is slow to names that it
does not know, so that every slot from the third on has a block; nothing else is slowed.

    sudo LAB=... python -m benchmarks.lab_disturbance [--pairs 10] [--keep FOLDER]

It writes a table of docs/blocks.md. About three minutes for each pair.
"""

import argparse
import json
import secrets
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from math import exp, log
from pathlib import Path
from statistics import mean, median

import numpy as np

from benchmarks.lab import labctl
from benchmarks.lab_blocks import (
    CONDITIONS,
    PAGE,
    WITHIN_SLOT_S,
    configuration,
    counts,
    neutral_server,
)
from benchmarks.lab_days import FIRST, daemon, set_clock, wait_for_round
from benchmarks.page import write_table
from monitor.analysis.effect import estimate

N_ROUNDS = 7
N_BEFORE = 3
"""Rounds before the first one that follows a block."""
PHASES = {
    "domain_lookup_s": "look-up",
    "connect_s": "connect",
    "tls_handshake_s": "TLS handshake",
    "waiting_s": "waiting",
    "goodput_bps": "goodput",
}
Levels = dict[str, float]
"""Phase -> mean over sites and kinds of probe of the logarithm of its median."""


def slots() -> Iterator[datetime]:
    """The rounds of a session, in the window."""
    begin = FIRST + timedelta(hours=20)
    yield from (begin + timedelta(minutes=10 * place) for place in range(N_ROUNDS))


def session(folder: Path, *, has_blocks: bool) -> None:
    """Rounds of the daemon, kept in a folder."""
    folder.mkdir(parents=True)
    configuration(folder, CONDITIONS["D4"])
    if not has_blocks:
        file = folder / "config.yaml"
        document = json.loads(file.read_text())
        del document["differential"]
        file.write_text(json.dumps(document))
    set_clock(next(slots()) + timedelta(seconds=1))
    with neutral_server(folder) as temper, daemon(folder):
        temper.write_text("unknown")
        for slot in slots():
            wait_for_round(folder / "monitor.db", slot, WITHIN_SLOT_S)


def levels(database: Path) -> Levels:
    """What the ordinary rounds after the first blocks were like."""
    since_us = int(list(slots())[N_BEFORE].timestamp() * 1e6)
    query = (
        f"SELECT target, probe, {', '.join(PHASES)} FROM samples"
        " JOIN series ON series.id = series_id"
        " WHERE coalesce(block, '') = '' AND failure IS NULL"
        " AND probe IN ('https', 'download') AND started_at_us >= ?"
    )
    rows: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for target, probe, *values in connection.execute(query, [since_us]):
            for phase, value in zip(PHASES, values, strict=True):
                if value:
                    rows[phase, target, probe].append(log(value))
    return {
        phase: mean(median(v) for (of, *_), v in rows.items() if of == phase)
        for phase in PHASES
    }


def table(pairs: Sequence[tuple[Levels, Levels]], blocks: str) -> Iterator[str]:
    """Each phase with and without blocks."""
    yield f"{len(pairs)} pairs of sessions; with blocks: {blocks} in each."
    yield ""
    yield "| phase | with blocks | without | with over without (95 %) |"
    yield "|---|---:|---:|---:|"
    for phase, words in PHASES.items():
        told = [[of[phase] for of in pair] for pair in pairs]
        change = estimate(np.array([on - off for on, off in told]))
        if change is None:
            raise SystemExit("no pairs")
        on, off = (exp(mean(values)) for values in zip(*told, strict=True))
        yield (
            f"| {words} | {_written(phase, on)} | {_written(phase, off)} |"
            f" {_percent(change.centre)} ({_percent(change.low)} to"
            f" {_percent(change.high)}) |"
        )


def _written(phase: str, value: float) -> str:
    return (
        f"{value / 1e6:.2f} Mbit/s"
        if phase == "goodput_bps"
        else f"{1e3 * value:.2f} ms"
    )


def _percent(log_ratio: float) -> str:
    return f"{100 * (exp(log_ratio) - 1):+.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__))
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="databases stay here")
    arguments = parser.parse_args()
    labctl("up")
    labctl("clear")
    base = arguments.keep or Path(tempfile.mkdtemp(prefix="lab-disturbance-"))
    pairs: list[tuple[Levels, Levels]] = []
    made: list[int] = []
    for number in range(arguments.pairs):
        order = [True, False] if secrets.randbelow(2) else [False, True]
        told: dict[bool, Levels] = {}
        for has_blocks in order:
            folder = base / f"{number:02}-{'with' if has_blocks else 'without'}"
            session(folder, has_blocks=has_blocks)
            told[has_blocks] = levels(folder / "monitor.db")
            if has_blocks:
                made.append(counts(folder / "monitor.db")[0])
        pairs.append((told[True], told[False]))
        print(number, order, made[-1], told, flush=True)
    write_table(PAGE, "disturbance", list(table(pairs, f"{mean(made):.1f} blocks")))
    labctl("clock", "reset")


if __name__ == "__main__":
    main()
