"""`monitor sample`: one round now."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from monitor.cli.options import configuration, refused
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, say, visible
from monitor.config import Config
from monitor.errors import HeldError, InputError
from monitor.model import Round, Sample

if TYPE_CHECKING:
    from monitor.clock import Clock
    from monitor.store import Store


@click.command("sample")
@click.option("--target", "name", help="Only this target or control.")
@click.option("--json", "as_json", is_flag=True, help="The samples as JSON.")
@click.pass_obj
def sample_command(settings: Settings, name: str | None, *, as_json: bool) -> None:
    """Measure one round now, store it, and show the phases.

    Exit status 1 when no site answered.
    """
    from monitor.cli.table import (
        as_document,
        end_unless_answered,
        print_samples,
    )

    config = _only(configuration(settings), name)
    samples, record = asyncio.run(_one_round(config))
    if as_json:
        echo_json([as_document(sample) for sample in samples])
    else:
        print_samples(samples)
        if record.reason:
            say(f"round {record.status}: {visible(record.reason)}", err=True)
    end_unless_answered(samples)


async def _one_round(config: Config) -> tuple[list[Sample], Round]:
    from monitor.clock import SystemClock
    from monitor.daemon.wiring import new_sampler
    from monitor.store import open_store

    samples: list[Sample] = []
    clock = SystemClock()
    with open_store(config.database) as store:
        _tell_of_daemon(store, config, clock)

        async def write(record: Sample | Round) -> None:
            if isinstance(record, Round):
                await asyncio.to_thread(store.rounds.append, record)
            else:
                samples.append(record)
                await asyncio.to_thread(store.samples.append, [record])

        sampler = new_sampler(config, clock=clock, write=write)
        record = await sampler.run_round(clock.now_utc(), with_downloads=True)
    return sorted(samples, key=lambda s: s.sequence or 0), record


def _tell_of_daemon(store: "Store", config: Config, clock: "Clock") -> None:
    """A person may always measure; the daemon's slot then has one round more."""
    from monitor.store.holder import Holder

    here = Holder.this_process()
    try:
        store.leases.refuse_held(config.vantage, here, now_utc=clock.now_utc())
    except HeldError:
        say("a daemon measures this vantage, too: one round more in its slot", err=True)


def _only(config: Config, name: str | None) -> Config:
    if name is None:
        return config
    targets = tuple(site for site in config.targets if site.name == name)
    controls = tuple(site for site in config.controls if site.name == name)
    if not targets and not controls:
        names = ", ".join(s.name for s in (*config.targets, *config.controls))
        raise InputError(refused("--target", name, names))
    return replace(config, targets=targets, controls=controls)
