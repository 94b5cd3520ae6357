"""What must hold after a soak, and the slopes of what the daemon held."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scipy.stats import theilslopes

from benchmarks.soak.soaking import ZONE
from monitor.model import RoundStatus
from monitor.store import open_store
from monitor.store.spool_lines import to_line

EVENING = (20, 22)
"""Local hours, as configured."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WARM_UP = timedelta(hours=12)
"""Of each start, before memory is looked at."""


@dataclass(slots=True)
class Findings:
    """What was counted, and every claim that does not hold."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def claim(self, holds, words) -> None:
        """Note what is wrong when it does not hold."""
        if not holds:
            self.wrong.append(words)


def check_ledger(found: Findings, url: str, ledger, lost=()) -> None:
    """Everything acknowledged is stored, exactly as it was acknowledged.

    But for the fields `lost` of samples, which an older version did not have.
    """
    promised = {_without(lost, line) for line in ledger.lines()}
    with open_store(url) as store:
        stored = {_without(lost, to_line(record)) for record in store.samples.read()}
        n_samples = len(stored)
        stored |= {to_line(record) for record in store.rounds.read()}
        removed = store.removed_rows()
    lost = promised - stored
    old = Counter(day for line in lost if (day := _day_of_sample(line)) in removed)
    if old == Counter(removed):
        # What retention let go of, counted day by day.
        lost = {line for line in lost if _day_of_sample(line) not in removed}
    found.counts["samples removed by retention"] = sum(removed.values())
    found.counts["samples stored"] = n_samples
    found.counts["samples and rounds acknowledged"] = len(promised)
    found.counts["acknowledged and not stored"] = len(lost)
    found.claim(not lost, f"{len(lost)} acknowledged records lost: {sorted(lost)[:2]}")


def _without(names, line: str) -> str:
    record = json.loads(line)
    if not names or "sample" not in record:
        return line
    kept = {k: v for k, v in record["sample"].items() if k not in names}
    return json.dumps({"sample": kept})


def check_slots(found: Findings, url: str, soak, begin=_EPOCH) -> None:
    """Every slot from the first to now is measured, or missed with a reason.

    What the clock left in years that have not come, or before the beginning, does not
    count; and no slot is told as missed that was measured after all.
    """
    with open_store(url) as store:
        rounds = list(store.rounds.read(since=begin, as_of=soak.time.now()))
    measured = {_slot(r.slot_start_utc, soak.every) for r in rounds if _is_done(r)}
    gaps = [r for r in rounds if not _is_done(r)]
    missed = Counter(number for gap in gaps for number in _slots_of(gap, soak.every))
    first, last = min(measured | set(missed)), max(measured | set(missed))
    covered = measured | set(missed)
    unrecorded = [n for n in range(first, last + 1) if n not in covered]
    twice = sorted(measured & set(missed))
    seen = {_slot(s, soak.every) for s in soak.measured}
    seen = {number for number in seen if first <= number <= last}
    found.counts |= {
        "slots": last - first + 1,
        "slots measured": len(measured),
        "slots recorded as missed": len(set(missed) - measured),
        "slots with neither": len(unrecorded),
    }
    found.claim(not unrecorded, f"slots without any record: {_times(unrecorded, soak)}")
    found.claim(not twice, f"slots measured and missed: {_times(twice, soak)}")
    found.claim(all(g.reason for g in gaps), "a gap without a reason")
    found.claim(seen <= covered, "a round that was seen is not on record")


def _is_done(record) -> bool:
    return record.status is not RoundStatus.MISSED


def _slot(moment, every) -> int:
    return (moment - _EPOCH) // every


def _slots_of(gap, every):
    first = _slot(gap.slot_start_utc, every)
    return range(first, first + round(timedelta(seconds=gap.duration_s) / every))


def _times(numbers, soak):
    shown = [f"{_EPOCH + n * soak.every:%m-%d %H:%M}" for n in numbers[:6]]
    return f"{len(numbers)}: {', '.join(shown)}"


def check_chain(found: Findings, told: str, status: int) -> None:
    """Every closed day has the rows that it had, and each link continues another."""
    found.counts["chain verifies"] = int(status == 0)
    found.claim(status == 0, f"verify --stored: {told[-300:]}")


def check_database(found: Findings, path) -> None:
    """SQLite itself finds the file whole."""
    with closing(sqlite3.connect(path)) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    found.claim(answer == "ok" and not broken, f"integrity_check: {answer} {broken}")


def check_nights(found: Findings, url: str, soak, folder) -> None:
    """Every evening that was measured at all and is over has its report."""
    with open_store(url) as store:
        local = [s.started_at_utc.astimezone(ZONE) for s in store.samples.read()]
    begun = soak.vitals[0][0].astimezone(ZONE).date()
    evenings = {
        t.date()
        for t in local
        if t.date() >= begun and EVENING[0] <= t.hour < EVENING[1]
    }
    # The last one is told when its day is over and the next analysis has run.
    last = (soak.time.now().astimezone(ZONE) - timedelta(days=1)).date()
    due = {str(day) for day in evenings if day < last}
    nights = {path.name for path in (folder / "reports").glob("*-*-*")}
    missing = sorted(due - nights)
    found.counts |= {
        "evenings measured and over": len(due),
        "of these without a report": len(missing),
    }
    is_long = soak.time.now() - soak.vitals[0][0] >= timedelta(days=7)
    found.claim(due or not is_long, "no evening was measured")
    found.claim(not missing, f"measured evenings without a report: {missing}")


def _day_of_sample(line: str) -> tuple[str, str] | None:
    """(Vantage, UTC date) of a sample in the ledger; None of a round."""
    sample = json.loads(line).get("sample")
    return sample and (sample["vantage"], sample["started_at_utc"][:10])


def check_life(found: Findings, soak, folder) -> None:
    """Nothing crashed, and nothing waits any more."""
    daemon = soak.daemon
    found.counts |= {
        "starts of the daemon": daemon.n_starts,
        "rounds that did not come in a minute": soak.n_late,
        "lines in the log that tell of a bug": len(daemon.troubles),
    }
    found.claim(not daemon.troubles, f"in the log: {daemon.troubles[:3]}")
    found.claim(not daemon.exits, f"ended badly: {daemon.exits}")
    found.claim(soak.n_late == 0, f"{soak.n_late} rounds did not come in a minute")
    found.claim(not (folder / "monitor.db.spool").exists(), "the spool is not empty")
    found.claim(soak.n_lost_nights == 0, f"{soak.n_lost_nights} nights not analysed")


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth of one thing in the longest life, by Theil and Sen."""

    process: str
    what: str
    days: float
    first: float
    last: float
    per_day: float
    low: float
    high: float


def slopes(soak) -> list[Slope]:
    """Growth per simulated day of what the processes held, in the longest life."""
    lives = Counter(start for _, start, _ in soak.vitals)
    longest = max(lives, key=lives.__getitem__)
    life = [(when, found) for when, start, found in soak.vitals if start == longest]
    begun = life[0][0] + min(WARM_UP, (life[-1][0] - life[0][0]) / 2)
    found = []
    for process in ("daemon", "dashboard"):
        for what in ("rss_mib", "n_files", "n_threads"):
            rows = [
                ((when - begun) / timedelta(days=1), getattr(held[process], what))
                for when, held in life
                if when >= begun and process in held
            ]
            found += _slope(process, what, rows)
    return found


def _slope(process, what, rows):
    if len(rows) < 3:
        return []
    days, values = zip(*rows, strict=True)
    per_day, _, low, high = theilslopes(values, days, 0.95)
    span = days[-1] - days[0]
    return [Slope(process, what, span, values[0], values[-1], per_day, low, high)]


def document(found: Findings, soak) -> str:
    """Everything as JSON, for a closer look."""
    rows = [
        {"at": when.isoformat(), "start": start, "process": name, **_values(held)}
        for when, start, processes in soak.vitals
        for name, held in processes.items()
    ]
    told = {"counts": found.counts, "wrong": found.wrong, "faults": soak.n_faults}
    return json.dumps({**told, "vitals": rows}, indent=1)


def _values(held):
    return {name: getattr(held, name) for name in held.__slots__}
