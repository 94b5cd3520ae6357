"""A soak: simulated weeks of the daemon with a fault every few rounds.

    sudo python -m benchmarks.soak --days 30 --write
    sudo python -m benchmarks.soak --minutes 120

As root it has a network and a disk of its own (`ip netns`, a loop-mounted ext4), and
every fault; `--plain` does with what needs no rights. `--postgres` stores in a
PostgreSQL of its own, which is restarted. `--write` fills the tables of docs/soak.md.
Exit status 1 if anything that must hold does not.
"""

import argparse
import asyncio
import math
import tempfile
from pathlib import Path

from benchmarks.soak.run import Settings, soak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--days", type=float, help="default: 30, or as --minutes says")
    parser.add_argument("--every", default="30m", help="length of a slot, up to 1h")
    parser.add_argument("--minutes", type=float, help="most of real time")
    parser.add_argument("--end-s", type=float, default=5.0, help="after SIGTERM")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without root")
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    parser.add_argument("--keep", type=Path, help="folder for the log and the figures")
    parser.add_argument("--write", action="store_true", help="into docs/soak.md")
    chosen = parser.parse_args()
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        days=chosen.days or (30.0 if chosen.minutes is None else math.inf),
        every_min=int(chosen.every.removesuffix("m")),
        seed=chosen.seed,
        end_s=chosen.end_s,
        has_root=not chosen.plain,
        has_postgres=chosen.postgres,
        at_most_min=chosen.minutes or math.inf,
    )
    outcome = asyncio.run(soak(folder, settings))
    print(outcome.text())
    if chosen.write:
        outcome.write()
    if outcome.found.wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
