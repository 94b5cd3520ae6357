"""`python -m study capacity`: the method in homes of the second physics.

Each home is judged after all its evenings, homes in which nobody does anything to a
target also after every evening from the eighth on. What the verdicts must reach is told
per group; a plain rule that anybody could use, 1.5 times slower than the controls on
five of seven evenings, is judged on the same homes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from monitor.analysis import established, judge, prepare
from monitor.analysis.judge import Prepared
from monitor.model import Verdict
from monitor.series.columns import METRICS
from monitor.simulation.capacity import KINDS, CapacityHome, Group, capacity_home
from monitor.verdict_table import VERDICTS, row_of
from study.intervals import Share

HEADING = "## Homes of the second physics"
INTRODUCTION = """\
Homes that the method was not tuned on alone: lines with a width, objects of the sizes
that sites have, three noise models, households, CDNs, resolvers, routers and lists
(`monitor/simulation/capacity`, [simulation.md](simulation.md)). Each is judged after
its 21 evenings; where nobody is acted on, after every evening from the eighth on. It
is a physics of our own, too: who finds homes in which these rates do not hold should
tell us. *Plain rule*: 1.5 times slower than the controls on 5 of 7 evenings.
"""
WINDOW = "20:00-22:00"
FIRST_LOOK = 8
ACCUSING = frozenset(name for name in VERDICTS if row_of(name).is_accusing)
ALL_CLEAR = "no_recurring_slowdown"
_PLAIN_LOG = float(np.log(1.5))
_CLEAR_BOUND = 1.25
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One home to study."""

    kind: str
    seed: int


def study(task: Task) -> Record:
    """Everything that the table needs of one home."""
    home = capacity_home(task.kind, seed=task.seed)
    ready = prepare(home.samples, timezone=home.timezone, window=WINDOW)
    final = {verdict.target: verdict for verdict in judge(ready)}
    ever = _ever_accused(home, ready)
    rises = beyond_controls(ready)
    return {
        "kind": task.kind,
        "seed": task.seed,
        "model": home.model,
        "targets": [
            _target(home, final[name], rises[name], ever.get(name))
            for name in home.targets
        ],
    }


def _target(
    home: CapacityHome, verdict: Verdict, rise: np.ndarray, ever: int | None
) -> Record:
    whole = verdict.to_dict()
    is_hit = verdict.target in home.acted.targets
    n_visible = (
        int((rise[list(home.acted.nights)] >= _PLAIN_LOG).sum()) if is_hit else 0
    )
    return {
        "target": verdict.target,
        "hit": is_hit,
        "visible": n_visible,
        "verdict": verdict.verdict,
        "strength": verdict.strength,
        "evenings": whole["evenings"],
        "effect": whole["effect"],
        "onset": whole["onset_date"],
        "reasons": whole["reasons"],
        "first_accused": ever,
        "plain": plain_rule(rise),
    }


def _ever_accused(home: CapacityHome, ready: Prepared) -> dict[str, int]:
    """First look with an accusing verdict, by target."""
    first: dict[str, int] = {}
    for look in range(FIRST_LOOK, home.days + 1):
        until = home.start + timedelta(days=look - 1)
        names = {name for _, name in established(ready, until=until)}
        if not names - first.keys():
            continue
        for verdict in judge(ready, until=until):
            if verdict.verdict in ACCUSING:
                first.setdefault(verdict.target, look)
    return first


def beyond_controls(ready: Prepared) -> dict[str, np.ndarray]:
    """How much slower each target's evenings are than the controls' [log], by target.

    The largest of transfer, handshake and connect; a dead evening is infinite.
    """
    table = ready.homes[0].table
    keys = table.grid.keys
    is_control = np.array([str(key.role) == "control" for key in keys])
    out = {}
    for place, key in enumerate(keys):
        if is_control[place]:
            continue
        rises = [_beyond(table.rise, place, is_control, m) for m in _PLAIN_METRICS]
        most = np.nan_to_num(np.fmax.reduce(rises), nan=0.0)
        dead = table.dead_in_window[place] >= 0.5
        out[key.target] = np.where(dead, np.inf, most)
    return out


_PLAIN_METRICS = tuple(
    METRICS.index(name) for name in ("goodput_bps", "tls_handshake_s", "connect_s")
)


def _beyond(
    rise: np.ndarray, place: int, is_control: np.ndarray, metric: int
) -> np.ndarray:
    controls = rise[is_control, metric]
    common = np.zeros(rise.shape[-1])
    is_known = np.isfinite(controls).any(axis=0)
    common[is_known] = np.nanmedian(controls[:, is_known], axis=0)
    return np.asarray(rise[place, metric] - common)


def plain_rule(rise: np.ndarray) -> bool:
    """1.5 times slower than the controls on five of some seven evenings."""
    slow = np.convolve(rise >= _PLAIN_LOG, np.ones(7, np.int64), mode="valid")
    return bool((slow >= 5).any())


def run(tasks: Sequence[Task], out: Path, jobs: int) -> Iterator[int]:
    """Study homes; one JSON line each, added to `out`."""
    with out.open("a", encoding="utf-8") as file, ProcessPoolExecutor(jobs) as pool:
        for n, record in enumerate(pool.map(study, tasks), 1):
            file.write(json.dumps(record) + "\n")
            file.flush()
            yield n


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: of which targets, what is counted, what is allowed."""

    what: str
    of: Callable[[Record, Record], bool]
    """Which targets (home, target) count."""
    counts: Callable[[Record, Record], bool]
    most: float | None = None
    least: float | None = None


def _in(*groups: Group, kinds: Iterable[str] = ()) -> Callable[[Record, Record], bool]:
    wanted = set(kinds)

    def chosen(home: Record, target: Record) -> bool:
        kind = KINDS[home["kind"]]
        is_one = kind.group in groups and (not wanted or kind.name in wanted)
        return is_one and (target["hit"] or kind.group is Group.INNOCENT)

    return chosen


def _says(*names: str) -> Callable[[Record, Record], bool]:
    return lambda _, target: target["verdict"] in names


def _accuses(_: Record, target: Record) -> bool:
    return target["first_accused"] is not None or target["verdict"] in ACCUSING


def _is_innocent(home: Record, target: Record) -> bool:
    """Whom nobody does anything to, in any home."""
    group = KINDS[home["kind"]].group
    if group is Group.LISTED:
        return False
    return group is Group.INNOCENT or not target["hit"]


def _is_targeted(_: Record, target: Record) -> bool:
    return str(target["verdict"]).startswith("targeted")


def _is_strong(_: Record, target: Record) -> bool:
    return target["strength"] == "strong"


def _includes_one(_: Record, target: Record) -> bool:
    low = target["effect"]["ci95"][0]
    return low is not None and low <= 1.0


def _high_bound(_: Record, target: Record) -> bool:
    high = target["effect"]["ci95"][1]
    return high is None or round(high, 2) >= _CLEAR_BOUND


def _acted_visibly(_: Record, target: Record) -> bool:
    usable = target["evenings"]["usable"]
    return target["hit"] and target["visible"] >= max(5, usable / 5)


def _names_router(_: Record, target: Record) -> bool:
    return not any("router" in reason for reason in target["reasons"])


ROWS: tuple[Row, ...] = (
    Row("innocent accused, daily looks from the eighth", _is_innocent, _accuses, 0.003),
    Row("service or CDN: targeted", _in(Group.SERVICE), _is_targeted, 0.05),
    Row("service or CDN: strong", _in(Group.SERVICE), _is_strong, 0.0),
    Row("household's resolver: targeted", _in(Group.RESOLVER), _is_targeted, 0.0),
    Row("household's router: not named", _in(Group.ROUTER), _names_router, 0.0),
    Row("household's router: strong", _in(Group.ROUTER), _is_strong, 0.0),
    *(
        Row(
            f"allow-list found: {name}",
            _in(Group.LISTED, kinds=(name,)),
            _says("targeted_throttling", "selective_slowdown"),
            least=least,
        )
        for name, least in (
            ("four_of_seven", 0.9),
            ("three_of_seven", 0.85),
            ("one_of_seven", 0.6),
            ("all_abroad", 0.85),
        )
    ),
    Row(
        "busy transit abroad: accused",
        _in(Group.INNOCENT, kinds=("busy_transit",)),
        _accuses,
        0.01,
    ),
    Row(
        "all day: sustained_slowdown",
        _in(Group.SUSTAINED),
        _says("sustained_slowdown"),
        least=0.95,
    ),
    Row(
        "block pages under another issuer: targeted_blocking",
        _in(Group.BLOCKED, kinds=("page_403", "page_451", "page_200", "page_302")),
        _says("targeted_blocking"),
        least=0.95,
    ),
    Row(
        "blocked, controls beside it or not: targeted_blocking",
        _in(Group.BLOCKED, kinds=("blocked", "blocked_beside_controls")),
        _says("targeted_blocking"),
        least=0.95,
    ),
    Row(
        "refused under the own certificate: all-clear or accused",
        _in(Group.REFUSED),
        _says(*ACCUSING, ALL_CLEAR),
        0.0,
    ),
    Row(
        "transfers blocked: targeted_blocking",
        _in(Group.BLOCKED, kinds=("blocked_transfers",)),
        _says("targeted_blocking"),
        least=0.95,
    ),
    Row(
        "blocked on half of the nights: targeted_blocking",
        _in(Group.BLOCKED, kinds=("blocked_half_nights",)),
        _says("targeted_blocking"),
        least=0.90,
    ),
    Row(
        "all-clear where something acted visibly",
        _acted_visibly,
        _says(ALL_CLEAR),
        0.005,
    ),
    Row(
        "no or one control with transfers, 512 kbit/s: told",
        _in(Group.UNCOMPARED),
        _says("selective_slowdown", "recurring_slowdown"),
        least=0.90,
    ),
    Row(
        "accusing, interval includes 1",
        lambda _, t: t["verdict"] in ACCUSING and t["effect"]["ratio"] is not None,
        _includes_one,
        0.0,
    ),
    Row(
        "all-clear, printed bound of 1.25 or more",
        lambda _, t: t["verdict"] == ALL_CLEAR,
        _high_bound,
        0.0,
    ),
    *(
        Row(
            f"found: {name}",
            _in(Group.SLOWED, kinds=(name,)),
            lambda _, t: t["verdict"] in ACCUSING,
            least=least,
        )
        for name, least in (
            ("held_128k", 0.99),
            ("held_512k", 0.99),
            ("held_512k_busy", 0.97),
            ("held_2m", 0.97),
            ("held_two_a_week", 0.97),
            ("lossy", 0.97),
            ("delayed", 0.97),
        )
    ),
)


def table(records: Sequence[Record]) -> str:
    """The rows as Markdown, with Wilson's 95 % intervals."""
    lines = ["| measure | must reach | measured | met |", "|---|---|---|---|"]
    for row in ROWS:
        pairs = [(r, t) for r in records for t in r["targets"] if row.of(r, t)]
        if pairs:
            lines.append(_line(row, sum(row.counts(*p) for p in pairs), len(pairs)))
    return "\n".join([*lines, "", *_worst(records), "", *_plain(records)])


def _line(row: Row, k: int, n: int) -> str:
    share = Share(k, n)
    bound = f"<= {row.most:.1%}" if row.most is not None else f">= {row.least:.0%}"
    is_most = row.most is not None
    is_met = share.value <= row.most if is_most else share.value >= row.least
    return f"| {row.what} | {bound} | {share} | {'yes' if is_met else '**no**'} |"


def _worst(records: Sequence[Record]) -> list[str]:
    """Innocent targets accused, by kind of home."""
    lines = ["| kind | innocent accused | plain rule |", "|---|---|---|"]
    for name in dict.fromkeys(r["kind"] for r in records):
        targets = [
            (r, t)
            for r in records
            if r["kind"] == name
            for t in r["targets"]
            if _is_innocent(r, t)
        ]
        if targets:
            k = sum(_accuses(*pair) for pair in targets)
            plain = sum(t["plain"] for _, t in targets)
            lines.append(f"| {name} | {k}/{len(targets)} | {plain}/{len(targets)} |")
    return lines


def _plain(records: Sequence[Record]) -> list[str]:
    """What was acted on and found, by kind of home, beside the plain rule."""
    lines = ["| kind | accused of those reached | plain rule | verdicts |"]
    lines.append("|---|---|---|---|")
    for name in dict.fromkeys(r["kind"] for r in records):
        hit = [
            t for r in records if r["kind"] == name for t in r["targets"] if t["hit"]
        ]
        if hit:
            k = sum(t["verdict"] in ACCUSING for t in hit)
            plain = sum(t["plain"] for t in hit)
            names = _counted(t["verdict"] for t in hit)
            lines.append(f"| {name} | {k}/{len(hit)} | {plain}/{len(hit)} | {names} |")
    return lines


def _counted(names: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
