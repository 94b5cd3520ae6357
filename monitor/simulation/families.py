"""Families of homes: nulls, in which nobody slows anything down, and positives.

Codes N1 to N12 and P1 to P13 are those of the published evaluation protocol that the
study follows (docs/error-rates.md); the others are our own. P13 (QUIC only) is left
out: a probe that speaks TCP cannot see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from monitor.simulation.conditions import Conditions, Imposed, Style

_STRONG_PEAK = 0.7
"""Height of strong common congestion [log], that is half of the rate [D 10, N2]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A kind of home."""

    name: str
    conditions: Conditions
    source: str
    """What it stands for and where its numbers come from."""
    code: str = ""

    @property
    def is_null(self) -> bool:
        """Whether nobody slows a target down."""
        return self.conditions.imposed is None

    @property
    def is_service_side(self) -> bool:
        """Whether a target is truly slow through its own servers or CDN."""
        return self.conditions.incident_runs > 0 or (
            self.conditions.steered_share_high > 0
        )


_Differences: TypeAlias = Mapping[str, Any]
"""Fields of `Conditions`: numbers, truths, texts, what is imposed."""

_BUSY = {"peak_log": _STRONG_PEAK}
_LOADED = {"own_load_share": 0.7, "queue_s": 0.015}
_NULLS: tuple[tuple[str, str, str, _Differences], ...] = (
    ("quiet", "N1", "an ordinary home: a small evening peak", {}),
    (
        "congestion",
        "N2",
        "strong common congestion, as in the worse UK speed tests at the peak",
        {**_BUSY},
    ),
    (
        "unequal_sensitivity",
        "N3",
        "the same, felt 0.5 to 1.5 times as much by different sites",
        {**_BUSY, "sensitivity_low": 0.5, "sensitivity_high": 1.5},
    ),
    (
        "unequal_queue",
        "",
        "one deep queue before near and far sites: equal delays, unequal ratios",
        {**_BUSY, "queue_s": 0.015, "rtt_low_s": 0.008, "rtt_high_s": 0.15},
    ),
    (
        "steering",
        "N4",
        "a CDN sends one target to a farther cache on 30 to 100 % of evenings",
        {"steered_share_low": 0.3, "steered_share_high": 1.0},
    ),
    (
        "incidents",
        "N5",
        "two runs of 3 to 6 evenings with slow servers of one target",
        {"incident_runs": 2},
    ),
    (
        "own_load",
        "N6",
        "the household fills its line on 70 % of evenings; the probe sees its load",
        {**_LOADED, "has_local_rows": True},
    ),
    ("own_load_unseen", "N6", "the same without local rows", {**_LOADED}),
    (
        "gaps",
        "N7",
        "10 to 40 % of the rounds missing, and four outages",
        {"gap_share_high": 0.4, "n_outages": 4},
    ),
    ("outages", "N7", "fifteen outages of one to twelve hours", {"n_outages": 15}),
    (
        "evening_gaps",
        "N7",
        "gaps only in the evening, on half of the days",
        {"evening_gap_share": 0.5},
    ),
    (
        "zone_change",
        "N8",
        "Kazakhstan on 1 March 2024: UTC+6 to UTC+5",
        {**_BUSY, "timezone": "Asia/Almaty", "start": "2024-02-15"},
    ),
    (
        "stale_zone",
        "N8",
        "the same home analysed with a zone that never changed",
        {
            **_BUSY,
            "timezone": "Asia/Almaty",
            "start": "2024-02-15",
            "analysed_timezone": "Etc/GMT-6",
        },
    ),
    (
        "clock_forward",
        "N8",
        "daylight saving begins: Berlin, 29 March 2026",
        {**_BUSY, "timezone": "Europe/Berlin", "start": "2026-03-14"},
    ),
    (
        "clock_back",
        "N8",
        "daylight saving ends: Berlin, 25 October 2026",
        {**_BUSY, "timezone": "Europe/Berlin", "start": "2026-10-10"},
    ),
    (
        "drifting_nights",
        "N9",
        "nights that resemble the night before, AR(1) 0.6",
        {"night_ar": 0.6},
    ),
    (
        "weekend_peaks",
        "N10",
        "busy only on Saturdays and Sundays",
        {**_BUSY, "peaks_only_at_weekends": True},
    ),
    (
        "broken_control",
        "N11",
        "one control dead on most evenings",
        {"broken_control": True},
    ),
    (
        "throttled_control",
        "N11",
        "one control itself slowed to a third",
        {"throttled_control": True},
    ),
    ("heavy_tails", "N12", "samples with the tails of Student's t2", {"tail_df": 2.0}),
    (
        "noisy_target",
        "",
        "one target three times as noisy as the other sites",
        {"target_noise_scale": 3.0},
    ),
    ("one_control", "", "only one control", {"n_controls": 1}),
    ("two_controls", "", "only two controls", {"n_controls": 2}),
    ("three_controls", "", "only three controls", {"n_controls": 3}),
    ("every_10_min", "", "a round every ten minutes", {"every_s": 600}),
    ("every_15_min", "", "a round every fifteen minutes", {"every_s": 900}),
    (
        "wifi",
        "",
        "bad Wi-Fi on 70 % of evenings: one segment in three lost",
        {"wifi_share": 0.7, "has_local_rows": True},
    ),
    (
        "slightly_slower",
        "",
        "one target 8 % slower in the evening: true, and too small to matter",
        {"evening_bias_log": 0.077},
    ),
    (
        "all_slowed",
        "",
        "the whole line held to a tenth of its rate, nobody singled out",
        {"slowed_all": 10.0},
    ),
    ("one_row", "", "everything in one row, as other tools write", {"one_row": True}),
)
"""Name, code, source, and what differs from an ordinary home."""


def _listed(
    table: tuple[tuple[str, str, str, _Differences], ...],
) -> list[Family]:
    return [
        Family(
            name=name, code=code, source=source, conditions=Conditions(**differences)
        )
        for name, code, source, differences in table
    ]


def _slow(factor: float) -> Imposed:
    return Imposed(style=Style.ANY, factor=factor)


def _block(operation: str, failure: str) -> Imposed:
    return Imposed(style=Style.BLOCK, operation=operation, failure=failure)


_IMPOSED: Mapping[str, tuple[str, Imposed, str]] = {
    "policer_128k": (
        "P1",
        Imposed(style=Style.POLICE, rate_bps=128e3),
        "128 kbit/s, YouTube in Russia 2024 and Twitter 2021",
    ),
    "policer_512k": ("P2", Imposed(style=Style.POLICE, rate_bps=512e3), "512 kbit/s"),
    "handshake_delay": (
        "P3",
        Imposed(style=Style.HANDSHAKE, delay_s=3.0),
        "three seconds in the handshake, Turkey 2023",
    ),
    "slow_1_3x": ("P4", _slow(1.3), "1.3 times slower every night"),
    "slow_1_5x": ("P4", _slow(1.5), "1.5 times slower every night"),
    "slow_2x": ("P4", _slow(2.0), "twice as slow every night"),
    "slow_3x": ("P4", _slow(3.0), "three times slower every night"),
    "slow_10x": ("P4", _slow(10.0), "ten times slower: OONI's extreme throttling"),
    "nights_30": (
        "P5",
        replace(_slow(2.0), nights_share=0.3),
        "twice as slow on 30 % of nights",
    ),
    "half_nights": (
        "P5",
        replace(_slow(2.0), nights_share=0.5),
        "twice as slow on half the nights",
    ),
    "nights_70": (
        "P5",
        replace(_slow(2.0), nights_share=0.7),
        "twice as slow on 70 % of nights",
    ),
    "cut_16kb": (
        "P6",
        Imposed(style=Style.CUT),
        "transfers freeze after 14 to 20 kB, Russia 2025",
    ),
    "block_reset": (
        "P7",
        _block("tls_handshake", "connection_reset"),
        "reset after the ClientHello",
    ),
    "block_timeout": (
        "P7",
        _block("tls_handshake", "generic_timeout_error"),
        "silence after the ClientHello, Kazakhstan 2024",
    ),
    "block_dns": ("P7", _block("resolve", "dns_nxdomain_error"), "a lying resolver"),
    "block_connect": (
        "P7",
        _block("connect", "generic_timeout_error"),
        "the address is dropped",
    ),
    "block_http": (
        "P7",
        _block("http_round_trip", "connection_reset"),
        "reset after the request",
    ),
    "onset_and_end": (
        "P8",
        replace(_slow(2.0), onset_day=10, offset_day=22),
        "begins on day 10, ends on day 22",
    ),
    "odd_window": (
        "P9",
        replace(_slow(2.0), start_min=1230.0, end_min=1335.0, jitter_min=10.0),
        "20:30 to 22:15, give or take ten minutes",
    ),
    "short_window": (
        "P9",
        replace(_slow(3.0), start_min=1225.0, end_min=1265.0),
        "forty minutes long",
    ),
    "all_targets": ("P10", replace(_slow(2.0), n_targets=4), "four targets together"),
    "one_target": ("P10", replace(_slow(2.0), n_targets=1), "one target alone"),
}
_ON_CONGESTION = (
    "policer_128k",
    "handshake_delay",
    "slow_1_5x",
    "slow_2x",
    "slow_3x",
    "half_nights",
    "block_timeout",
    "block_reset",
)


def _positives() -> list[Family]:
    plain = [
        Family(name=n, code=code, source=text, conditions=Conditions(imposed=imposed))
        for n, (code, imposed, text) in _IMPOSED.items()
    ]
    return plain + [_on_congestion(name) for name in _ON_CONGESTION] + _listed(_MIXED)


def _on_congestion(name: str) -> Family:
    _, imposed, text = _IMPOSED[name]
    return Family(
        name=f"{name}_on_congestion",
        code="P11",
        source=f"{text}; on strong common congestion",
        conditions=Conditions(imposed=imposed, peak_log=_STRONG_PEAK),
    )


_TWICE = {"imposed": _slow(2.0)}
_MIXED: tuple[tuple[str, str, str, _Differences], ...] = (
    (
        "slow_2x_on_own_load",
        "P11",
        "twice as slow while the household fills its line",
        {**_TWICE, **_LOADED, "has_local_rows": True},
    ),
    (
        "slow_2x_tunnel",
        "P12",
        "twice as slow directly, well through a tunnel",
        {**_TWICE, "has_tunnel": True},
    ),
    (
        "slow_2x_three_controls",
        "",
        "twice as slow, with only three controls",
        {**_TWICE, "n_controls": 3},
    ),
    (
        "slow_2x_one_row",
        "",
        "twice as slow, everything in one row",
        {**_TWICE, "one_row": True},
    ),
    (
        "slow_3x_every_15_min",
        "",
        "three times slower, seen every fifteen minutes",
        {"imposed": _slow(3.0), "every_s": 900},
    ),
    (
        "slow_2x_throttled_control",
        "P11",
        "twice as slow, and a control is hit too",
        {**_TWICE, "throttled_control": True},
    ),
)


FAMILIES: Mapping[str, Family] = {f.name: f for f in (*_listed(_NULLS), *_positives())}
