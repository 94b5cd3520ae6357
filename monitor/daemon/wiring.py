"""A configuration turned into what measures: prober, ration, sampler."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from monitor.clock import Clock
from monitor.config import Config
from monitor.model import Round, Sample
from monitor.probe import Prober, ProbeSettings
from monitor.probe.gateway import Gateway
from monitor.probe.http3 import is_installed
from monitor.probe.legs import LegProber
from monitor.probe.next_resolver import NextResolver
from monitor.probe.tunnel import DIRECT, Tunnel
from monitor.sampling.budget import Budget
from monitor.sampling.by_ways import WayPairs, WayPlan
from monitor.sampling.differential import Differential, DifferentialPlan, PastLegs
from monitor.sampling.leg_runs import Means
from monitor.sampling.quic_turns import Offered, QuicTurns
from monitor.sampling.ration import Cost, Ration, Timetable, first_costs
from monitor.sampling.round import RoundRunner, Write
from monitor.sampling.sampler import NO_QUESTIONS, Pace, Questions, Sampler
from monitor.sampling.turns import taking_turns

LEG_BYTES: Final = 256_000
"""Most of one leg of a pair of ways."""
CONTROLS_BY_WAY: Final = 3


def probe_settings(config: Config) -> ProbeSettings:
    """What the probe needs to know of the configuration."""
    return ProbeSettings(
        vantage=config.vantage,
        resolvers=config.probing.resolvers,
        stage_timeout_s=config.probing.stage_timeout.total_seconds(),
        download_max_bytes=config.throughput.max_bytes,
        download_max_s=config.throughput.max_time.total_seconds(),
        block_page_addresses=config.probing.block_page_addresses,
        allow_private_answers=config.probing.allow_private_answers,
    )


def new_ration(config: Config) -> Ration:
    """The account of a configuration's data budget, with nothing received yet."""
    return Ration(
        budget=Budget(
            per_day_bytes=config.budget.per_day,
            per_month_bytes=config.budget.per_month,
        ),
        timetable=Timetable(
            zone=ZoneInfo(config.timezone),
            window=config.window.span,
            every=config.every,
            downloads_every=config.throughput.every or config.every,
        ),
        costs=expected_costs(config),
    )


def expected_costs(config: Config) -> dict[tuple[str, str], Cost]:
    """Bytes that each probe is expected to receive, by target and kind of probe."""
    sites = config.all_targets()
    return first_costs(sites, download_bytes=config.throughput.max_bytes)


def new_sampler(
    config: Config,
    *,
    clock: Clock,
    write: Write,
    ration: Ration | None = None,
    questions: Questions = NO_QUESTIONS,
) -> Sampler:
    """A sampler for a configuration, with its prober and gateway.

    Parameters
    ----------
    ration, questions : see `Sampler`.
    """
    account = None if ration is None else ration.count

    def means(leg_bytes: int, tunnel: Tunnel = DIRECT) -> Means:
        return Means(
            prober=LegProber(probe_settings(config), clock, leg_bytes, tunnel),
            clock=clock,
            write=write,
            account=account,
            spare_bytes=None if ration is None else ration.spare_bytes,
        )

    rng = Random()  # noqa: S311  order and instants, not secrets
    of_names = tuple(_differential(config, means, rng, questions.past_legs))
    prober = Prober(probe_settings(config), clock)
    runner = RoundRunner(
        prober=prober,
        gateway=Gateway(clock, vantage=config.vantage),
        clock=clock,
        vantage=config.vantage,
        write=_heard(write, of_names),
        account=account,
        next_resolver=NextResolver(
            clock, vantage=config.vantage, resolvers=config.probing.resolvers
        ),
    )
    pace = Pace(
        every=config.every,
        downloads_every=config.throughput.every or config.every,
        per_second=config.probing.per_second,
    )
    sites = config.all_targets()
    sampler = Sampler(sites, pace, runner, rng, ration=ration, questions=questions)
    if is_installed():
        sampler.ask_over_quic(quic_turns(config, prober.offered))
    sampler.compare_between_rounds(*of_names, *_way_pairs(config, means, rng))
    return sampler


def _heard(write: Write, differentials: Sequence[Differential]) -> Write:
    """As `write`; what compares names hears of the ordinary samples, too."""

    async def write_and_tell(record: Round | Sample) -> None:
        if isinstance(record, Sample):
            for differential in differentials:
                differential.hear(record)
        await write(record)

    return write_and_tell


class _MeansBy(Protocol):
    def __call__(self, leg_bytes: int, tunnel: Tunnel = DIRECT) -> Means:
        """What makes legs of so many bytes at most, by a way."""


def quic_turns(config: Config, offered: Offered) -> QuicTurns:
    """Which transfers are made over QUIC, too."""
    names = config.quic.targets
    of_tcp = config.throughput.every or config.every
    return QuicTurns(
        offered=offered,
        every=config.quic.every / of_tcp,
        names=None if names is None else frozenset(names),
        n_sharing={
            site.name: len(sites)
            for sites in taking_turns(config.all_targets())
            for site in sites
        },
    )


def _differential(
    config: Config, means: _MeansBy, rng: Random, past: PastLegs | None
) -> Iterator[Differential]:
    """What compares names between rounds; nothing where that is not configured."""
    section = config.differential
    if section is None:
        return
    plan = DifferentialPlan(
        neutral=section.neutral,
        targets=tuple(t for t in config.all_targets() if t.name in section.targets),
        sentinel_every=section.sentinel_every,
        blocks_per_evening=section.blocks_per_evening,
        leg_bytes=section.bytes,
        zone=ZoneInfo(config.timezone),
        window=config.window.span,
    )
    yield Differential(plan, means(section.bytes), rng, past)


def _way_pairs(config: Config, means: _MeansBy, rng: Random) -> Iterator[WayPairs]:
    """What compares ways between rounds, one for each way."""
    sites = config.all_targets()
    names = [site.name for site in config.controls if site.can_be_transferred]
    controls = tuple(site for site in sites if site.name in names[:CONTROLS_BY_WAY])
    for way in config.ways:
        tunnel = Tunnel(name=way.name, interface=way.interface, proxy=way.url)
        plan = WayPlan(
            every=way.every,
            targets=tuple(site for site in sites if site.name in config.names_by(way)),
            controls=controls,
            leg_bytes=LEG_BYTES,
        )
        yield WayPairs(plan, (means(LEG_BYTES), means(LEG_BYTES, tunnel)), rng)
