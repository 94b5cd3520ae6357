"""What the keys of a configuration ask of each other, beyond what each allows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.addresses import is_address, is_public
from monitor.config.companies import runs
from monitor.config.values import BOTH_FAMILIES, SIX_SUFFIX, is_name

if TYPE_CHECKING:
    from monitor.config.sections import Config, Site


def contradictions(config: "Config") -> Iterator[str]:
    """Each as `path: what is wrong`."""
    yield from _of_families(config)
    yield from _of_twins(config)
    yield from _of_quic(config)
    yield from _of_blocks(config)
    yield from _of_delivery(config)
    yield from _of_ways(config)


def _of_families(config: "Config") -> Iterator[str]:
    for site in config.controls:
        if site.address_family == BOTH_FAMILIES:
            yield (
                f"controls: address_family: both of {site.name}: of targets only, as it"
                " would count as two controls"
            )
    names = {site.name for site in (*config.targets, *config.controls)}
    for site in config.targets:
        other = f"{site.name}{SIX_SUFFIX}"
        if site.address_family == BOTH_FAMILIES:
            yield from _of_both(site, other, names)


def _of_both(site: "Site", other: str, names: set[str]) -> Iterator[str]:
    """What its second host cannot be."""
    begin = f"targets: address_family: both of {site.name}"
    if other in names:
        yield f"{begin} makes a host {other}, and another site has that name"
    if not is_name(other):
        yield f"{begin} makes a host {other}, which is too long for a name"
    if is_address(urlsplit(site.url).hostname or ""):
        yield f"{begin}: its url is an address, which is of one family"
    if site.service is None:
        yield f"{begin}: needs a service, as its name is too long for one"


def _of_twins(config: "Config") -> Iterator[str]:
    """A twin that is slowed with what it is held against would clear whoever slows."""
    twins = [site for site in config.targets if site.role == "twin"]
    accused = [site for site in config.targets if site.role != "twin"]
    owners = {owner for site in accused for owner in site.owners}
    for twin in twins:
        for owner in sorted(owners & twin.owners):
            yield (
                f"targets: role: twin of {twin.name}: a host of somebody else, not of"
                f" {owner}, which is a target's"
            )


def _of_quic(config: "Config") -> Iterator[str]:
    sites = {site.name for site in (*config.targets, *config.controls)}
    for name in config.quic.targets or ():
        if name not in sites:
            yield f"quic.targets: no such target or control: {name}"


def _of_blocks(config: "Config") -> Iterator[str]:
    blocks = config.differential
    if blocks is None:
        return
    if config.probing.level != "extended":
        yield "differential: needs probing.level: extended"
    names = {site.name for site in config.targets}
    for name in blocks.targets:
        if name not in names:
            yield f"differential.targets: no such target: {name}"
    for site in (*config.targets, *config.controls):
        if runs(site, blocks.neutral):
            yield (
                f"differential.neutral: a server of your own, not of {site.name}, a"
                " target or control, or its company"
            )
            return
    if _is_near(urlsplit(blocks.neutral).hostname or ""):
        yield (
            "differential.neutral: a server out on the net; on the way to an address"
            " of a home nobody reads a name"
        )


def _is_near(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:  # a name
        return host == "localhost"


def _of_delivery(config: "Config") -> Iterator[str]:
    if config.report.deliver != "never" and not config.deliver_urls:
        yield (
            "report.deliver: needs report.deliver_urls, or a mail address in"
            " notify.urls"
        )


def _of_ways(config: "Config") -> Iterator[str]:
    names = [way.name for way in config.ways]
    if len(set(names)) < len(names):
        yield "ways: each name once"
    for place, way in enumerate(config.ways):
        if unknown := set(way.targets) - {site.name for site in config.targets}:
            yield f"ways[{place}].targets: no such target: {min(unknown)}"
        elif not config.names_by(way):
            yield (
                f"ways[{place}].targets: a target with a page or a download_url, since"
                " bytes are compared"
            )
