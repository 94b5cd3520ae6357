"""What may happen to a home, one function each: it changes the world and says to whom.

Evenings are on the local clock, 20:00 to 22:00, with edges that move by some minutes
from night to night; "gentle" causes are hills without edges.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from monitor.series.rows import Bools, Floats
from monitor.simulation.capacity.world import (
    FAR_CONTROLS,
    HOME_CONTROLS,
    TARGETS,
    World,
    transfer_s,
)

_START_MIN, _END_MIN = 1200.0, 1320.0
_JITTER_MIN = 4.0
_HILL_MIN = 1240.0
_HILL_SD_MIN = 80.0
MIDDLE_DAY = 9
"""Day on which lasting changes begin."""


@dataclass(frozen=True, slots=True)
class Acted:
    """Whom a cause reached, and when."""

    targets: tuple[str, ...] = ()
    nights: tuple[int, ...] = ()
    """Days on which it acted, counted from 0."""
    since: int | None = None
    """First day of a lasting change."""


Cause = Callable[[World], Acted]


def evenings(world: World, share: float = 1.0) -> tuple[Bools, tuple[int, ...]]:
    """Rounds inside the evenings of a share of the nights, and these nights."""
    days = world.slots.days
    n_hit = max(1, round(share * days))
    nights = np.zeros(days, np.bool_)
    nights[world.rng.permutation(days)[:n_hit]] = True
    edge = world.rng.uniform(-_JITTER_MIN, _JITTER_MIN, (2, days))
    inside = world.slots.between(_START_MIN + edge[0], _END_MIN + edge[1])
    return inside & nights[world.slots.day], tuple(np.flatnonzero(nights).tolist())


def hill(world: World, height: float, spread: float) -> Floats:
    """A gentle evening hill that differs from night to night, shape (n,) [log]."""
    heights = np.abs(world.rng.normal(height, spread, world.slots.days))
    away = (world.slots.local_min - _HILL_MIN) / _HILL_SD_MIN
    return np.asarray(heights[world.slots.day] * np.exp(-0.5 * away**2))


def some_targets(world: World, n: int | None = None) -> tuple[str, ...]:
    """Targets by chance; None: one, two or four of them."""
    count = n or (1, 2, 4)[int(world.rng.integers(3))]
    return tuple(sorted(world.rng.permutation(TARGETS)[:count].tolist()))


def _places(world: World, names: tuple[str, ...]) -> list[int]:
    return [world.place(name) for name in names]


def nothing(world: World) -> Acted:
    """An ordinary home with a small common hill."""
    _slow_line(world, np.exp(-hill(world, 0.1, 0.1)))
    return Acted()


def busy_line(world: World, height: float = 0.7) -> Acted:
    """Everybody's busy hour on the shared line."""
    slower = hill(world, height, 0.2)
    _slow_line(world, np.exp(-slower))
    world.own_bps *= np.exp(-slower)
    world.page_own_bps *= np.exp(-slower)
    return Acted()


def busy_transit(world: World, height: float = 0.6) -> Acted:
    """The provider's way abroad is full at the peak; what is near is untouched."""
    slower = np.where(world.is_abroad[:, None], hill(world, height, 0.2), 0.0)
    world.own_bps *= np.exp(-slower)
    world.page_own_bps *= np.exp(-slower)
    _lengthen(world, 0.03 * slower)
    return Acted()


def stream(world: World, share: float = 0.7) -> Acted:
    """Somebody at home watches: a part of the line is left, behind a router unseen."""
    when, _ = evenings(world, share)
    left = np.exp(world.rng.uniform(np.log(3e6), np.log(12e6), world.slots.days))
    world.cap_bps = np.where(
        when, np.minimum(world.cap_bps, left[world.slots.day]), world.cap_bps
    )
    world.rtt_s += np.where(when, 0.004, 0.0)
    return Acted()


def tariff(world: World) -> Acted:
    """The whole line is held to one low rate from eight to ten."""
    when, _ = evenings(world)
    rate = np.exp(world.rng.uniform(np.log(2e6), np.log(10e6)))
    world.cap_bps = np.where(when, np.minimum(world.cap_bps, rate), world.cap_bps)
    return Acted()


def cheaper_tariff(world: World) -> Acted:
    """A lower rate of the whole line at all hours from one day on."""
    rate = np.exp(world.rng.uniform(np.log(2e6), np.log(10e6)))
    later = world.slots.day >= MIDDLE_DAY
    world.cap_bps = np.where(later, np.minimum(world.cap_bps, rate), world.cap_bps)
    return Acted()


def wifi(world: World) -> Acted:
    """Bad radio in the evening: round trips wander, rates fall, for all sites."""
    when, _ = evenings(world, 0.7)
    bad = when & (world.rng.random(world.n) < 0.6)
    late = np.where(bad, world.rng.exponential(0.03, world.n), 0.0)
    _lengthen(world, late)
    slower = np.where(bad, np.exp(-world.rng.exponential(0.4, world.n)), 1.0)
    world.own_bps *= slower
    world.page_own_bps *= slower
    return Acted()


def fast_site(world: World) -> Acted:
    """One target is several times quicker than all the rest."""
    place = world.place(TARGETS[0])
    factor = world.rng.uniform(2.0, 5.0)
    quickest = np.median(world.own_bps, axis=1).max()
    world.own_bps[place] *= factor * quickest / np.median(world.own_bps[place])
    return Acted()


def changed_object(world: World) -> Acted:
    """A site's object becomes smaller or larger for good: another script is taken."""
    place = world.place(some_targets(world, 1)[0])
    factor = world.rng.choice([0.15, 0.3, 3.0, 6.0])
    later = world.slots.day >= MIDDLE_DAY
    world.object_bytes = world.object_bytes * np.ones((1, world.n))
    world.object_bytes[place] *= np.where(later, factor, 1.0)
    return Acted()


def shifted_levels(world: World) -> Acted:
    """Every site's level moves once for good, by what servers and routes do."""
    for place in range(len(world.names)):
        day = world.rng.integers(3, world.slots.days - 3)
        later = world.slots.day >= day
        world.own_bps[place] *= np.exp(np.where(later, world.rng.normal(0, 0.15), 0))
    return Acted()


def drift(world: World) -> Acted:
    """Levels that drift steadily over the weeks."""
    slope = world.rng.normal(0.0, 0.3, (len(world.names), 1)) / world.slots.days
    world.own_bps *= np.exp(slope * world.slots.day)
    return Acted()


def longer_route(world: World) -> Acted:
    """A target's route becomes longer for good: a round trip of 60 to 120 ms more."""
    place = world.place(some_targets(world, 1)[0])
    later = np.where(world.slots.day >= MIDDLE_DAY, world.rng.uniform(0.06, 0.12), 0.0)
    world.rtt_s[place] += later
    world.media_rtt_s[place] += later
    return Acted()


def without_transfers(world: World, left: int = 0) -> Acted:
    """Controls of which only so many, or none, are transferred from."""
    controls = (*HOME_CONTROLS, *FAR_CONTROLS)
    for name in world.rng.permutation(controls)[left:].tolist():
        world.has_transfer[world.place(name)] = False
    return Acted()


def held(
    world: World,
    rate_bps: float,
    *,
    n: int | None = None,
    share: float = 1.0,
    pages: bool = True,
) -> Acted:
    """Some targets get no more than a rate in the evening."""
    when, nights = evenings(world, share)
    names = some_targets(world, n)
    _hold(world, names, when, rate_bps, pages=pages)
    return Acted(names, nights)


def _hold(
    world: World, names: tuple[str, ...], when: Bools, rate_bps: float, *, pages: bool
) -> None:
    for place in _places(world, names):
        least = np.where(when, rate_bps, np.inf)
        world.own_bps[place] = np.minimum(world.own_bps[place], least)
        if pages:
            world.page_own_bps[place] = np.minimum(world.page_own_bps[place], least)


def slower(
    world: World, factor: float, *, share: float = 1.0, n: int | None = None
) -> Acted:
    """Some targets get a part of their rate in the evening."""
    when, nights = evenings(world, share)
    names = some_targets(world, n)
    for place in _places(world, names):
        part = np.where(when, 1 / factor, 1.0)
        world.own_bps[place] *= part
        world.page_own_bps[place] *= part
    return Acted(names, nights)


def delayed(world: World, seconds: float = 0.15) -> Acted:
    """Every round trip to some targets takes longer in the evening."""
    when, nights = evenings(world)
    names = some_targets(world)
    for place in _places(world, names):
        for rtt in (world.rtt_s, world.media_rtt_s):
            rtt[place] += np.where(when, seconds, 0.0)
    return Acted(names, nights)


def lossy(world: World) -> Acted:
    """Packets of some targets are lost in the evening: rates fall, handshakes stall."""
    when, nights = evenings(world)
    names = some_targets(world)
    for place in _places(world, names):
        held_bps = world.rng.uniform(0.4e6, 1.2e6, world.n)
        stall = np.where(world.rng.random(world.n) < 0.15, 1.0, 0.0)
        for rates in (world.own_bps, world.page_own_bps):
            rates[place] = np.where(
                when, np.minimum(rates[place], held_bps), rates[place]
            )
        world.handshake_s[place] += np.where(when, stall, 0.0)
    return Acted(names, nights)


def at_all_hours(world: World, *, lighter_at_night: bool = False) -> Acted:
    """Held to a tenth from one day on, at all hours; maybe to a third at night."""
    names = some_targets(world)
    later = world.slots.day >= MIDDLE_DAY
    is_night = (world.slots.local_min >= 60) & (world.slots.local_min < 420)
    share = np.where(is_night & lighter_at_night, 1 / 3, 1 / 10)
    for place in _places(world, names):
        held_bps = np.where(later, _usual_bps(world, place) * share, np.inf)
        for rates in (world.own_bps, world.page_own_bps):
            rates[place] = np.minimum(rates[place], held_bps)
    return Acted(names, tuple(range(MIDDLE_DAY, world.slots.days)), since=MIDDLE_DAY)


def _usual_bps(world: World, place: int) -> float:
    """What a transfer usually gets, slow start included."""
    bytes_ = float(np.median(world.object_bytes[place]))
    rtt, own_bps = world.media_rtt_s[place], world.own_bps[place]
    took = transfer_s(np.array(bytes_), rtt, own_bps, world.cap_bps)
    return float(np.median(8 * bytes_ / took))


def allowed_list(world: World, n_quick: int, *, abroad_only: bool = False) -> Acted:
    """All but some sites are held to one low rate in the evening.

    Parameters
    ----------
    n_quick : controls of seven that stay quick
    abroad_only : everything abroad is held, and nothing near
    """
    when, nights = evenings(world)
    controls = (*HOME_CONTROLS, *FAR_CONTROLS)
    quick = world.rng.permutation(controls)[:n_quick].tolist()
    if abroad_only:
        quick = list(HOME_CONTROLS)
    names = (*TARGETS, *(name for name in controls if name not in quick))
    rate = np.exp(world.rng.uniform(np.log(256e3), np.log(1024e3)))
    _hold(world, names, when, rate, pages=True)
    return Acted(TARGETS, nights)


def full_cdn(world: World, *, share: float = 1.0) -> Acted:
    """The egress of one service's network is full at the same hours: sharp edges."""
    when, nights = evenings(world, share)
    names = some_targets(world, 1)
    for place in _places(world, names):
        factor = world.rng.uniform(3.0, 8.0)
        scatter = np.exp(world.rng.normal(0.0, 0.25, world.n))
        world.own_bps[place] *= np.where(when, scatter / factor, 1.0)
    return Acted(names, nights)


def own_limit(world: World) -> Acted:
    """The service itself sends no more than a rate in the evening."""
    return held(world, float(world.rng.uniform(0.5e6, 2e6)), n=1, pages=False)


def moved_host(world: World) -> Acted:
    """In the evening the transfers come from a farther host; the page does not."""
    when, nights = evenings(world)
    names = some_targets(world, 1)
    for place in _places(world, names):
        world.media_rtt_s[place] += np.where(when, world.rng.uniform(0.08, 0.2), 0.0)
        world.own_bps[place] *= np.where(when, 1 / world.rng.uniform(2.0, 6.0), 1.0)
        world.media_moved[place] |= when
    return Acted(names, nights)


def failing(
    world: World,
    operation: str,
    failure: str,
    *,
    share: float = 1.0,
    probes: str = "both",
    others: int = 0,
) -> Acted:
    """Some targets give no answer in the evening.

    Parameters
    ----------
    probes : "both", or "download" for the transfers only
    others : so many foreign controls are blocked beside them
    """
    when, nights = evenings(world, share)
    names = some_targets(world)
    hit = (*names, *world.rng.permutation(FAR_CONTROLS)[:others].tolist())
    cells = world.rows(_places(world, hit), when)
    world.failures.append((probes, cells, operation, failure))
    return Acted(names, nights)


def refusing(world: World, status: int, *, foreign: bool) -> Acted:
    """Pages are refused in the evening, by the site itself or by somebody between.

    A refusal is small and quick. Who stands between signs with another certificate.
    """
    when, nights = evenings(world)
    names = some_targets(world)
    world.page_bytes = world.page_bytes * np.ones((1, world.n))
    for place in _places(world, names):
        world.status[place] = np.where(when, float(status), 200.0)
        size = np.where(when, 700.0, world.page_bytes[place])
        world.page_bytes[place] = size
        world.foreign_issuer[place] |= when & foreign
    cells = world.rows(_places(world, names), when)
    world.failures.append(("untried", cells, "", ""))
    return Acted(names, nights)


def own_resolver(world: World, answer: str) -> Acted:
    """The home's own filter gives a false answer, or none, in the evening."""
    when, nights = evenings(world)
    names = some_targets(world)
    cells = world.rows(_places(world, names), when)
    if answer:
        world.failures.append(("both", cells, "connect", "connection_refused"))
    else:
        world.failures.append(("both", cells, "resolve", "dns_nxdomain_error"))
    for place in _places(world, names):
        world.answers[place] = (when, answer)
    return Acted(names, nights)


def all_of(*causes: Cause) -> Cause:
    """Several causes together; who was reached is told by the last."""

    def together(world: World) -> Acted:
        acted = Acted()
        for cause in causes:
            acted = cause(world)
        return acted

    return together


def with_(cause: Callable[..., Acted], *words: object, **options: object) -> Cause:
    """A cause with its options."""
    return partial(_called, cause, words, options)


def _called(
    cause: Callable[..., Acted],
    words: tuple[object, ...],
    options: dict[str, object],
    world: World,
) -> Acted:
    return cause(world, *words, **options)


def _lengthen(world: World, seconds: Floats) -> None:
    world.rtt_s += seconds
    world.media_rtt_s += seconds


def _slow_line(world: World, share: Floats) -> None:
    world.cap_bps = world.cap_bps * share
