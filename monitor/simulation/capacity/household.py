"""A home of the second physics and the rows that a daemon would have stored."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from zlib import crc32

import numpy as np
import pandas as pd

from monitor.model import Probe
from monitor.series.rows import Bools, Floats
from monitor.simulation.capacity.causes import Acted
from monitor.simulation.capacity.disturbance import MODELS
from monitor.simulation.capacity.kinds import KINDS, HomeKind
from monitor.simulation.capacity.world import World, transfer_s, world
from monitor.simulation.slots import slots_of

VANTAGE = "simulated"
_LIMIT_S = 10.0
_PAGE, _MEDIA = Probe.HTTPS, Probe.DOWNLOAD
_OWN_ISSUER = "CN=Example CA of the site"
_FOREIGN_ISSUER = "CN=Gateway of somebody else"
_STAGES = (
    ("resolve", "domain_lookup_s"),
    ("connect", "connect_s"),
    ("tls_handshake", "tls_handshake_s"),
    ("http_round_trip", "waiting_s"),
    ("read", "response_s"),
)


@dataclass(frozen=True, kw_only=True)
class CapacityHome:
    """One simulated home; `samples` is what the analysis reads."""

    kind: HomeKind
    seed: int
    timezone: str
    model: str
    acted: Acted
    start: date
    days: int
    world: World = field(repr=False)

    @property
    def targets(self) -> tuple[str, ...]:
        """All targets, reached or not."""
        roles = zip(self.world.names, self.world.roles, strict=True)
        return tuple(name for name, role in roles if role == "target")

    @cached_property
    def samples(self) -> pd.DataFrame:
        """One row per probe, columns of contracts 4."""
        parts = [_rows(self.world, _PAGE), _rows(self.world, _MEDIA)]
        return pd.concat(parts, ignore_index=True)


def capacity_home(
    kind: str | HomeKind,
    *,
    seed: int,
    days: int = 21,
    start: date = date(2026, 10, 1),
    timezone: str = "Asia/Almaty",
    every_s: int = 300,
) -> CapacityHome:
    """One home of a kind; the same arguments give the same home."""
    chosen = KINDS[kind] if isinstance(kind, str) else kind
    rng = np.random.default_rng([seed, crc32(chosen.name.encode())])
    model = MODELS[int(rng.integers(len(MODELS)))]
    slots = slots_of(
        start=start, days=days, timezone=timezone, every_s=every_s, rng=rng
    )
    made = world(slots, model, rng)
    acted = chosen.cause(made)
    return CapacityHome(
        kind=chosen,
        seed=seed,
        timezone=timezone,
        model=model,
        acted=acted,
        start=start,
        days=days,
        world=made,
    )


def _rows(of: World, probe: str) -> pd.DataFrame:
    is_page = probe == _PAGE
    made = _made(of, probe)
    values = _values(of, is_page=is_page)
    operation, failure = _failed(of, probe, values)
    series, slot = np.nonzero(made)
    cells = (series, slot)
    names, roles = np.array(of.names), np.array(of.roles)
    is_foreign = of.foreign_issuer & is_page
    columns: dict[str, object] = {
        "started_at_utc": _utc(of, series, slot, late_us=0 if is_page else 700_000),
        "target": _text(names[series]),
        "role": _text(roles[series]),
        "vantage": _text(np.full(series.size, VANTAGE)),
        "probe": _text(np.full(series.size, probe)),
        **{name: value[cells] for name, value in values.items()},
        "failed_operation": _text(operation[cells]),
        "failure": _text(failure[cells]),
        "remote_address": _text(_addresses(of, is_page=is_page)[cells]),
        "certificate_issuer": _text(_issuers(values, is_foreign)[cells]),
        "resolver": _text(np.full(series.size, of.resolver)),
        "dns_answers": _text(_answers(of, is_page=is_page)[cells]),
        "probe_version": _text(np.full(series.size, VANTAGE)),
    }
    return pd.DataFrame(columns)


def _made(of: World, probe: str) -> Bools:
    made = np.ones((len(of.names), of.n), np.bool_)
    if probe == _PAGE:
        return made
    made &= of.has_transfer[:, None] & (np.arange(of.n) % 2 == 0)
    for kind, cells, _, _ in of.failures:
        if kind == "untried":
            made &= ~cells
    return made


def _values(of: World, *, is_page: bool) -> dict[str, Floats]:
    rtt = of.rtt_s if is_page else of.media_rtt_s
    bytes_ = of.page_bytes if is_page else of.object_bytes
    own_bps = of.page_own_bps if is_page else of.own_bps
    took = transfer_s(bytes_, rtt, own_bps, of.cap_bps)
    # A page that is cut by the time limit has what came until then.
    got = np.where(took > _LIMIT_S, bytes_ * _LIMIT_S / took, bytes_)
    took = np.minimum(took, _LIMIT_S)
    tls = rtt + of.handshake_s
    waiting = rtt + of.server_s
    out = {
        "domain_lookup_s": of.lookup_s,
        "connect_s": rtt,
        "tls_handshake_s": tls,
        "waiting_s": waiting,
        "response_s": took,
        "duration_s": of.lookup_s + rtt + tls + waiting + took,
        "encoded_body_bytes": np.floor(got),
        "goodput_bps": np.full_like(took, np.nan) if is_page else 8 * got / took,
        "http_status": of.status if is_page else np.full_like(took, 200.0),
    }
    return {name: np.array(value, np.float64) for name, value in out.items()}


def _failed(
    of: World, probe: str, values: dict[str, Floats]
) -> tuple[np.ndarray, np.ndarray]:
    """Let probes fail: what came before the failure stays, nothing after it."""
    shape = (len(of.names), of.n)
    operation = np.full(shape, "", object)
    failure = np.full(shape, "", object)
    for kind, cells, stage, why in of.failures:
        if kind == "untried" or (kind == _MEDIA and probe == _PAGE):
            continue
        operation[cells], failure[cells] = stage, why
        place = [name for name, _ in _STAGES].index(stage)
        for _, column in _STAGES[place:]:
            values[column][cells] = np.nan
        for column in ("encoded_body_bytes", "goodput_bps", "http_status"):
            values[column][cells] = np.nan
        values["duration_s"][cells] = _LIMIT_S if "timeout" in why else 0.1
    return operation, failure


def _utc(
    of: World, series: np.ndarray, slot: np.ndarray, *, late_us: int
) -> pd.DatetimeIndex:
    us = of.slots.started_at_us[slot] + series * 1_500_000 + late_us
    return pd.DatetimeIndex(us.view("datetime64[us]")).tz_localize("UTC")


def _addresses(of: World, *, is_page: bool) -> np.ndarray:
    """Documentation addresses (RFC 5737): odd as usual, even the farther host."""
    moved = of.media_moved & (not is_page)
    place = np.arange(len(of.names))[:, None]
    names = np.array([f"198.51.100.{k}" for k in range(1, 2 * len(of.names) + 1)])
    out = names[2 * place + moved].astype(object)
    for series, (when, answer) in of.answers.items():
        out[series, when] = answer
    return out


def _answers(of: World, *, is_page: bool) -> np.ndarray:
    """What the resolver answered: the address that was used, nothing where none."""
    return _addresses(of, is_page=is_page)


def _issuers(values: dict[str, Floats], is_foreign: Bools) -> np.ndarray:
    issuer = np.where(is_foreign, _FOREIGN_ISSUER, _OWN_ISSUER).astype(object)
    issuer[np.isnan(values["tls_handshake_s"])] = ""
    return issuer


def _text(values: np.ndarray) -> "pd.Categorical[str]":
    codes, words = pd.factorize(values)
    blank = np.flatnonzero(np.asarray(words == ""))
    categories = pd.Index([str(word) for word in words])
    if blank.size:
        codes = np.where(codes == blank[0], -1, codes)
    return pd.Categorical.from_codes(codes, categories=categories)
