"""The sites of a simulated home and how each answers when nothing is wrong."""

from dataclasses import dataclass

import numpy as np

from monitor.series.rows import Bools, Floats
from monitor.simulation.conditions import Conditions

TARGET_NAMES = ("facebook", "youtube", "telegram", "twitter", "instagram", "whatsapp")
CONTROL_NAMES = (
    "wikipedia",
    "vk",
    "debian",
    "python",
    "kaspi",
    "ok",
    "cloudflare",
    "w3",
)
TUNNEL = "tunnel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """One entry per series; a target seen through the tunnel is a series of its own."""

    names: tuple[str, ...]
    roles: tuple[str, ...]
    paths: tuple[str, ...]
    rtt_s: Floats
    server_s: Floats
    """Time that the server itself takes before the first byte, shape (n_series,)."""
    flow_bps: Floats
    """What the site gives one transfer when the line is free, shape (n_series,)."""
    page_bytes: Floats
    sensitivity: Floats
    """How strongly the site feels common congestion, shape (n_series,)."""

    @property
    def n(self) -> int:
        """Number of series."""
        return len(self.names)

    @property
    def is_target(self) -> Bools:
        """Series of targets on the direct path, shape (n_series,)."""
        pairs = zip(self.roles, self.paths, strict=True)
        return np.array([role == "target" and path == "direct" for role, path in pairs])


def sites(conditions: Conditions, rng: np.random.Generator) -> Sites:
    """Sites with round trips, server times and rates drawn for one home."""
    targets = TARGET_NAMES[: conditions.n_targets]
    controls = CONTROL_NAMES[: conditions.n_controls]
    tunnelled = targets if conditions.has_tunnel else ()
    n = len(targets) + len(controls) + len(tunnelled)
    low, high = np.log([conditions.rtt_low_s, conditions.rtt_high_s])
    return Sites(
        names=(*targets, *controls, *tunnelled),
        roles=("target",) * len(targets)
        + ("control",) * len(controls)
        + ("target",) * len(tunnelled),
        paths=("direct",) * (len(targets) + len(controls)) + (TUNNEL,) * len(tunnelled),
        rtt_s=np.exp(rng.uniform(low, high, n)),
        server_s=np.exp(rng.normal(np.log(0.06), 0.5, n)),
        flow_bps=np.exp(rng.normal(np.log(15e6), 0.6, n)),
        page_bytes=np.floor(np.exp(rng.normal(np.log(60e3), 0.6, n))),
        sensitivity=rng.uniform(
            conditions.sensitivity_low, conditions.sensitivity_high, n
        ),
    )
