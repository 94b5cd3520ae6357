"""What a data budget grants: the evening and its equals first, and no more."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.evening_rule import parse_window
from monitor.model import Probe, Role, Target
from monitor.sampling.budget import (
    Budget,
    Costs,
    DaySlot,
    Turns,
    Use,
    day_slots,
    granted,
    left_today_bytes,
)
from monitor.sampling.ration import (
    Ration,
    Timetable,
    first_costs,
    forecast_bytes_per_day,
)
from monitor.sampling.round import Errand
from monitor.sampling.turns import whose_turn_it_is
from monitor.wire_bytes import expected_on_wire_bytes

ALMATY = ZoneInfo("Asia/Almaty")
TABLE = Timetable(
    zone=ALMATY,
    window=parse_window("20:00-22:00"),
    every=timedelta(minutes=5),
    downloads_every=timedelta(minutes=10),
)
SLOT = datetime(2026, 9, 1, 15, tzinfo=UTC)
SITES = [Target(name=f"s{i}", url=f"https://s{i}/") for i in range(10)]
MONTH = [date(2026, 9, day) for day in range(1, 31)]


def slots_of(day: date, window: str = "20:00-22:00"):
    return day_slots(
        day,
        zone=ALMATY,
        window=parse_window(window),
        every=timedelta(minutes=5),
        downloads_every=timedelta(minutes=10),
    )


def is_evening(slot: DaySlot) -> bool:
    return slot.start_utc.astimezone(ALMATY).hour in (20, 21)


def test_evening_has_as_many_equals_elsewhere_in_the_day() -> None:
    slots = slots_of(MONTH[0])
    assert len(slots) == 288
    kinds = Counter((is_evening(s), s.is_first, s.has_downloads) for s in slots)
    assert kinds[True, True, True] == kinds[False, True, True] == 12
    assert kinds[True, True, False] == kinds[False, True, False] == 12
    assert kinds[True, False, True] == kinds[True, False, False] == 0


def test_equals_lie_all_over_the_day_and_move_from_day_to_day() -> None:
    chosen = [
        {s.start_utc.astimezone(ALMATY).time() for s in slots_of(day) if s.is_first}
        for day in MONTH[:2]
    ]
    assert {t.hour // 6 for t in chosen[0]} == {0, 1, 2, 3}
    assert chosen[0] != chosen[1]


def test_window_may_cross_midnight() -> None:
    slots = slots_of(MONTH[0], "23:00-01:00")
    hours = Counter(s.start_utc.astimezone(ALMATY).hour for s in slots if s.is_first)
    assert (hours[23], hours[0]) == (12, 12)


@pytest.mark.parametrize(("day", "n"), [((2026, 3, 29), 276), ((2026, 10, 25), 300)])
def test_days_of_a_clock_change_have_their_own_length(day, n: int) -> None:
    slots = day_slots(
        date(*day),
        zone=ZoneInfo("Europe/Berlin"),
        window=parse_window("20:00-22:00"),
        every=timedelta(minutes=5),
        downloads_every=timedelta(minutes=5),
    )
    assert len(slots) == n


def simulated_month(
    budget: Budget, seed: int = 1, days: list[date] = MONTH
) -> tuple[Ration, Counter[tuple[bool, str]]]:
    """A month of rounds with costs that vary; what was done, by (evening, part)."""
    rng = Random(seed)
    ration = Ration(
        budget=budget,
        timetable=TABLE,
        costs=first_costs(SITES, download_bytes=500_000),
    )
    done: Counter[tuple[bool, str]] = Counter()
    for day in days:
        for slot in slots_of(day):
            grant = ration.grant(slot.start_utc)
            for probe, has in (
                (Probe.HTTPS, grant.has_pages),
                (Probe.DOWNLOAD, grant.has_downloads),
            ):
                done[is_evening(slot), probe] += has
                for site in SITES if has else ():
                    ration.count(
                        slot.start_utc,
                        Errand(target=site, probe=probe),
                        cost(probe, rng),
                    )
    return ration, done


def cost(probe: str, rng: Random) -> int:
    body = 500_000 if probe == Probe.DOWNLOAD else rng.randrange(20_000, 200_000)
    if rng.random() < 0.1:
        body = 0
    return expected_on_wire_bytes(1, body)


def received(ration: Ration) -> int:
    return sum(ration.by_day_bytes.values())


def test_without_a_budget_everything_is_done() -> None:
    _, done = simulated_month(Budget())
    assert sum(done.values()) == 30 * (288 + 144)


def test_short_month_keeps_the_evening_and_its_equals_whole() -> None:
    ration, done = simulated_month(Budget(per_month_bytes=18_000_000_000))
    assert 16_500_000_000 < received(ration) <= 18_000_000_000
    assert done[True, Probe.DOWNLOAD] == 30 * 12
    assert done[True, Probe.HTTPS] == 30 * 24
    assert done[False, Probe.HTTPS] > 0.99 * 30 * 264
    # the equals of the evening, and what else could be paid for
    assert 30 * 12 <= done[False, Probe.DOWNLOAD] < 30 * 66


def test_transfers_are_thinned_alike_inside_and_outside_of_the_evening() -> None:
    ration, done = simulated_month(Budget(per_day_bytes=120_000_000))
    assert max(ration.by_day_bytes.values()) <= 120_000_000
    inside, outside = done[True, Probe.DOWNLOAD], done[False, Probe.DOWNLOAD]
    assert 0 < inside < 30 * 12
    assert abs(inside - outside) <= 0.1 * inside
    assert done[True, Probe.HTTPS] == 30 * 24


def test_tiny_budget_leaves_out_whole_rounds_but_never_more_than_it_has() -> None:
    ration, done = simulated_month(Budget(per_day_bytes=20_000_000))
    assert max(ration.by_day_bytes.values()) <= 20_000_000
    assert done[True, Probe.DOWNLOAD] == 0
    inside, outside = done[True, Probe.HTTPS], done[False, Probe.HTTPS]
    assert 0 < inside < 30 * 24
    assert abs(inside - outside) <= 0.15 * inside


@settings(max_examples=25, deadline=None)
@given(
    per_day=st.one_of(st.none(), st.integers(1_000_000, 2_000_000_000)),
    per_month=st.one_of(st.none(), st.integers(1_000_000, 20_000_000_000)),
    seed=st.integers(0, 100),
)
def test_no_budget_is_ever_overdrawn(
    per_day: int | None, per_month: int | None, seed: int
) -> None:
    budget = Budget(per_day_bytes=per_day, per_month_bytes=per_month)
    ration, _ = simulated_month(budget, seed, MONTH[-2:])
    # A small budget can be overdrawn by what one round costs more than expected.
    surprise = sum(1.06 * 200_000 + 8_000 for _ in SITES)
    caps = [cap for cap in (per_day and 2 * per_day, per_month) if cap is not None]
    assert all(received(ration) <= cap + surprise for cap in caps)


def test_month_is_shared_out_equally_among_its_remaining_days() -> None:
    budget = Budget(per_month_bytes=3_000_000_000)
    use = Use(today_bytes=10_000_000, month_bytes=1_500_000_000)
    left = left_today_bytes(budget, use, date(2026, 9, 16))
    assert left == pytest.approx((3e9 * 0.98 - 1.5e9) / 15 - 1e7)


def test_last_round_is_not_begun_without_the_bytes_for_it() -> None:
    slots = slots_of(MONTH[0])
    costs = Costs(pages_bytes=1_000, downloads_bytes=5_000)
    grant = granted(slots, len(slots) - 1, 999, costs, Turns())
    assert not grant.has_pages
    assert not grant.has_downloads


def test_new_month_begins_with_nothing_used() -> None:
    ration = Ration(budget=Budget(), timetable=TABLE, costs={})
    ration.add(date(2026, 9, 30), 5)
    assert ration.use(date(2026, 9, 30)) == Use(today_bytes=5, month_bytes=0)
    ration.add(date(2026, 10, 1), 7)
    assert ration.use(date(2026, 10, 2)) == Use(today_bytes=0, month_bytes=7)


def test_clock_that_stood_in_the_future_does_not_forget_this_month() -> None:
    ration = Ration(budget=Budget(), timetable=TABLE, costs={})
    ration.add(date(2026, 9, 29), 5)
    ration.add(date(2028, 1, 1), 3)
    assert ration.use(date(2026, 9, 30)) == Use(today_bytes=0, month_bytes=5)


def test_forecast_counts_pages_transfers_and_what_protocols_add() -> None:
    costs = first_costs(SITES[:1], download_bytes=500_000)
    expected = 288 * (106_000 + 8_000) + 144 * (530_000 + 8_000)
    assert sum(forecast_bytes_per_day(costs, TABLE).values()) == expected
    assert forecast_bytes_per_day(costs, TABLE)["s0", "download"] == 144 * 538_000


def of_a_service(name: str, service: str | None = "s") -> Target:
    return Target(name=name, url=f"https://{name}/", service=service)


def test_sites_of_a_service_cost_the_transfers_of_one() -> None:
    alone = first_costs([of_a_service("a")], download_bytes=500_000)
    sites = [of_a_service(name) for name in "abc"]
    together = first_costs(sites, download_bytes=500_000)

    def transfers(costs):
        of_day = forecast_bytes_per_day(costs, TABLE)
        return sum(n for (_, probe), n in of_day.items() if probe == Probe.DOWNLOAD)

    assert transfers(together) == pytest.approx(transfers(alone))
    ration = Ration(budget=Budget(), timetable=TABLE, costs=together)
    for site in sites:
        for _ in range(100):
            errand = Errand(target=site, probe=Probe.DOWNLOAD)
            ration.count(SLOT, errand, 300_000)
    assert transfers(ration.costs) == pytest.approx(144 * 300_000)
    # Read anew with one site less: what was measured is kept, the turns are two.
    ration.expect(first_costs(sites[:2], download_bytes=500_000))
    assert transfers(ration.costs) == pytest.approx(144 * 300_000)


def test_one_transfer_of_each_service_in_a_turn() -> None:
    others = [
        Target(name="c", url="https://c/", role=Role.CONTROL, service="s"),
        of_a_service("d", None),
        Target(name="e", url="tls://e", service="s"),
        Target(name="f", url="tls://f", download_url="https://f/", service="s"),
    ]
    sites = [of_a_service("a"), of_a_service("b"), *others]
    turns = [[t.name for t in whose_turn_it_is(sites, turn)] for turn in range(4)]
    assert turns == [["a", "c", "d"], ["b", "c", "d"], ["f", "c", "d"], turns[0]]
