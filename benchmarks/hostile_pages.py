"""Hostile pages: CPU of the longest callback in the loop, CPU and memory of rounds.

`python -m benchmarks.hostile_pages [--write]`: a server process has one site for each
page of `tests.servers.hostile_pages`, each asked for by a real round with page and
transfer, every search made anew. Exit 1 if a callback of a search takes more than 20 ms
of CPU, any other more than 50 ms, or memory grows. `--write` fills the table of
docs/safety.md.
"""

import asyncio
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.page import write_table
from benchmarks.process import ROOT
from monitor.clock import SystemClock
from monitor.heap import give_back, share_heaps
from monitor.model import Operation, Probe, Round, Sample, Target
from monitor.probe import Prober, ProbeSettings
from monitor.probe.gateway import Gateway
from monitor.sampling.round import Errand, RoundRunner, plan
from tests.servers import web
from tests.servers.hostile_pages import ANSWERS, PAGES
from tests.servers.tcp import serve

PAGE = ROOT / "docs" / "safety.md"
N_ROUNDS = 8
SEARCH_MAX_S, CALLBACK_MAX_S = 0.020, 0.050
GROWTH_MAX_BYTES = 4_000_000
HARMLESS = web.whole(b"<script src=/a.js></script>" + b"text " * 20_000)


class DayLater(SystemClock):
    """The machine's clock, some days on, so that each search is made anew."""

    days = 0

    def monotonic_s(self) -> float:
        """Seconds that only grow."""
        return super().monotonic_s() + 86_400.0 * self.days


@dataclass(slots=True)
class Callbacks:
    """CPU of what the event loop calls."""

    longest_s: float = 0.0
    all_s: float = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count meanwhile."""
        run = asyncio.events.Handle._run

        def timed_run(handle: asyncio.Handle) -> None:
            begun_s = time.thread_time()
            run(handle)
            spent_s = time.thread_time() - begun_s
            self.all_s += spent_s
            self.longest_s = max(self.longest_s, spent_s)

        asyncio.events.Handle._run = timed_run
        try:
            yield
        finally:
            asyncio.events.Handle._run = run


def answers() -> dict[str, bytes]:
    """Every hostile answer by name, and a harmless one to compare with."""
    pages = {name: page.answer() for name, page in PAGES.items()}
    made = {name: make() for name, make in ANSWERS.items()}
    return {"harmless": HARMLESS} | pages | made


async def serve_all() -> None:
    """A site on a port of its own for each answer; their ports are printed."""
    async with AsyncExitStack() as stack:
        sites = [serve(web.says(answer)) for answer in answers().values()]
        ports = [(await stack.enter_async_context(site)).port for site in sites]
        print(*ports, flush=True)
        await asyncio.Event().wait()


def resident_bytes() -> int:
    gc.collect()
    give_back()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def measured(ports: list[int]) -> bool:
    """Print and judge; whether all is well."""
    clock = DayLater()
    prober = Prober(ProbeSettings(stage_timeout_s=2.0), clock)
    names = list(answers())
    targets = [
        Target(name=f"site{number}", url=f"http://127.0.0.1:{port}/")
        for number, port in enumerate(ports)
    ]
    rows, is_well = [], True
    for name, target in zip(names, targets, strict=True):
        longest, cpu = {}, {}
        for probe in (Probe.HTTPS, Probe.DOWNLOAD):
            spent: list[Callbacks] = []
            for _ in range(3):
                clock.days += 1
                spent.append(Callbacks())
                with spent[-1].timed():
                    sample = await prober.measure(target, probe)
                if sample.failed_operation in {Operation.RESOLVE, Operation.CONNECT}:
                    raise SystemExit(f"{name}: {sample.failure}")
            longest[probe] = min(c.longest_s for c in spent)
            cpu[probe] = statistics.median(c.all_s for c in spent)
        is_well &= longest[Probe.DOWNLOAD] <= SEARCH_MAX_S
        is_well &= longest[Probe.HTTPS] <= CALLBACK_MAX_S
        rows.append((name, longest, cpu))
    table = [
        "| page | page probe: longest callback, all CPU [ms] | search and transfer: "
        "longest callback, all CPU [ms] |",
        "|---|---:|---:|",
        *(
            f"| {name} | {_ms(longest[Probe.HTTPS])}, {_ms(cpu[Probe.HTTPS])} "
            f"| {_ms(longest[Probe.DOWNLOAD])}, {_ms(cpu[Probe.DOWNLOAD])} |"
            for name, longest, cpu in rows
        ),
    ]
    print("\n".join(table), flush=True)
    rounds, is_flat = await rounds_table(prober, clock, targets)
    print("\n".join(rounds), flush=True)
    if "--write" in sys.argv:
        write_table(PAGE, "hostile pages", table)
        write_table(PAGE, "hostile rounds", rounds)
    return is_well and is_flat


async def rounds_table(
    prober: Prober, clock: DayLater, targets: list[Target]
) -> tuple[list[str], bool]:
    """Rounds of all the pages, an hour's worth each: CPU, memory, longest callback."""

    async def write(record: Sample | Round) -> None:
        """Nothing is kept."""

    runner = RoundRunner(
        prober=prober,
        gateway=Gateway(clock, vantage="home"),
        clock=clock,
        vantage="home",
        write=write,
    )
    errands = [
        Errand(target=target, probe=probe)
        for target in targets
        for probe in (Probe.HTTPS, Probe.DOWNLOAD)
    ]
    table = [
        "| round | CPU [s] | longest callback [ms] | resident [MB] |",
        "|---:|---:|---:|---:|",
    ]
    resident, longest_s = [], 0.0
    for number in range(N_ROUNDS):
        clock.days += 1
        todo = plan(
            errands,
            slot_start_utc=datetime(2026, 1, 1, tzinfo=UTC),
            limit=timedelta(minutes=10),
            per_second=20,
            rng=Random(number),
        )
        callbacks, begun_s = Callbacks(), time.process_time()
        with callbacks.timed():
            await runner.run(todo)
        cpu_s = time.process_time() - begun_s
        resident.append(resident_bytes())
        longest_s = max(longest_s, callbacks.longest_s)
        table.append(
            f"| {number + 1} | {cpu_s:.2f} | {_ms(callbacks.longest_s)} "
            f"| {resident[-1] / 1e6:.1f} |"
        )
    growth_bytes = resident[-1] - resident[N_ROUNDS // 3]
    is_flat = growth_bytes < GROWTH_MAX_BYTES and longest_s <= CALLBACK_MAX_S
    return table, is_flat


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"


def main() -> None:
    if "serve" in sys.argv:
        asyncio.run(serve_all())
        return
    share_heaps()
    command = [sys.executable, "-m", "benchmarks.hostile_pages", "serve"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert server.stdout is not None
        ports = [int(port) for port in server.stdout.readline().split()]
        is_well = asyncio.run(measured(ports))
    finally:
        server.kill()
        server.wait()
    sys.exit(not is_well)


if __name__ == "__main__":
    main()
