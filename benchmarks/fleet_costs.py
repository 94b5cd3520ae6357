"""docs/fleet-costs.md, of the lines that `benchmarks.fleet` has written."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

Line = Mapping[str, Any]

HEAD: Final = """# What a fleet costs

Written by `python -m benchmarks.fleet --write`, of runs of `python -m benchmarks.fleet`
on two cores that others used at the same time: CPU and ratios of one run count, never
seconds on the clock. Each engine judged the same files, {workers} workers each, in a
process of its own; memory is that of all its processes together (PSS, sampled once a
second). `loop` is no engine: one home after the other in one process. Homes beyond ten
are the ten again under other names.
"""
FOOT: Final = """
## A million homes

A straight line through the sizes of one kind of homes: what an engine costs to start,
and each further home. Drawn on to 10^6 home-months it is a guess about machines that
nobody here has: what is measured ends at {largest} homes.
"""


ASKED: Final = {
    10: ("loop", "local", "dask", "spark"),
    100: ("loop", "local", "dask", "spark"),
    1_000: ("loop", "local", "dask", "spark"),
    10_000: ("local", "dask"),
}
"""Homes -> engines that are to be measured."""


def document(lines: Iterable[str]) -> str:
    """The whole document."""
    runs: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for text in lines:
        line = json.loads(text)
        runs[kind_of(line)].append(line)
    largest = max(line["size"]["homes"] for of in runs.values() for line in of)
    parts = [HEAD.format(workers=2)]
    parts += [part for of in runs.values() for part in tables(of)]
    parts += list(missing(line for of in runs.values() for line in of))
    parts.append(FOOT.format(largest=largest))
    parts += list(drawn(runs.values()))
    return "\n".join(parts) + "\n"


def missing(lines: Iterable[Line]) -> Iterator[str]:
    """What is to be measured and was not."""
    done = {(line["size"]["homes"], line["engine"]) for line in lines}
    for homes, engines in ASKED.items():
        absent = [engine for engine in engines if (homes, engine) not in done]
        if absent:
            yield f"Not measured: {homes:,} homes with {', '.join(absent)}."


def kind_of(line: Line) -> tuple[object, ...]:
    """What homes of one kind have in common."""
    size = line["size"]
    return size["days"], size["every_s"], size["n_sites"]


def title(line: Line) -> str:
    """What was measured in the homes of a line."""
    size = line["size"]
    sites = "9 sites" if size["n_sites"] is None else f"{2 * size['n_sites']} sites"
    return f"{size['days']} days, {sites}, a round every {size['every_s'] // 60} min"


def tables(lines: Sequence[Line]) -> Iterator[str]:
    """The table of one kind of homes."""
    yield f"## {title(lines[0])}\n"
    head = ("homes", "engine", "CPU-s", "x loop", "CPU-s a home")
    memory = ("MiB in all", "MiB, largest worker")
    sizes = ("rows a home", "kB read a home", "kB written a home", "same digest")
    columns = (*head, *memory, *sizes)
    rows = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for n in sorted({line["size"]["homes"] for line in lines}):
        of_size = [line for line in lines if line["size"]["homes"] == n]
        base = next((x["cpu_s"] for x in of_size if x["engine"] == "loop"), None)
        digest = of_size[0]["digest"]
        rows += [cells(line, base, digest) for line in of_size]
    yield "\n".join(rows) + "\n"


def cells(line: Line, base: float | None, digest: str) -> str:
    """A row of it."""
    n = line["size"]["homes"]
    shown = (
        *(f"{n:,}", line["engine"], f"{line['cpu_s']:.1f}"),
        "-" if base is None else f"{line['cpu_s'] / base:.2f}",
        f"{line['cpu_s'] / n:.3f}",
        f"{line['peak_mib']:.0f}",
        f"{line['worker_mib']:.0f}" if line["worker_mib"] else "-",
        f"{line['n_rows'] / n:,.0f}",
        f"{line['input_bytes'] / n / 1000:.0f}",
        f"{line['output_bytes'] / n / 1000:.1f}",
        "yes" if line["digest"] == digest else "NO",
    )
    return f"| {' | '.join(shown)} |"


def drawn(kinds: Collection[Sequence[Line]]) -> Iterator[str]:
    """The line of each engine over the sizes of one kind."""
    if not any(len({line["size"]["homes"] for line in of}) > 1 for of in kinds):
        yield "Not drawn: one size is no line."
        return
    yield "| homes of | engine | to start, CPU-s | a home, CPU-s | 10^6, CPU-h |"
    yield "|---|---|---|---|---|"
    for lines in kinds:
        for engine in dict.fromkeys(line["engine"] for line in lines):
            of = [line for line in lines if line["engine"] == engine]
            n = np.array([line["size"]["homes"] for line in of], float)
            cpu_s = np.array([line["cpu_s"] for line in of])
            if n.size < 2:
                continue
            # Weighted by 1/n: a share of the whole is what is alike in all sizes.
            each, start = np.polyfit(n, cpu_s, 1, w=1 / n)
            hours = (start + each * 1e6) / 3600
            yield (
                f"| {title(lines[0])} | {engine} | {start:.1f} | {each:.3f} |"
                f" {hours:,.0f} |"
            )
