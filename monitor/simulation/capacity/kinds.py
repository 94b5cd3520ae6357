"""Kinds of homes of the second physics, in groups that the same rule judges."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.simulation.capacity import causes as c
from monitor.simulation.capacity.causes import Cause


class Group(StrEnum):
    """What is true of the targets that a cause reached, and so what may be said."""

    INNOCENT = "innocent"
    """Nobody does anything to a target: no accusation, at any look."""
    SERVICE = "service"
    """Slow by the service or its CDN: not `targeted_*`, never `strong`."""
    RESOLVER = "resolver"
    """The resolver of the home gives no answer: not `targeted_*`."""
    ROUTER = "router"
    """As from the provider, but the home's router does it: never `strong`, named."""
    LISTED = "listed"
    """Everything is slow but what a list allows: told as selective at least."""
    SUSTAINED = "sustained"
    BLOCKED = "blocked"
    REFUSED = "refused"
    """The service itself refuses: neither all-clear nor accusation."""
    SLOWED = "slowed"
    UNCOMPARED = "uncompared"
    """Slowed where no control can tell it from the whole line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeKind:
    """A kind of home."""

    name: str
    group: Group
    cause: Cause
    what: str


_KBIT = 1e3
_NOWHERE = "0.0.0.0"  # noqa: S104  an answer, not an address to listen on


def _kinds(group: Group, rows: Mapping[str, tuple[Cause, str]]) -> list[HomeKind]:
    return [
        HomeKind(name=name, group=group, cause=cause, what=what)
        for name, (cause, what) in rows.items()
    ]


_INNOCENT: Mapping[str, tuple[Cause, str]] = {
    "plain": (c.nothing, "an ordinary home"),
    "busy_line": (c.busy_line, "a strong common hill on the line"),
    "busy_transit": (c.busy_transit, "the way abroad is busy at the peak"),
    "full_transit": (
        c.with_(c.busy_transit, height=1.2),
        "the way abroad is full at the peak",
    ),
    "stream": (c.stream, "the household's own streaming, unseen"),
    "tariff": (c.tariff, "the whole line held from eight to ten"),
    "wifi_evenings": (c.wifi, "bad radio in the evening"),
    "fast_site": (c.fast_site, "one target far quicker than the rest"),
    "fast_site_stream": (
        c.all_of(c.fast_site, c.stream),
        "one target far quicker, and somebody streams",
    ),
    "fast_site_tariff": (
        c.all_of(c.fast_site, c.tariff),
        "one target far quicker, and the line is held in the evening",
    ),
    "fast_site_busy": (
        c.all_of(c.fast_site, c.busy_line),
        "one target far quicker on a busy line",
    ),
    "changed_object": (c.changed_object, "another object is taken from one day on"),
    "shifted_levels": (c.shifted_levels, "each level moves once for good"),
    "drifting_levels": (c.drift, "levels drift over weeks"),
    "longer_route": (c.longer_route, "a longer route from one day on"),
    "cheaper_tariff": (c.cheaper_tariff, "a slower line from one day on"),
    "no_transfers": (
        c.all_of(c.without_transfers, c.nothing),
        "no control is transferred from",
    ),
    "one_transfer": (
        c.all_of(c.with_(c.without_transfers, 1), c.nothing),
        "one control is transferred from",
    ),
    "one_transfer_stream": (
        c.all_of(c.with_(c.without_transfers, 1), c.stream),
        "one control is transferred from, and somebody streams",
    ),
    "one_transfer_tariff": (
        c.all_of(c.with_(c.without_transfers, 1), c.tariff),
        "one control is transferred from, and the line is held",
    ),
    "one_transfer_busy": (
        c.all_of(c.with_(c.without_transfers, 1), c.busy_line),
        "one control is transferred from, on a busy line",
    ),
}
_SERVICE: Mapping[str, tuple[Cause, str]] = {
    "moved_host": (c.moved_host, "the transfer's host moves away in the evening"),
    "full_cdn": (c.full_cdn, "one service's network is full at the same hours"),
    "own_limit": (c.own_limit, "the service sends no more than a rate"),
}
_RESOLVER: Mapping[str, tuple[Cause, str]] = {
    "filter_nxdomain": (c.with_(c.own_resolver, ""), "the home's filter: no such name"),
    "filter_zero": (c.with_(c.own_resolver, _NOWHERE), "the home's filter: 0.0.0.0"),
}
_ROUTER: Mapping[str, tuple[Cause, str]] = {
    "router_resets": (
        c.with_(c.failing, "tls_handshake", "connection_reset"),
        "the home's router resets",
    ),
    "router_limits": (c.with_(c.held, 256 * _KBIT), "the home's router limits"),
}
_LISTED: Mapping[str, tuple[Cause, str]] = {
    "four_of_seven": (c.with_(c.allowed_list, 4), "four of seven controls stay quick"),
    "three_of_seven": (c.with_(c.allowed_list, 3), "three of seven stay quick"),
    "one_of_seven": (c.with_(c.allowed_list, 1), "one of seven stays quick"),
    "all_abroad": (
        c.with_(c.allowed_list, 3, abroad_only=True),
        "everything abroad is held",
    ),
}
_SUSTAINED: Mapping[str, tuple[Cause, str]] = {
    "all_hours": (c.at_all_hours, "a tenth at all hours from the tenth day on"),
    "lighter_at_night": (
        c.with_(c.at_all_hours, lighter_at_night=True),
        "the same, half at night",
    ),
}
_BLOCKED: Mapping[str, tuple[Cause, str]] = {
    "blocked": (
        c.with_(c.failing, "tls_handshake", "generic_timeout_error"),
        "silence after the ClientHello",
    ),
    "blocked_beside_controls": (
        c.with_(c.failing, "tls_handshake", "connection_reset", others=2),
        "two foreign controls are blocked, too",
    ),
    "blocked_half_nights": (
        c.with_(c.failing, "tls_handshake", "connection_reset", share=0.5),
        "blocked on half of the nights",
    ),
    "blocked_transfers": (
        c.with_(c.failing, "read", "connection_reset", probes="download"),
        "only transfers are reset",
    ),
    "page_403": (c.with_(c.refusing, 403, foreign=True), "403 under another issuer"),
    "page_451": (c.with_(c.refusing, 451, foreign=True), "451 under another issuer"),
    "page_200": (c.with_(c.refusing, 200, foreign=True), "200 under another issuer"),
    "page_302": (c.with_(c.refusing, 302, foreign=True), "a redirect, another issuer"),
}
_REFUSED: Mapping[str, tuple[Cause, str]] = {
    "refused_429": (c.with_(c.refusing, 429, foreign=False), "429 by the site itself"),
    "refused_403": (c.with_(c.refusing, 403, foreign=False), "403 by the site itself"),
    "refused_503": (c.with_(c.refusing, 503, foreign=False), "503 by the site itself"),
}
_SLOWED: Mapping[str, tuple[Cause, str]] = {
    "held_128k": (c.with_(c.held, 128 * _KBIT), "128 kbit/s"),
    "held_512k": (c.with_(c.held, 512 * _KBIT), "512 kbit/s"),
    "held_2m": (c.with_(c.held, 2e6), "2 Mbit/s on a quick line"),
    "held_two_a_week": (
        c.with_(c.held, 128 * _KBIT, share=2 / 7),
        "128 kbit/s on two nights a week",
    ),
    "twice": (c.with_(c.slower, 2.0), "twice as slow"),
    "half_again": (c.with_(c.slower, 1.5), "1.5 times as slow"),
    "twice_half_nights": (
        c.with_(c.slower, 2.0, share=0.5),
        "twice as slow on half of the nights",
    ),
    "lossy": (c.lossy, "packets are lost"),
    "delayed": (c.delayed, "150 ms more for every round trip"),
    "held_512k_busy": (
        c.all_of(c.busy_line, c.with_(c.held, 512 * _KBIT)),
        "512 kbit/s on a busy line",
    ),
}
_UNCOMPARED: Mapping[str, tuple[Cause, str]] = {
    "held_512k_one_transfer": (
        c.all_of(c.with_(c.without_transfers, 1), c.with_(c.held, 512 * _KBIT)),
        "512 kbit/s, one control is transferred from",
    ),
    "held_512k_no_transfer": (
        c.all_of(c.without_transfers, c.with_(c.held, 512 * _KBIT, pages=False)),
        "512 kbit/s for transfers, no control is transferred from",
    ),
}

KINDS: Mapping[str, HomeKind] = {
    kind.name: kind
    for group, rows in (
        (Group.INNOCENT, _INNOCENT),
        (Group.SERVICE, _SERVICE),
        (Group.RESOLVER, _RESOLVER),
        (Group.ROUTER, _ROUTER),
        (Group.LISTED, _LISTED),
        (Group.SUSTAINED, _SUSTAINED),
        (Group.BLOCKED, _BLOCKED),
        (Group.REFUSED, _REFUSED),
        (Group.SLOWED, _SLOWED),
        (Group.UNCOMPARED, _UNCOMPARED),
    )
    for kind in _kinds(group, rows)
}
"""Every kind by its name."""
