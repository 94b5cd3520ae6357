"""What is true of each target of a simulated home, and which verdicts are right."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitor.simulation.conditions import Imposed, Kind
from monitor.simulation.families import Family
from monitor.simulation.imposed import Schedule
from monitor.simulation.sites import Sites
from monitor.simulation.slots import Slots

_HARMLESS = frozenset(
    {
        "general_congestion",
        "own_line",
        "no_recurring_slowdown",
        "inconclusive",
        "insufficient_data",
    }
)
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    Kind.NONE: _HARMLESS,
    Kind.SERVICE: _HARMLESS | {"server_side", "selective_slowdown"},
    Kind.SLOWDOWN: frozenset({"targeted_throttling", "selective_slowdown"}),
    # A resolver that gives no true answer may be the home's own.
    Kind.BLOCKING: frozenset({"targeted_blocking", "resolver_blocking"}),
    Kind.CUT: frozenset(
        {"targeted_blocking", "targeted_throttling", "selective_slowdown"}
    ),
}
_MIN_CONTROLS_FOR_TARGETED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth about one target."""

    target: str
    kind: Kind
    allowed: frozenset[str]
    """Verdicts that would be right, given enough evenings."""
    factor: float | None = None
    """How many times slower, where that is how it was imposed."""
    ratios: Mapping[str, float]
    """How many times slower each metric truly was in the affected rounds."""
    window: tuple[str, str] | None = None
    """Local begin and end, without the jitter from night to night."""
    evenings: tuple[date, ...] = ()
    onset: date | None = None
    offset: date | None = None


def truth_of(
    family: Family,
    slots: Slots,
    where: Sites,
    plan: Schedule | None,
    hit: list[int],
    ratios: Mapping[int, Mapping[str, float]],
) -> dict[str, Truth]:
    """The truth about every target on the direct path."""
    n_targets = family.conditions.n_targets
    imposed = family.conditions.imposed
    truths = [
        _affected(family, imposed, slots, name, plan, ratios[series])
        if plan is not None and imposed is not None and series in hit
        else _unaffected(family, name, is_first=series == 0)
        for series, name in enumerate(where.names[:n_targets])
    ]
    return {truth.target: truth for truth in truths}


def _unaffected(family: Family, name: str, *, is_first: bool) -> Truth:
    kind = Kind.SERVICE if is_first and family.is_service_side else Kind.NONE
    allowed = _ALLOWED[kind]
    if family.conditions.n_controls == 0:
        allowed |= {"recurring_slowdown"}
    return Truth(
        target=name,
        kind=kind,
        allowed=allowed,
        ratios={},
    )


def _affected(
    family: Family,
    imposed: Imposed,
    slots: Slots,
    name: str,
    plan: Schedule,
    ratios: Mapping[str, float],
) -> Truth:
    kind = imposed.kind
    return Truth(
        target=name,
        kind=kind,
        allowed=_allowed(kind, family.conditions.n_controls),
        factor=imposed.factor if imposed.factor > 1.0 else None,
        ratios=ratios if kind is Kind.SLOWDOWN else {},
        window=_window(imposed),
        evenings=tuple(slots.date_of(day) for day in plan.nights.nonzero()[0].tolist()),
        onset=slots.date_of(imposed.onset_day) if imposed.onset_day else None,
        offset=slots.date_of(imposed.offset_day) if imposed.offset_day else None,
    )


def _allowed(kind: Kind, n_controls: int) -> frozenset[str]:
    if n_controls == 0:
        return frozenset({"recurring_slowdown"})
    if n_controls < _MIN_CONTROLS_FOR_TARGETED:
        return frozenset({"selective_slowdown"})
    return _ALLOWED[kind]


def _window(imposed: Imposed) -> tuple[str, str]:
    return _clock(imposed.start_min), _clock(imposed.end_min)


def _clock(minutes: float) -> str:
    whole = round(minutes) % 1440
    return f"{whole // 60:02d}:{whole % 60:02d}"
