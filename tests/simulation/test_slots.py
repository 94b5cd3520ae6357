"""When the rounds of a simulated home are."""

from datetime import date

import numpy as np

from monitor.simulation.slots import Slots, slots_of


def days_of(start: date, timezone: str, days: int = 3) -> Slots:
    rng = np.random.default_rng(1)
    return slots_of(start=start, days=days, timezone=timezone, every_s=300, rng=rng)


def rounds_per_day(at: Slots) -> list[int]:
    return np.bincount(at.day, minlength=at.days).tolist()


def test_ordinary_day_has_a_round_every_five_minutes() -> None:
    assert rounds_per_day(days_of(date(2026, 10, 1), "Asia/Almaty")) == [288] * 3


def test_day_of_clock_forward_has_23_hours() -> None:
    at = days_of(date(2026, 3, 28), "Europe/Berlin")
    assert rounds_per_day(at) == [288, 276, 288]


def test_day_of_clock_back_has_25_hours() -> None:
    at = days_of(date(2026, 10, 24), "Europe/Berlin")
    assert rounds_per_day(at) == [288, 300, 288]


def test_day_of_the_zone_change_in_kazakhstan_has_25_hours() -> None:
    at = days_of(date(2024, 2, 28), "Asia/Almaty", days=4)
    assert rounds_per_day(at) == [288, 300, 288, 288]


def test_window_follows_the_local_clock() -> None:
    at = days_of(date(2026, 10, 1), "Asia/Almaty", days=1)
    inside = at.between(np.array([1200.0]), np.array([1320.0]))
    hours_utc = (at.started_at_us[inside] // 3_600_000_000) % 24
    assert set(hours_utc.tolist()) == {15, 16}


def test_weekends_are_saturday_and_sunday() -> None:
    at = days_of(date(2026, 11, 20), "Asia/Almaty")
    assert at.is_weekend.tolist() == [False, True, True]
