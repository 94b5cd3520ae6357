"""One soak from its beginning to its checks."""

import contextlib
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.page import write_table
from benchmarks.process import ROOT
from benchmarks.soak import checks, faults, older
from benchmarks.soak.disk import disk
from benchmarks.soak.ledger import ledger
from benchmarks.soak.network import Visitor, network
from benchmarks.soak.simulated import SimulatedTime
from benchmarks.soak.sites import sites
from benchmarks.soak.soaking import Soak
from benchmarks.soak.supervisor import Supervisor
from tests.ports import free_port
from tests.postgres import make_server

PAGE = ROOT / "docs" / "soak.md"
BEGIN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
QUIET_SLOTS = 1
"""Between two faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long, how dense, and with which rights.

    Attributes
    ----------
    days : simulated time after which it ends; may be infinite.
    at_most_min : real time after which it ends, however many days have passed.
    end_s : the daemon must end within this of SIGTERM; more on a machine that is busy.
    command : goes before the daemon's own.
    has_pdf : the night reports are PDFs, too, which is most of a short soak's work.
    """

    days: float = 30.0
    every_min: int = 30
    seed: int = 1
    has_root: bool = True
    has_postgres: bool = False
    has_pdf: bool = True
    at_most_min: float = math.inf
    end_s: float = 5.0
    command: tuple[str, ...] = ()

    restart_share: float = 0.25
    """The share at the beginning in which the daemon is restarted in all ways.

    From then on it lives for the rest, so that its memory can be judged.
    """


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak found."""

    settings: Settings
    soak: Soak
    found: checks.Findings
    spent_s: float

    def text(self) -> str:
        """All of it, for a terminal."""
        return "\n".join([*self._counts(), "", *self._faults(), "", *self._slopes()])

    def write(self) -> None:
        """Into the tables of docs/soak.md."""
        kind = "postgres" if self.settings.has_postgres else "sqlite"
        write_table(PAGE, f"{kind} counts", self._counts())
        write_table(PAGE, f"{kind} faults", self._faults())
        write_table(PAGE, f"{kind} slopes", self._slopes())

    def _counts(self):
        rows = [f"| {name} | {n} |" for name, n in self.found.counts.items()]
        wrong = [f"| **wrong** | {words} |" for words in self.found.wrong]
        spent = f"| real time | {self.spent_s / 60:.0f} min |"
        span = (self.soak.time.now() - BEGIN) / timedelta(days=1)
        days = f"| simulated days | {span:.1f} |"
        slot = f"| length of a slot | {self.settings.every_min} min |"
        return ["| what | |", "|---|---:|", days, slot, spent, *rows, *wrong]

    def _faults(self):
        told = {f.__name__: (f.__doc__ or "").splitlines()[0] for f in _all_faults()}
        rows = [
            f"| {name.replace('_', ' ')} | {told[name]} | {n} |"
            for name, n in sorted(self.soak.n_faults.items())
        ]
        total = f"| all | | {sum(self.soak.n_faults.values())} |"
        return ["| fault | | times |", "|---|---|---:|", *rows, total]

    def _slopes(self):
        head = (
            "| process | what | days | first | last | growth per day | 95 % interval |"
        )
        rows = [
            f"| {s.process} | {_NAMES[s.what]} | {s.days:.1f} | {s.first:.1f}"
            f" | {s.last:.1f} | {s.per_day:+.3f} | {s.low:+.3f} to {s.high:+.3f} |"
            for s in checks.slopes(self.soak)
        ]
        return [head, "|---|---|---:|---:|---:|---:|---|", *rows]


_NAMES = {
    "rss_mib": "resident memory [MiB]",
    "n_files": "file descriptors",
    "n_threads": "threads",
}


def _all_faults():
    return [
        *(*faults.EVERYWHERE, *faults.WITHOUT_ROOT, *faults.WITH_ROOT),
        *(*faults.RESTARTS_EVERYWHERE, *faults.RESTARTS_WITH_ROOT, *faults.FOR_GOOD),
        faults.database_restarts,
    ]


async def soak(folder: Path, settings: Settings) -> Outcome:
    """Run one soak in a folder and check everything."""
    began = time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        made = await laid_out(stack, folder, settings)
        found = await _lived(made, settings)
    (folder / "soak.json").write_text(checks.document(found, made))
    return Outcome(settings, made, found, time.monotonic() - began)


async def laid_out(stack, folder, settings):
    """The home with everything around it; the daemon is not started yet."""
    home = stack.enter_context(network(is_private=settings.has_root))
    place = stack.enter_context(disk(folder, is_private=settings.has_root))
    served = await stack.enter_async_context(sites(folder, home.host))
    now = SimulatedTime(folder / "clock", BEGIN)
    told = folder / "ledger"
    environment = {
        **now.environment(),
        "SOAK_LEDGER": str(told),
        "SSL_CERT_FILE": str(served.trust),
    }
    server = _server(stack) if settings.has_postgres else None
    log = stack.enter_context((folder / "log").open("a"))
    command = (*home.command, *settings.command)
    daemon = Supervisor(place.folder, environment, command, log)
    daemon.end_s = settings.end_s
    return Soak(
        time=now,
        every=timedelta(minutes=settings.every_min),
        sites=served,
        network=home,
        disk=place,
        daemon=daemon,
        base=_base(settings, served, place, server),
        rng=Random(settings.seed),
        server=server,
        ledger=stack.enter_context(ledger(told)),
    )


def _server(stack):
    server = make_server()
    stack.callback(server.remove)
    server.start()
    return server


def _base(settings, served, place, server):
    url = f"sqlite:///{place.folder / 'monitor.db'}"
    if server is not None:
        # By its socket file, which can be reached from every network namespace.
        where = f"host={server.folder}&port={server.port}"
        url = f"postgresql+psycopg://postgres@/postgres?{where}"
    return {
        "timezone": "Asia/Almaty",
        "every": f"{settings.every_min}m",
        "database": url,
        "web": {"port": 8420 if settings.has_root else free_port()},
        "retention": {"samples_days": 62},
        "report": {"pdf": settings.has_pdf},
        "probing": {
            "resolvers": [served.names.resolver],
            "allow_private_answers": True,
            "stage_timeout": "1s",
            "per_second": 50,
        },
    }


async def _lived(made, settings):
    """The days, then the checks while the database is still there."""
    made.configure()
    await made.start()
    visitor = Visitor(made.network, f"http://127.0.0.1:{made.base['web']['port']}/")
    try:
        await _days(made, settings)
        await made.slots(2)
    finally:
        visitor.leave()
        if made.daemon.process.returncode is None:
            await made.daemon.stop()
    found = _checked(made, settings)
    checks.check_chain(found, *await _verified(made))
    found.counts["answers of the dashboard"] = visitor.n_answers
    return found


async def _days(made, settings):
    ordinary, restarts = _cycles(made, settings)
    final = list(zip((0.4, 0.7), faults.FOR_GOOD, strict=True))
    began_s = time.monotonic()
    while (done := _share(made, settings, began_s)) < 1:
        while final and done >= final[0][0]:
            await _suffer(made, final.pop(0)[1])
        await _suffer(made, next(ordinary))
        if done < settings.restart_share:
            await _suffer(made, next(restarts))
    # Whoever is well for weeks must also start again well.
    await _suffer(made, faults.killed)


def _share(made, settings, began_s):
    """How much is over, of the days or of the real time."""
    of_days = (made.time.now() - BEGIN) / timedelta(days=1) / settings.days
    of_time = (time.monotonic() - began_s) / 60 / settings.at_most_min
    return max(of_days, of_time)


async def _suffer(made, fault):
    print(f"{made.time.now():%m-%d %H:%M} {fault.__name__}", flush=True)
    begin = made.time.now()
    await fault(made)
    made.faults.append((fault.__name__, begin, made.time.now()))
    await made.slots(QUIET_SLOTS)


def _cycles(made, settings):
    ordinary = list(faults.EVERYWHERE)
    ordinary += faults.WITH_ROOT if settings.has_root else faults.WITHOUT_ROOT
    restarts = list(faults.RESTARTS_EVERYWHERE)
    restarts += faults.RESTARTS_WITH_ROOT if settings.has_root else ()
    if settings.has_postgres:
        ordinary.append(faults.database_restarts)
    return _shuffled(made.rng, ordinary), _shuffled(made.rng, restarts)


def _shuffled(rng, kinds):
    """All kinds equally often, in an order that changes."""
    while True:
        yield from rng.sample(kinds, len(kinds))


async def _verified(made):
    """What `monitor verify --stored` tells, and its exit status."""
    told = made.disk.folder.parent / "verify"
    with told.open("w") as file:
        child = await made.daemon.beside("verify", "--stored", output=file)
        status = await child.wait()
    return told.read_text(), status


def _checked(made, settings):
    found = checks.Findings()
    url = made.base["database"]
    checks.check_slots(found, url, made, BEGIN)
    lost = older.LOST if made.n_faults["killed_while_migrating"] else ()
    checks.check_ledger(found, url, made.ledger, lost)
    checks.check_life(found, made, made.disk.folder)
    checks.check_nights(found, url, made, made.disk.folder)
    if not settings.has_postgres:
        checks.check_database(found, made.disk.folder / "monitor.db")
    return found
