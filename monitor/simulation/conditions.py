"""What a simulated home is like: line, sites, troubles, and what is imposed.

Every number has its source beside it: [D n] is section n of the detection notes behind
docs/method.md, [fit] is study/fit_noise.py on four published series, [M] is a modelling
choice that no source settles; the study varies those from home to home.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is imposed on a target."""

    NONE = "none"
    SLOWDOWN = "slowdown"
    BLOCKING = "blocking"
    CUT = "cut"
    SERVICE = "service"
    """Truly slow, but by the service itself or its CDN: nobody imposes it."""


class Style(StrEnum):
    """By which means a target is slowed or blocked."""

    SHAPE = "shape"
    """Transfers take `factor` times as long; handshakes pass."""
    DELAY = "delay"
    """Handshake, waiting and transfer all take `factor` times as long."""
    ANY = "any"
    """SHAPE in half of the homes, DELAY in the others."""
    POLICE = "police"
    """No more than `rate_bps`."""
    HANDSHAKE = "handshake"
    """`delay_s` more in the TLS handshake."""
    CUT = "cut"
    """Transfers freeze after 14 to 20 kB."""
    BLOCK = "block"
    """Fails at `operation` with `failure`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imposed:
    """Interference with some targets in the evening."""

    style: Style
    factor: float = 1.0
    rate_bps: float = 0.0
    delay_s: float = 0.0
    operation: str = ""
    failure: str = ""
    nights_share: float = 1.0
    """Share of the nights, exactly so in each fortnight, in random order."""
    start_min: float = 1200.0
    """Begin on the local clock [minutes]; 20:00 as reported for 2018."""
    end_min: float = 1320.0
    jitter_min: float = 5.0
    """Both edges move by up to this much from night to night [D 10]."""
    onset_day: int = 0
    offset_day: int | None = None
    n_targets: int | None = None
    """How many targets, chosen by chance; None: 1, 2 or 4."""
    targets: tuple[str, ...] = ()
    """The targets by name, instead."""

    @property
    def kind(self) -> Kind:
        """The class of the truth."""
        if self.style is Style.BLOCK:
            return Kind.BLOCKING
        return Kind.CUT if self.style is Style.CUT else Kind.SLOWDOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Everything that distinguishes one family of homes from another."""

    n_targets: int = 4
    n_controls: int = 5
    every_s: int | None = None
    """Interval of the rounds; None: what the caller asks for."""
    one_row: bool = False
    """Everything in one https row per round, as other tools write it."""
    has_local_rows: bool = False
    """Rows on gateway, other traffic, loop and clock, as the daemon stores them."""
    has_tunnel: bool = False
    """The targets once more through a tunnel that nobody troubles."""
    timezone: str | None = None
    """Zone of this home; None: what the caller asks for."""
    analysed_timezone: str | None = None
    """Zone that the analysis is told; None: the true one."""
    start: str | None = None
    """First local day; None: what the caller asks for."""

    peak_log: float = 0.25
    """Height of the evening bell of common congestion, mean over nights [D 10]."""
    peak_night_sd: float = 0.15
    """Spread of that height from night to night [D 10]; [fit] 0.05 to 0.39."""
    night_ar: float = 0.3
    """Lag-1 correlation of nights [D 10]; [fit] 0.0 to 0.4."""
    sensitivity_low: float = 0.8
    sensitivity_high: float = 1.2
    """How strongly each site feels the common congestion [D 10]."""
    peaks_only_at_weekends: bool = False
    queue_s: float = 0.004
    """Queue of the shared line when half of its rate is taken [M]."""
    rtt_low_s: float = 0.020
    rtt_high_s: float = 0.120
    """Round trips to the sites, log-uniform [M]."""
    noise_scale: float = 1.0
    target_noise_scale: float = 1.0
    """Extra noise of the first target [M]."""
    night_shift_sd: float = 0.10
    """Evening shift of one site alone, by its CDN [D 10]; [fit] 0.04 to 0.05 on lines
    without congestion."""
    tail_df: float | None = None
    """Degrees of freedom of Student's t for the samples; None: the noise model's."""
    evening_bias_log: float = 0.0
    """A steady, small evening slowness of the first target (below what matters)."""

    steered_share_low: float = 0.0
    steered_share_high: float = 0.0
    """Share of evenings on which a CDN sends the first target to a farther cache."""
    incident_runs: int = 0
    """Runs of 3 to 6 evenings on which the first target's servers are slow."""
    own_load_share: float = 0.0
    """Share of evenings on which the household fills its own line."""
    wifi_share: float = 0.0
    """Share of evenings with bad Wi-Fi."""
    gap_share_high: float = 0.0
    """Up to this share of the rounds is missing (from 10 %)."""
    evening_gap_share: float = 0.0
    """Share of evenings of which a part or all is missing."""
    n_outages: int = 0
    """Times that the line is down, from one to twelve hours each."""
    broken_control: bool = False
    """The first control is dead on most evenings and flaky all day."""
    throttled_control: bool = False
    """The first control is itself slowed to a third every evening."""
    slowed_all: float = 1.0
    """The line's rate is divided by this in the window, for everything."""

    imposed: Imposed | None = None
