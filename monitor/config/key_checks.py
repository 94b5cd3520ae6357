"""What the keys of a configuration ask of each other, beyond what each allows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.addresses import is_address, is_public
from monitor.config.companies import runs
from monitor.config.values import BOTH_FAMILIES, SIX_SUFFIX, is_name
from monitor.reason import Reason, phrase

if TYPE_CHECKING:
    from monitor.config.sections import Config, Site


def contradictions(config: "Config") -> Iterator[Reason]:
    """Each with its path."""
    yield from _of_families(config)
    yield from _of_twins(config)
    yield from _of_quic(config)
    yield from _of_blocks(config)
    yield from _of_delivery(config)
    yield from _of_ways(config)


def _of_families(config: "Config") -> Iterator[Reason]:
    for site in config.controls:
        if site.address_family == BOTH_FAMILIES:
            yield phrase(
                "{key} of {name}: of targets only, as it would count as two controls",
                key="controls: address_family: both",
                name=site.name,
            )
    names = {site.name for site in (*config.targets, *config.controls)}
    for site in config.targets:
        if site.address_family == BOTH_FAMILIES:
            other = f"{site.name}{SIX_SUFFIX}"
            begin = phrase(
                "{key} of {name}", key="targets: address_family: both", name=site.name
            )
            for wrong in _of_both(site, other, names):
                yield phrase(
                    "{begin:reasons}: {wrong:reasons}", begin=(begin,), wrong=(wrong,)
                )


def _of_both(site: "Site", other: str, names: set[str]) -> Iterator[Reason]:
    """What its second host cannot be."""
    if other in names:
        yield phrase(
            "makes a host {other}, and another site has that name", other=other
        )
    if not is_name(other):
        yield phrase("makes a host {other}, which is too long for a name", other=other)
    if is_address(urlsplit(site.url).hostname or ""):
        yield phrase("its url is an address, which is of one family")
    if site.service is None:
        yield phrase("needs a service, as its name is too long for one")


def _of_twins(config: "Config") -> Iterator[Reason]:
    """A twin that is slowed with what it is held against would clear whoever slows."""
    twins = [site for site in config.targets if site.role == "twin"]
    accused = [site for site in config.targets if site.role != "twin"]
    owners = {owner for site in accused for owner in site.owners}
    for twin in twins:
        for owner in sorted(owners & twin.owners):
            yield phrase(
                "{key} of {name}: a host of somebody else, not of {owner}, which is a"
                " target's",
                key="targets: role: twin",
                name=twin.name,
                owner=owner,
            )


def _of_quic(config: "Config") -> Iterator[Reason]:
    sites = {site.name for site in (*config.targets, *config.controls)}
    for name in config.quic.targets or ():
        if name not in sites:
            yield phrase(
                "{path}: no such target or control: {name}",
                path="quic.targets",
                name=name,
            )


def _of_blocks(config: "Config") -> Iterator[Reason]:
    blocks = config.differential
    if blocks is None:
        return
    if config.probing.level != "extended":
        yield phrase(
            "{path}: needs {key}", path="differential", key="probing.level: extended"
        )
    names = {site.name for site in config.targets}
    for name in blocks.targets:
        if name not in names:
            yield _no_target("differential.targets", name)
    for site in (*config.targets, *config.controls):
        if runs(site, blocks.neutral):
            yield phrase(
                "{path}: a server of your own, not of {name}, a target or control, or"
                " its company",
                path="differential.neutral",
                name=site.name,
            )
            return
    if _is_near(urlsplit(blocks.neutral).hostname or ""):
        yield phrase(
            "{path}: a server out on the net; on the way to an address of a home nobody"
            " reads a name",
            path="differential.neutral",
        )


def _is_near(host: str) -> bool:
    return not is_public(host) if is_address(host) else host == "localhost"


def _of_delivery(config: "Config") -> Iterator[Reason]:
    if config.report.deliver != "never" and not config.deliver_urls:
        yield phrase(
            "{path}: needs {key}, or a mail address in {other}",
            path="report.deliver",
            key="report.deliver_urls",
            other="notify.urls",
        )


def _of_ways(config: "Config") -> Iterator[Reason]:
    names = [way.name for way in config.ways]
    if len(set(names)) < len(names):
        yield phrase("{path}: each name once", path="ways")
    for place, way in enumerate(config.ways):
        if unknown := set(way.targets) - {site.name for site in config.targets}:
            yield _no_target(f"ways[{place}].targets", min(unknown))
        elif not config.names_by(way):
            yield phrase(
                "{path}: a target with a page or a download_url, since bytes are"
                " compared",
                path=f"ways[{place}].targets",
            )


def _no_target(path: str, name: str) -> Reason:
    return phrase("{path}: no such target: {name}", path=path, name=name)
