"""How much a configuration will receive, in words: said before anything is received."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.model import Probe, Target
from monitor.wire_bytes import expected_on_wire_bytes

_ROOM: Final = ", where the budget has room for it"
_HTTPS_PORT: Final = 443


def forecast_text(config: Config) -> str:
    """One line: what a day is expected to receive, and what the budget makes of it."""
    expected = int(sum(_bytes_per_day(config).values()))
    caps = [
        f"{_megabytes(cap)} a {unit}"
        for cap, unit in (
            (config.budget.per_day, "day"),
            (config.budget.per_month, "month"),
        )
        if cap is not None
    ]
    text = f"data: about {_megabytes(expected)} a day expected"
    if not caps:
        return f"{text}; no budget is set"
    per_day = min(
        config.budget.per_day or expected,
        (config.budget.per_month or expected * 30) // 30,
    )
    fits = (
        "everything fits"
        if expected <= per_day
        else f"about {100 * per_day // expected} % of it fits, the evening first"
    )
    return f"{text}; the budget is {' and '.join(caps)}: {fits}"


def forecast_by_host(config: Config) -> Iterator[str]:
    """A line for each host, the costliest first: what a day is expected to receive.

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
        yield f"{by_host[host] / 1e6:8.1f} MB  {host} ({whose})"


def quic_text(config: Config) -> str:
    """One line: whether HTTP/3 is measured, and what it takes from TCP's transfers."""
    from monitor.probe.http3 import is_installed
    from monitor.sampling.quic_turns import MOST_A_ROUND

    if config.quic.targets == ():
        return "HTTP/3: not measured, as quic.targets is empty"
    if not is_installed():
        return "HTTP/3: not measured; it needs the extra monitor[quic]"
    rounds = timedelta(days=1) / (config.throughput.every or config.every)
    services = {t.service or t.name for t in config.all_targets() if t.download}
    of_services = len(services) * timedelta(days=1) / config.quic.every
    n_most = min(MOST_A_ROUND * rounds, of_services)
    n_bytes = int(n_most * expected_on_wire_bytes(1, config.throughput.max_bytes))
    most = _megabytes(n_bytes)
    return (
        f"HTTP/3: of sites that offer it; at most {most} a day, for which as much over"
        " TCP is left out far from the evening"
    )


def pairs_texts(config: Config) -> Iterator[str]:
    """A line for blocks and one for each way: what they may receive in a day."""
    yield from _blocks_texts(config)
    for way in config.ways:
        from monitor.daemon.wiring import LEG_BYTES
        from monitor.sampling.by_ways import LEGS

        n_legs = LEGS * timedelta(days=1) / max(way.every, config.every)
        n_bytes = int(n_legs * expected_on_wire_bytes(1, LEG_BYTES))
        yield f"way {way.name}: about {_megabytes(n_bytes)} a day more{_ROOM}"


def _blocks_texts(config: Config) -> Iterator[str]:
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
    yield (
        f"blocks: about {_megabytes(always)} a day more, and at most"
        f" {_megabytes(evening)} on evenings that give reason to{_ROOM}"
    )
    port = urlsplit(section.neutral).port or _HTTPS_PORT
    if port != _HTTPS_PORT:
        yield (
            f"blocks: the neutral server listens at port {port}: who reads names at"
            f" {_HTTPS_PORT} alone does nothing there, as if no name was slowed"
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


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"
