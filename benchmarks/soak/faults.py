"""The faults of a long life. Each comes, stays for some slots, and goes."""

import asyncio
import signal
from contextlib import suppress
from datetime import timedelta

from benchmarks.soak import older
from benchmarks.soak.sites import TARGETS

NO_LIMIT = 2**63 - 1
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)


async def clock_forward(soak):
    """The wall clock jumps ahead in the middle of a round."""
    await soak.slots()
    soak.step(soak.rng.randint(1, 3) * HOUR)
    await soak.slots()


async def clock_back(soak):
    """The wall clock jumps back: the slots of that time come twice."""
    until = soak.time.slot_start(soak.every)
    soak.step(-soak.rng.randint(1, 3) * HOUR)
    await soak.seen_by_the_daemon()
    while soak.time.slot_start(soak.every) <= until:
        await soak.slots()


async def clock_off_by_minutes(soak):
    """The wall clock jumps by minutes, ahead or back, and is set right later."""
    by = soak.rng.choice([-1, 1]) * soak.rng.randint(2, 50) * MINUTE
    await _stepped_and_set_right(soak, by)


async def clock_years_ahead(soak):
    """The wall clock stands years ahead for some slots, and is set right."""
    await _stepped_and_set_right(soak, soak.rng.randint(1, 3) * YEAR)


async def clock_years_back(soak):
    """The wall clock stands years back for some slots, and is set right."""
    await _stepped_and_set_right(soak, -soak.rng.randint(1, 3) * YEAR)


async def killed_years_ahead(soak):
    """A power cut while the clock stands years ahead; it comes back right."""
    by = soak.rng.randint(1, 3) * YEAR
    soak.step(by)
    # Else a night that is due by the step and one that is due by the slot are one.
    await soak.seen_by_the_daemon()
    await soak.slots(2)
    await soak.daemon.kill()
    soak.time.step(-by)
    await soak.sleep(2 * HOUR)
    await soak.start()


async def _stepped_and_set_right(soak, by):
    soak.step(by)
    await soak.seen_by_the_daemon()
    await soak.slots(soak.rng.randint(1, 3))
    soak.step(-by)
    await soak.seen_by_the_daemon()
    # Also where the slots of that time come again.
    await soak.slots(2)


async def suspend(soak):
    """The machine sleeps for hours."""
    soak.daemon.send(signal.SIGSTOP)
    await soak.sleep(soak.rng.randint(2, 5) * HOUR)
    soak.daemon.send(signal.SIGCONT)
    await soak.slots()


async def resolver_gone(soak):
    """The name server keeps silent."""
    soak.sites.keep_silent()
    await soak.slots(2)
    soak.sites.answer_again()


async def reload_targets(soak):
    """Other targets by SIGHUP, and the old ones again."""
    soak.configure(TARGETS[:-1])
    soak.daemon.send(signal.SIGHUP)
    await soak.slots(2)
    soak.configure()
    soak.daemon.send(signal.SIGHUP)


async def reload_nonsense(soak):
    """A configuration with a mistake by SIGHUP."""
    soak.daemon.configure({**soak.base, "targets": []})
    soak.daemon.send(signal.SIGHUP)
    await soak.slots()
    soak.configure()


async def files_may_not_grow(soak):
    """A disk without room, as far as that goes without root."""
    soak.daemon.limit_files(6_000)
    await soak.slots(2)
    soak.daemon.limit_files(NO_LIMIT)


async def disk_full(soak):
    """No byte is left on the disk."""
    soak.disk.fill()
    await soak.slots(2)
    soak.disk.free()


async def disk_refuses(soak):
    """Every write is refused, also through files that are open."""
    soak.disk.forbid_writing()
    await soak.slots(2)
    soak.disk.allow_writing()


async def line_down(soak):
    """The interface goes down, and its routes with it."""
    soak.network.disconnect()
    await soak.slots(2)
    soak.network.connect()


async def interface_renamed(soak):
    """The interface gets another name while a round may run."""
    soak.network.rename()
    await soak.slots()


async def database_restarts(soak):
    """PostgreSQL is away for some slots."""
    await asyncio.to_thread(soak.server.stop, soak.rng.choice(["fast", "immediate"]))
    await soak.slots(2)
    await asyncio.to_thread(soak.server.start)


async def site_closes(soak):
    """A site shuts down for good."""
    await soak.sites.close_one()
    await soak.slots()


async def name_given_up(soak):
    """A name exists no longer, for good."""
    await soak.sites.forget_one()
    await soak.slots()


async def killed(soak):
    """A power cut for some hours, at any instant of a round."""
    soak.time.set(soak.time.slot_start(soak.every) + 2 * soak.every - soak.leeway)
    await asyncio.sleep(soak.rng.random() * 1.5)
    await soak.daemon.kill()
    await soak.sleep(soak.rng.randint(1, 6) * HOUR)
    await soak.start()


async def killed_while_closing_days(soak):
    """Two nightly analyses at once, after some days, each killed at any instant."""
    await soak.daemon.stop()
    await soak.sleep(soak.rng.randint(28, 52) * HOUR)
    for _ in range(2):
        pair = [await soak.daemon.beside("nightly") for _ in range(2)]
        for child in pair:
            await asyncio.sleep(soak.rng.random() * 2.5)
            await ended(child, by=signal.SIGKILL)
    await soak.start()


async def killed_while_migrating(soak):
    """The database is that of an older version; its upgrade is killed, again and again.

    What was stored before is still there, and the daemon goes on with it.
    """
    await soak.daemon.stop()
    await asyncio.to_thread(older.become, soak)
    await ended(await soak.daemon.beside("db", "upgrade"), after_s=0.7)
    for _ in range(3):
        child = await soak.daemon.beside("db", "upgrade")
        await ended(child, by=signal.SIGKILL, after_s=0.7 + 1.5 * soak.rng.random())
    await soak.start()


async def ended(child, *, by=signal.SIGKILL, after_s=0.0):
    """Kill a process unless it has ended by itself in the meantime."""
    try:
        await asyncio.wait_for(child.wait(), after_s)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.send_signal(by)
        await child.wait()


async def killed_on_a_full_disk(soak):
    """A power cut while measurements are in memory only: lost, and a gap on record."""
    soak.disk.fill()
    await soak.slots(2)
    await soak.daemon.kill()
    soak.disk.free()
    await soak.sleep(2 * HOUR)
    await soak.start()


async def restarted(soak):
    """Ended by the service manager, and started at once."""
    await soak.daemon.stop()
    await soak.start()


async def boot_without_network(soak):
    """The daemon is there before the line."""
    await soak.daemon.stop()
    soak.network.disconnect()
    await soak.start()
    await soak.slots(2)
    soak.network.connect()


async def boot_with_old_clock(soak):
    """A machine without a clock boots with an old time, until NTP comes."""
    await soak.daemon.stop()
    right = soak.time.now() - soak.time.real()
    soak.time.step(-soak.rng.randint(30, 60) * HOUR)
    await soak.start()
    soak.time.set(soak.time.real() + right)
    await soak.slots()


async def boot_on_read_only_disk(soak):
    """The file system is mounted read-only at first."""
    await soak.daemon.stop()
    await asyncio.to_thread(soak.disk.remount, "ro")
    await soak.start()
    await soak.slots(2)
    await asyncio.to_thread(soak.disk.remount, "rw")


EVERYWHERE = (
    clock_forward,
    clock_back,
    clock_off_by_minutes,
    clock_years_ahead,
    clock_years_back,
    suspend,
    resolver_gone,
    reload_targets,
    reload_nonsense,
)
WITHOUT_ROOT = (files_may_not_grow,)
WITH_ROOT = (disk_full, disk_refuses, line_down, interface_renamed)
FOR_GOOD = (site_closes, name_given_up)
RESTARTS_EVERYWHERE = (
    killed,
    killed_years_ahead,
    killed_while_closing_days,
    killed_while_migrating,
    restarted,
    boot_with_old_clock,
)
RESTARTS_WITH_ROOT = (
    boot_without_network,
    boot_on_read_only_disk,
    killed_on_a_full_disk,
)
