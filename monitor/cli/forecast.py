"""How much a configuration will receive, in words: said before anything is received."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.model import Probe, Target
from monitor.reason import Reason, phrase
from monitor.wire_bytes import expected_on_wire_bytes

_HTTPS_PORT: Final = 443


def forecast(config: Config) -> Reason:
    """What a day is expected to receive, and what the budget makes of it."""
    expected = int(sum(_bytes_per_day(config).values()))
    caps = tuple(_caps(config))
    if not caps:
        return phrase(
            "data: about {size:,.0f} MB a day expected; no budget is set",
            size=expected / 1e6,
        )
    per_day = min(
        config.budget.per_day or expected,
        (config.budget.per_month or expected * 30) // 30,
    )
    return phrase(
        "data: about {size:,.0f} MB a day expected; the budget is {caps:parts}:"
        " {fits:parts}",
        size=expected / 1e6,
        caps=caps,
        fits=(_fits(expected, per_day),),
    )


def _caps(config: Config) -> Iterator[Reason]:
    day, month = config.budget.per_day, config.budget.per_month
    if day is not None:
        yield phrase("{size:,.0f} MB a day", size=day / 1e6)
    if month is not None:
        yield phrase("{size:,.0f} MB a month", size=month / 1e6)


def _fits(expected: int, per_day: int) -> Reason:
    if expected <= per_day:
        return phrase("everything fits")
    share = 100 * per_day // expected
    return phrase("about {share} % of it fits, the evening first", share=share)


def forecast_by_host(config: Config) -> Iterator[tuple[float, str]]:
    """What a day is expected to receive of each host [bytes], the costliest first.

    An object that is still to be found is told of the host whose page names it.
    """
    sites = {target.name: target for target in config.all_targets()}
    by_host: dict[str, float] = defaultdict(float)
    names: dict[str, set[str]] = defaultdict(set)
    for (name, probe), n_bytes in _bytes_per_day(config).items():
        host = _host(sites[name], probe)
        by_host[host] += n_bytes
        names[host].add(name)
    for host in sorted(by_host, key=lambda host: (-by_host[host], host)):
        whose = ", ".join(sorted(names[host]))
        yield by_host[host], f"{host} ({whose})"


def quic_forecast(config: Config) -> Reason:
    """Whether HTTP/3 is measured, and what it takes from TCP's transfers."""
    from monitor.probe.http3 import is_installed
    from monitor.sampling.quic_turns import MOST_A_ROUND

    if config.quic.targets == ():
        return phrase("HTTP/3: not measured, as quic.targets is empty")
    if not is_installed():
        return phrase("HTTP/3: not measured; it needs the extra monitor[quic]")
    rounds = timedelta(days=1) / (config.throughput.every or config.every)
    services = {t.service or t.name for t in config.all_targets() if t.download}
    of_services = len(services) * timedelta(days=1) / config.quic.every
    n_most = min(MOST_A_ROUND * rounds, of_services)
    n_bytes = int(n_most * expected_on_wire_bytes(1, config.throughput.max_bytes))
    return phrase(
        "HTTP/3: of sites that offer it; at most {size:,.0f} MB a day, for which as"
        " much over TCP is left out far from the evening",
        size=n_bytes / 1e6,
    )


def pairs_forecast(config: Config) -> Iterator[Reason]:
    """What blocks, and each way, may receive in a day."""
    yield from _of_blocks(config)
    for way in config.ways:
        from monitor.daemon.wiring import LEG_BYTES
        from monitor.sampling.by_ways import LEGS

        n_legs = LEGS * timedelta(days=1) / max(way.every, config.every)
        n_bytes = int(n_legs * expected_on_wire_bytes(1, LEG_BYTES))
        yield phrase(
            "way {name}: about {size:,.0f} MB a day more, where the budget has room for"
            " it",
            name=way.name,
            size=n_bytes / 1e6,
        )


def _of_blocks(config: Config) -> Iterator[Reason]:
    section = config.differential
    if section is None:
        return
    from monitor.sampling.differential import CALM_BLOCKS, n_legs_of_block

    day = timedelta(days=1)
    n_targets = len(section.targets)
    # one target in each slot
    n_looks = min(n_targets * day / section.sentinel_every, day / config.every)
    slots = timedelta(minutes=config.window.span.length_min) / config.every
    targets = [t for t in config.all_targets() if t.name in section.targets]
    n_legs = sum(n_legs_of_block(target) for target in targets)
    n_most = min(float(section.blocks_per_evening), slots / n_targets)
    n_calm = min(CALM_BLOCKS, section.blocks_per_evening)
    leg_bytes = expected_on_wire_bytes(1, section.bytes)
    always, evening = (
        int(n * leg_bytes) for n in (2 * n_looks + n_calm * n_legs, n_most * n_legs)
    )
    yield phrase(
        "blocks: about {always:,.0f} MB a day more, and at most {evening:,.0f} MB on"
        " evenings that give reason to, where the budget has room for it",
        always=always / 1e6,
        evening=evening / 1e6,
    )
    port = urlsplit(section.neutral).port or _HTTPS_PORT
    if port != _HTTPS_PORT:
        yield phrase(
            "blocks: the neutral server listens at port {port}: who reads names at"
            " {usual} alone does nothing there, as if no name was slowed",
            port=port,
            usual=_HTTPS_PORT,
        )


def _bytes_per_day(config: Config) -> dict[tuple[str, str], float]:
    from monitor.daemon.wiring import new_ration
    from monitor.sampling.ration import forecast_bytes_per_day

    ration = new_ration(config)
    return forecast_bytes_per_day(ration.costs, ration.timetable)


def _host(target: Target, probe: str) -> str:
    if probe == Probe.DOWNLOAD:
        url = target.download_url or target.url
        return target.download_host or urlsplit(url).hostname or ""
    return target.host_like or urlsplit(target.url).hostname or ""
