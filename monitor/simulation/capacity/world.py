"""A line, eleven sites and their days, before anybody does anything to them.

A transfer of B bytes takes R log2(1 + B / W) + 8 B / min(own, cap): the round trips of
slow start, then the rate, which is the least of what the site gives and of what is left
of the line. All arrays have the shape (n_series, n) unless told otherwise.
"""

from dataclasses import dataclass, field

import numpy as np

from monitor.series.rows import Bools, Floats
from monitor.simulation.capacity.disturbance import disturbance, walk
from monitor.simulation.slots import Slots

FIRST_WINDOW_BYTES = 14_600.0
"""Ten segments of 1460 bytes (RFC 6928)."""
TARGETS = ("facebook", "youtube", "telegram", "twitter")
HOME_CONTROLS = ("kaspi", "ok", "vk")
"""Sites near by, reached without transit abroad."""
FAR_CONTROLS = ("wikipedia", "debian", "python", "cloudflare")
_OWN_BPS = 25e6
_OWN_SPREAD = 0.6
_LEVEL_STEP = 0.025
_LEVEL_AR = 0.9


@dataclass(slots=True, kw_only=True)
class World:
    """One home, still without its rows; causes change it in place."""

    slots: Slots
    rng: np.random.Generator
    names: tuple[str, ...]
    roles: tuple[str, ...]
    is_abroad: Bools
    """Shape (n_series,)."""
    rtt_s: Floats
    """Round trip of the page's connection."""
    media_rtt_s: Floats
    """Round trip of the transfer's connection, which may go to another host."""
    own_bps: Floats
    """What the site gives one transfer."""
    page_own_bps: Floats
    """The same for its page."""
    cap_bps: Floats
    """What is left of the line, shape (n,)."""
    server_s: Floats
    handshake_s: Floats
    """What is added to the handshake."""
    lookup_s: Floats
    page_bytes: Floats
    object_bytes: Floats
    has_transfer: Bools
    """Series that are transferred from at all, shape (n_series,)."""
    status: Floats
    """HTTP status of the page; 200 is the site's own page."""
    media_moved: Bools
    """Transfers that came from another address than usual."""
    foreign_issuer: Bools
    """Pages whose certificate somebody else signed."""
    resolver: str = "192.168.1.1"
    answers: dict[int, tuple[Bools, str]] = field(default_factory=dict)
    """By series: rounds in which the resolver gave another answer, and which."""
    failures: list[tuple[str, Bools, str, str]] = field(default_factory=list)
    """(kind of probe, cells, failed operation, failure)."""

    @property
    def n(self) -> int:
        """Rounds."""
        return self.slots.n

    def place(self, name: str) -> int:
        """The series of a site."""
        return self.names.index(name)

    def rows(self, series: "list[int]", when: Bools) -> Bools:
        """Cells of some series in some rounds, shape (n_series, n)."""
        cells = np.zeros((len(self.names), self.n), np.bool_)
        cells[series] = when
        return cells


def world(slots: Slots, model: str, rng: np.random.Generator) -> World:
    """An ordinary home: sites drawn anew, a line of 20 to 100 Mbit/s."""
    names = (*TARGETS, *HOME_CONTROLS, *FAR_CONTROLS)
    n = len(names)
    is_abroad = np.array([name not in HOME_CONTROLS for name in names])
    per_hour = max(1, 3600 // slots.every_s)

    def noise(scale: float) -> Floats:
        return scale * disturbance(model, (n, slots.n), per_hour, rng)

    level = walk((n, slots.days), _LEVEL_AR, 2 * _LEVEL_STEP, rng)[:, slots.day]
    base_rtt = np.where(is_abroad, *(_log_uniform(*b, n, rng) for b in _ROUND_TRIPS))
    rtt = base_rtt[:, None] * np.exp(noise(0.3))
    own_bps = _OWN_BPS * np.exp(rng.normal(0.0, _OWN_SPREAD, n))
    slower = level + noise(1.0)
    line = rng.uniform(20e6, 100e6)
    return World(
        slots=slots,
        rng=rng,
        names=names,
        roles=("target",) * len(TARGETS) + ("control",) * (n - len(TARGETS)),
        is_abroad=is_abroad,
        rtt_s=rtt,
        media_rtt_s=rtt.copy(),
        own_bps=own_bps[:, None] * np.exp(-slower),
        page_own_bps=own_bps[:, None] * np.exp(-level - noise(1.0)),
        cap_bps=line * np.exp(-np.abs(rng.normal(0.0, 0.03, slots.n))),
        server_s=np.exp(rng.normal(np.log(0.05), 0.5, n))[:, None] * np.exp(noise(1.5)),
        handshake_s=0.008 * np.exp(noise(1.0)),
        lookup_s=0.012 * np.exp(noise(2.0)),
        page_bytes=_sizes(10e3, 150e3, n, rng),
        object_bytes=_sizes(14e3, 500e3, n, rng),
        has_transfer=np.ones(n, np.bool_),
        status=np.full((n, slots.n), 200.0),
        media_moved=np.zeros((n, slots.n), np.bool_),
        foreign_issuer=np.zeros((n, slots.n), np.bool_),
    )


_ROUND_TRIPS = ((0.06, 0.16), (0.006, 0.04))
"""Abroad and near [s]."""


def _log_uniform(low: float, high: float, n: int, rng: np.random.Generator) -> Floats:
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def _sizes(low: float, high: float, n: int, rng: np.random.Generator) -> Floats:
    """Sizes that hardly change, one for each site, repeated for every day's use."""
    return np.floor(_log_uniform(low, high, n, rng))[:, None] * np.ones((1, 1))


def transfer_s(
    bytes_: Floats, rtt_s: Floats, own_bps: Floats, cap_bps: Floats
) -> Floats:
    """Seconds that transfers take, shape (n_series, n)."""
    rate = np.minimum(own_bps, cap_bps)
    return rtt_s * np.log2(1 + bytes_ / FIRST_WINDOW_BYTES) + 8 * bytes_ / rate
