"""A simulated home: its samples and the truth about each target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from zlib import crc32

import numpy as np
import pandas as pd

from monitor.model import Operation, Probe
from monitor.series.rows import Bools, Floats
from monitor.simulation.conditions import Conditions, Imposed, Kind, Style
from monitor.simulation.families import FAMILIES, Family
from monitor.simulation.imposed import Schedule, impose, schedule, style_of
from monitor.simulation.line import Line, line
from monitor.simulation.measures import Measures, measures
from monitor.simulation.noise import NOISE_MODELS, noise_model
from monitor.simulation.nuisances import Nuisances, nuisances
from monitor.simulation.outcome_frame import local_rows, rows
from monitor.simulation.outcomes import Outcomes, download_outcomes, page_outcomes
from monitor.simulation.sites import Sites, sites
from monitor.simulation.slots import Slots, slots_of
from monitor.simulation.truth import Truth, truth_of

MIXED = "mixed"
"""One of the noise models by chance."""
_DOWNLOAD_EVERY_S = 600
_CUT_LOW, _CUT_HIGH = 14_000.0, 20_000.0


@dataclass(frozen=True, kw_only=True)
class Home:
    """One simulated home."""

    family: Family
    seed: int
    noise: str
    timezone: str
    """Zone to tell the analysis."""
    slots: Slots
    sites: Sites
    pages: Outcomes
    downloads: Outcomes
    made: Bools
    """Pages that were fetched, shape (n_series, n)."""
    downloaded: Bools
    """Transfers that were made, shape (n_series, n)."""
    line: Line = field(repr=False)
    trouble: Nuisances = field(repr=False)
    truth: Mapping[str, Truth]
    """Truth by target."""
    local_seed: int = 0

    @cached_property
    def samples(self) -> pd.DataFrame:
        """Every row that a daemon would have stored, contracts 4 columns."""
        moved = self.trouble.steered
        parts = [
            rows(self.slots, self.sites, self.pages, self.made, moved, Probe.HTTPS)
        ]
        if not self.family.conditions.one_row:
            slots, where = self.slots, self.sites
            extra = rows(
                slots, where, self.downloads, self.downloaded, moved, Probe.DOWNLOAD
            )
            parts.append(extra)
        if self.family.conditions.has_local_rows:
            rng = np.random.default_rng(self.local_seed)
            parts.append(local_rows(self.slots, self.line, ~self.trouble.missing, rng))
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def simulate(
    family: str | Family,
    *,
    seed: int,
    days: int = 30,
    start: date = date(2026, 10, 1),
    timezone: str = "Asia/Almaty",
    every_s: int = 300,
    noise: str = MIXED,
) -> Home:
    """One home of a family; the same arguments give the same home.

    Parameters
    ----------
    family : a name in FAMILIES, or a family of one's own
    start : first local day, unless the family has its own
    every_s : interval of the rounds [s], unless the family has its own
    noise : one of NOISE_MODELS or MIXED
    """
    kind = FAMILIES[family] if isinstance(family, str) else family
    rng = np.random.default_rng([seed, crc32(kind.name.encode())])
    name = (
        NOISE_MODELS[int(rng.integers(len(NOISE_MODELS)))] if noise == MIXED else noise
    )
    conditions = kind.conditions
    zone = conditions.timezone or timezone
    slots = slots_of(
        start=date.fromisoformat(conditions.start) if conditions.start else start,
        days=days,
        timezone=zone,
        every_s=conditions.every_s or every_s,
        rng=rng,
    )
    return _home(kind, slots, conditions.analysed_timezone or zone, seed, name, rng)


def _home(
    kind: Family,
    slots: Slots,
    timezone: str,
    seed: int,
    noise: str,
    rng: np.random.Generator,
) -> Home:
    conditions = kind.conditions
    model = noise_model(
        noise, scale=conditions.noise_scale, tail_df=conditions.tail_df, rng=rng
    )
    where = sites(conditions, rng)
    wire = line(conditions, slots, model, rng)
    trouble = nuisances(conditions, slots, where, wire, model, rng)
    scatter = np.ones((where.n, 1))
    scatter[0] = conditions.target_noise_scale
    times = measures(slots, where, wire, trouble, model, scatter, rng)
    plan, hit, ratios = _imposed(conditions, slots, where, times, rng)
    pages, downloads = page_outcomes(times, where.page_bytes), download_outcomes(times)
    if conditions.one_row:
        pages.goodput_bps = downloads.goodput_bps
    _lose(conditions, plan, hit, trouble, pages, downloads, rng)
    made = np.broadcast_to(~trouble.missing, (where.n, slots.n))
    return Home(
        family=kind,
        seed=seed,
        noise=noise,
        timezone=timezone,
        slots=slots,
        sites=where,
        pages=pages,
        downloads=downloads,
        made=made,
        downloaded=made & _is_due(slots),
        line=wire,
        trouble=trouble,
        truth=truth_of(kind, slots, where, plan, hit, ratios),
        local_seed=int(rng.integers(2**31)),
    )


def _is_due(slots: Slots) -> Bools:
    every = max(1, _DOWNLOAD_EVERY_S // slots.every_s)
    return np.asarray(np.arange(slots.n) % every == 0)


def _imposed(
    conditions: Conditions,
    slots: Slots,
    where: Sites,
    times: Measures,
    rng: np.random.Generator,
) -> tuple[Schedule | None, list[int], dict[int, dict[str, float]]]:
    """Impose what is to be imposed on `times`; say when, on whom, and how much."""
    if conditions.imposed is None:
        return None, [], {}
    imposed = style_of(conditions.imposed, rng)
    plan = schedule(imposed, slots, rng)
    hit = _hit(imposed, conditions.n_targets, where, rng)
    ratios = {}
    for series in hit:
        before = _seen(times, series, plan)
        impose(
            imposed, times, series, plan.active, float(where.page_bytes[series]), rng
        )
        after = _seen(times, series, plan)
        ratios[series] = _ratios(before, after)
    return plan, hit, ratios


def _ratios(before: dict[str, Floats], after: dict[str, Floats]) -> dict[str, float]:
    """How many times slower each metric became; empty when no round was affected."""
    changes = {metric: after[metric] / before[metric] for metric in before}
    return {m: float(np.median(change)) for m, change in changes.items() if change.size}


def _hit(
    imposed: Imposed, n_targets: int, where: Sites, rng: np.random.Generator
) -> list[int]:
    """The series on which it is imposed."""
    if imposed.targets:
        return [where.names.index(name) for name in imposed.targets]
    n = imposed.n_targets or (1, 2, 4)[int(rng.integers(3))]
    return sorted(rng.permutation(n_targets)[:n].tolist())


def _seen(times: Measures, series: int, plan: Schedule) -> dict[str, Floats]:
    return {
        "connect_s": times.connect_s[series, plan.active],
        "tls_handshake_s": times.tls_handshake_s[series, plan.active],
        "waiting_s": times.waiting_s[series, plan.active],
        "response_s": times.page_s[series, plan.active],
        "goodput_bps": times.download_s[series, plan.active],
    }


def _lose(
    conditions: Conditions,
    plan: Schedule | None,
    hit: list[int],
    trouble: Nuisances,
    pages: Outcomes,
    downloads: Outcomes,
    rng: np.random.Generator,
) -> None:
    """Let probes fail that are blocked, cut, or find the line or the site down."""
    both = (pages, downloads)
    if plan is not None and conditions.imposed is not None:
        cells = np.zeros_like(trouble.down)
        cells[hit] = plan.active
        _interfere(conditions.imposed, cells, both, rng)
    if trouble.down.any():
        for outcomes in both:
            outcomes.fail(trouble.down, Operation.RESOLVE, "generic_timeout_error")


def _interfere(
    imposed: Imposed,
    cells: Bools,
    both: tuple[Outcomes, Outcomes],
    rng: np.random.Generator,
) -> None:
    if imposed.style is Style.BLOCK:
        for outcomes in both:
            outcomes.fail(cells, imposed.operation, imposed.failure)
    elif imposed.style is Style.CUT:
        size_bytes = np.round(rng.uniform(_CUT_LOW, _CUT_HIGH, cells.shape))
        for outcomes in both:
            outcomes.freeze(cells & ~(outcomes.body_bytes <= _CUT_LOW), size_bytes)


__all__ = ["MIXED", "Home", "Kind", "simulate"]
