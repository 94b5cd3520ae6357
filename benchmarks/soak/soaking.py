"""Moves the simulated days on, slot by slot, and notes what must be on record."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

from benchmarks.soak.ledger import Ledger
from benchmarks.soak.simulated import SimulatedTime
from benchmarks.soak.sites import TARGETS, Sites
from benchmarks.soak.supervisor import Supervisor

ZONE = ZoneInfo("Asia/Almaty")
BEFORE_SLOT_ENDS = timedelta(seconds=70)
"""Every instant that a slot may draw lies before this; see `Schedule`."""
ROUND = "round status="
# `exit_status=`, or `event=waits` where the one before is still at work.
NIGHTLY = "monitor.daemon nightly e"
ROUND_S = 300.0
SEES_CLOCK_S = 2.5
FAR = timedelta(days=60)
"""No machine of a soak sleeps for so long."""
NIGHT_S = 1200.0
NIGHTLY_AT = timedelta(hours=6, minutes=10)
"""Local time of the nightly analysis with the shipped window."""


@dataclass(slots=True)
class Soak:
    """One running soak.

    Attributes
    ----------
    network, disk : see those modules.
    faults : (kind, begin, end) in simulated time.
    vitals : (simulated time, number of the daemon's start, what it held).
    """

    time: SimulatedTime
    every: timedelta
    sites: Sites
    network: object
    disk: object
    daemon: Supervisor
    base: dict
    rng: Random
    ledger: Ledger
    server: object = None
    faults: list = field(default_factory=list)
    vitals: list = field(default_factory=list)
    measured: list = field(default_factory=list)
    n_nights: int = 0
    n_lost_nights: int = 0
    n_late: int = 0
    n_databases: int = 0

    @property
    def n_faults(self) -> Counter:
        """How often each kind of fault came."""
        return Counter(kind for kind, _, _ in self.faults)

    def configure(self, targets=TARGETS) -> None:
        """Write config.yaml with these targets."""
        self.daemon.configure({**self.base, **self.sites.configuration(targets)})

    async def start(self) -> None:
        """Start the daemon; its first round is now."""
        n = self.daemon.heard[ROUND]
        await self.daemon.start()
        await self._await_round(n)
        # It makes up for missing nights a minute after its start; one that is due at
        # the same instant is done with them.
        self.n_nights = self.daemon.heard[NIGHTLY] + 1
        await self._slot(has_night=False)

    async def slots(self, n: int = 1) -> None:
        """Let n slots come, each with its round."""
        for _ in range(n):
            await self._slot()

    async def _slot(self, *, has_night: bool = True) -> None:
        self.daemon.check()
        self.n_nights = max(self.n_nights, self.daemon.heard[NIGHTLY])
        n = self.daemon.heard[ROUND]
        before = self.time.now()
        self.time.set(self.time.slot_start(self.every) + self.every + self._into())
        await self._await_round(n)
        self.n_nights += self._nights(before) if has_night else 0
        await self._await_nights()
        self.note_vitals()

    def step(self, by: timedelta) -> None:
        """Step the wall clock under the running daemon."""
        before = self.time.now()
        self.time.step(by)
        self.n_nights += self._nights(before)

    async def seen_by_the_daemon(self) -> None:
        """Let the daemon see how the clock stands now."""
        await asyncio.sleep(SEES_CLOCK_S)

    async def sleep(self, span: timedelta) -> None:
        """The machine sleeps: nothing runs, and the wall clock goes on."""
        before = self.time.now()
        self.time.set(self.time.slot_start(self.every) + span + self._into())
        self.n_nights += self._nights(before)

    @property
    def leeway(self) -> timedelta:
        """From the moment that all instants of a slot lie before, to its end."""
        return BEFORE_SLOT_ENDS

    def _into(self) -> timedelta:
        return self.every - BEFORE_SLOT_ENDS

    async def _await_round(self, n: int) -> None:
        slot = self.time.slot_start(self.every)
        if await self.daemon.hears(ROUND, n + 1, ROUND_S):
            self.measured.append(slot)
        else:
            self.n_late += 1

    async def _await_nights(self) -> None:
        """Real days are long; here the night's analysis must not meet the next one."""
        if not await self.daemon.hears(NIGHTLY, self.n_nights, NIGHT_S):
            self.n_lost_nights += 1
            self.n_nights = self.daemon.heard[NIGHTLY]

    def _nights(self, before) -> int:
        first = (before.astimezone(ZONE) - NIGHTLY_AT).date()
        last = (self.time.now().astimezone(ZONE) - NIGHTLY_AT).date()
        # However long the machine slept, it is one analysis.
        return int(last > first)

    def note_vitals(self) -> None:
        """Note what the daemon holds now, unless the clock stands far away."""
        if self.vitals and abs(self.time.now() - self.vitals[-1][0]) > FAR:
            return
        with contextlib.suppress(OSError, KeyError):
            found = self.daemon.vitals()
            self.vitals.append((self.time.now(), self.daemon.n_starts, found))
