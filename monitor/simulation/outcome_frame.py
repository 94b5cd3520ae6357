"""Outcomes as a frame of samples in the interchange format."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from monitor.model import SIMULATED, Operation, Probe
from monitor.series.rows import Bools, Floats, Ints
from monitor.simulation.line import Line
from monitor.simulation.outcomes import STAGES, Outcomes
from monitor.simulation.sites import CONTROL_NAMES, TARGET_NAMES, TUNNEL, Sites
from monitor.simulation.slots import Slots

VANTAGE = SIMULATED
PROBE_VERSION = SIMULATED
_SPACING_US = 1_500_000
"""Series follow one another within a round."""
_LOCAL = (Probe.GATEWAY, Probe.INTERFACE, Probe.EVENT_LOOP, Probe.CLOCK)
_VOCABULARY: Mapping[str, tuple[str, ...]] = {
    "target": (*TARGET_NAMES, *CONTROL_NAMES, *(f"_{probe}" for probe in _LOCAL)),
    "role": ("control", "target"),
    "vantage": (VANTAGE,),
    "path": ("direct", TUNNEL),
    "probe": (Probe.HTTPS, Probe.DOWNLOAD, *_LOCAL),
    "failed_operation": tuple(Operation),
    "failure": (
        "generic_timeout_error",
        "connection_reset",
        "connection_refused",
        "dns_nxdomain_error",
    ),
    "remote_address": tuple(f"198.51.100.{k}" for k in range(1, 64)),
    "probe_version": (PROBE_VERSION,),
}


def rows(
    slots: Slots,
    where: Sites,
    outcomes: Outcomes,
    made: Bools,
    moved: Bools,
    probe: str,
) -> pd.DataFrame:
    """One row per probe that was made.

    Parameters
    ----------
    made : shape (n_series, n), probes that exist
    moved : shape (n_series, n), probes answered by the farther cache
    """
    series, slot = np.nonzero(made)
    cells = (series, slot)
    code = outcomes.failure[cells]
    columns = {
        "started_at_utc": _stamps(slots, series, slot, probe),
        "target": _labels(where.names, series, "target"),
        "role": _labels(where.roles, series, "role"),
        "vantage": _constant(VANTAGE, series.size, "vantage"),
        "path": _labels(where.paths, series, "path"),
        "probe": _constant(probe, series.size, "probe"),
        **{name: getattr(outcomes, name)[cells] for name, _ in STAGES},
        "duration_s": outcomes.duration_s[cells],
        "encoded_body_bytes": outcomes.body_bytes[cells],
        "goodput_bps": outcomes.goodput_bps[cells],
        "http_status": np.where(np.isnan(outcomes.waiting_s[cells]), np.nan, 200.0),
        "failed_operation": _labels(
            [op for op, _ in outcomes.failures], code, "failed_operation"
        ),
        "failure": _labels([why for _, why in outcomes.failures], code, "failure"),
        "remote_address": _addresses(where, series, moved[cells]),
        "probe_version": _constant(PROBE_VERSION, series.size, "probe_version"),
    }
    return pd.DataFrame(columns)


def local_rows(
    slots: Slots, wire: Line, made: Bools, rng: np.random.Generator
) -> pd.DataFrame:
    """Rows about this machine and its line, as the daemon stores them."""
    n = int(made.sum())
    gateway_s = 0.002 * np.exp(rng.normal(0.0, 0.2, n))
    bad_wifi = wire.bad_wifi[made]
    gateway_s += np.where(bad_wifi, rng.exponential(0.04, n), 0.0)
    parts = [
        _local(slots, made, Probe.GATEWAY, connect_s=gateway_s),
        _local(slots, made, Probe.INTERFACE, goodput_bps=wire.own_bps[made]),
        _local(slots, made, Probe.EVENT_LOOP, waiting_s=rng.exponential(0.002, n)),
        _local(slots, made, Probe.CLOCK, duration_s=rng.exponential(0.0005, n)),
    ]
    return pd.concat(parts, ignore_index=True)


def _local(slots: Slots, made: Bools, probe: str, **values: Floats) -> pd.DataFrame:
    n = int(made.sum())
    return pd.DataFrame(
        {
            "started_at_utc": _utc(slots.started_at_us[made]),
            "target": _constant(f"_{probe}", n, "target"),
            "role": _constant("control", n, "role"),
            "vantage": _constant(VANTAGE, n, "vantage"),
            "path": _constant("direct", n, "path"),
            "probe": _constant(probe, n, "probe"),
            "probe_version": _constant(PROBE_VERSION, n, "probe_version"),
            **values,
        }
    )


def _stamps(slots: Slots, series: Ints, slot: Ints, probe: str) -> pd.DatetimeIndex:
    late_us = series * _SPACING_US + (0 if probe == Probe.HTTPS else 700_000)
    return _utc(slots.started_at_us[slot] + late_us)


def _utc(us: Ints) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(us.view("datetime64[us]")).tz_localize("UTC")


def _labels(
    names: Sequence[str], codes: np.ndarray, column: str
) -> "pd.Categorical[str]":
    """Categorical of names by code; the empty name is a missing value.

    Every column has one vocabulary, so that frames can be put together cheaply.
    """
    words = _VOCABULARY[column]
    table = np.array([words.index(w) if w else -1 for w in names], dtype=np.int8)
    return pd.Categorical.from_codes(table[codes], categories=pd.Index(words))


def _constant(value: str, n: int, column: str) -> "pd.Categorical[str]":
    return _labels([value], np.zeros(n, dtype=np.int8), column)


def _addresses(where: Sites, series: Ints, moved: Bools) -> "pd.Categorical[str]":
    """Documentation addresses (RFC 5737): odd as usual, even the farther cache."""
    names = [f"198.51.100.{2 * k + m}" for k in range(where.n) for m in (1, 2)]
    return _labels(names, 2 * series + moved, "remote_address")
