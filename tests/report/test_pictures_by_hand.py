"""The pictures' numbers, against the same worked out row by row without arrays."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import inf, isfinite, nan
from random import Random
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from monitor.evening_rule import GUARD_MIN, LEAD_MIN, parse_window
from monitor.hour_profile import hour_of_week, hour_profile
from monitor.report.content import Scope
from monitor.report.pictures import METRICS, pictures_of
from tests.report.conftest import SCOPE

CONTROLS: Final = ("c", "d")
SINCE, NIGHT = date(2026, 3, 6), date(2026, 3, 9)
"""With the day on which the clocks of New York go on."""
CASES: Final = [
    ("Asia/Almaty", "20:00-22:00", "connect_s"),
    ("America/New_York", "21:30-23:15", "goodput_bps"),
    ("Asia/Kolkata", "23:30-01:00", "connect_s"),
    ("America/New_York", "02:10-04:00", "goodput_bps"),
]
Row = dict[str, Any]


def made_rows(seed: int, metric: str) -> list[Row]:
    """Rounds every half an hour or so, some ways and kinds that are no picture's."""
    dice, first = Random(seed), datetime(2026, 3, 4, tzinfo=UTC)
    rows = [
        {
            "target": target,
            "started_at_utc": first + timedelta(minutes=30 * n + dice.random() * 30),
            "path": dice.choice(["direct", "direct", "", None, "tunnel"]),
            "transport": dice.choice(["tcp", "tcp", None, "quic"]),
            "probe": dice.choice(["https", "https", "tls", "gateway"]),
            "failure": dice.choice([""] * 8 + [None, "connection_reset"]),
            metric: dice.choice([dice.lognormvariate(0, 1)] * 9 + [nan, -1.0]),
        }
        for n in range(7 * 48)
        for target in ("a", *CONTROLS)
    ]
    # An hour in which nobody is measured.
    return [row for row in rows if row["started_at_utc"].hour != 3]


class ByHand:
    """One site's rows, one after the other."""

    def __init__(self, rows: Iterable[Row], site: str, metric: str, scope: Scope):
        self.scope, self.metric = scope, metric
        of_site = [r for r in rows if r["target"] == site and is_pictured(r)]
        self.rows = [r for r in of_site if self.is_told(r)]
        usual = [r for r in self.rows if self.side(r) == "rest"]
        self.usual = self.middle(usual) or self.middle(self.rows)

    def is_told(self, row: Row) -> bool:
        is_of_it = SINCE <= placed(row, self.scope)[0] <= NIGHT
        return is_of_it and (bool(row["failure"]) or row[self.metric] > 0)

    def side(self, row: Row) -> str:
        minute = placed(row, self.scope)[1] // 60
        end = LEAD_MIN + self.scope.window.length_min
        if minute >= LEAD_MIN and minute + 1 <= end:
            return "window"
        is_rest = minute + 1 <= LEAD_MIN - GUARD_MIN or minute >= end + GUARD_MIN
        return "rest" if is_rest else "neither"

    def middle(self, rows: Iterable[Row]) -> float | None:
        values = [r[self.metric] for r in rows if not r["failure"]]
        return median(values) if values else None

    def slowness(self, row: Row) -> float:
        if row["failure"]:
            return inf
        value = row[self.metric]
        return (
            self.usual / value if self.metric == "goodput_bps" else value / self.usual
        )

    def hour(self, row: Row) -> int:
        day, second = placed(row, self.scope)
        begin_min = (self.scope.window.start_min - LEAD_MIN) % 60
        return (day - SINCE).days * 24 + min((second + 60 * begin_min) // 3600, 23)

    def medians(self, rows: Iterable[Row], place, n: int) -> list[float]:
        by_place = defaultdict(list)
        for row in rows:
            by_place[place(row)].append(self.slowness(row))
        return [median(by_place[k]) if k in by_place else nan for k in range(n)]

    def curve(self) -> list[float]:
        tonight = [r for r in self.rows if placed(r, self.scope)[0] == NIGHT]
        return self.medians(tonight, lambda r: placed(r, self.scope)[1] // 900, 96)

    def of_week(self) -> Iterable[tuple[int, float]]:
        for row in self.rows:
            clock = local(row, self.scope)
            yield hour_of_week(clock.date(), clock.hour), self.slowness(row)


def is_pictured(row: Row) -> bool:
    is_direct = row["path"] in ("direct", "", None)
    return is_direct and row["transport"] in ("tcp", None) and row["probe"] != "gateway"


def local(row: Row, scope: Scope) -> datetime:
    """On the local clock, to the second."""
    moment = row["started_at_utc"].astimezone(ZoneInfo(scope.timezone))
    return moment.replace(tzinfo=None)


def placed(row: Row, scope: Scope) -> tuple[date, int]:
    """The evening of a row, and the second of that evening's day."""
    begin = timedelta(minutes=scope.window.start_min - LEAD_MIN)
    shifted = local(row, scope) - begin
    return shifted.date(), shifted.hour * 3600 + shifted.minute * 60 + shifted.second


def least_middle_most(curves: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
    """Of the controls that answered, in each quarter of an hour."""
    out = []
    for values in zip(*curves, strict=True):
        finite = [v for v in values if isfinite(v)]
        told = (min(finite), median(finite), max(finite)) if finite else (nan, nan, nan)
        out.append(told)
    return out


class Case:
    """One case of both kinds."""

    def __init__(self, timezone: str, window: str, metric: str) -> None:
        span = parse_window(window)
        scope = replace(SCOPE, timezone=timezone, window=span, since=SINCE, night=NIGHT)
        rows = made_rows(len(window + timezone), metric)
        metrics = {"a": metric}
        told = pictures_of(
            pd.DataFrame(rows), scope, metrics=metrics, controls=CONTROLS
        )
        self.scope, self.told = scope, told["a"]
        self.site = ByHand(rows, "a", metric, scope)
        self.beside = [ByHand(rows, name, metric, scope) for name in CONTROLS]


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)


def test_a_row_of_the_heat_map_is_an_evening_and_its_columns_hours(case: Case) -> None:
    heat_map, site = case.told.heat_map, case.site
    assert heat_map.first_hour == (case.scope.window.start_min - LEAD_MIN) // 60 % 24
    assert [d - SINCE for d in heat_map.days] == [timedelta(n) for n in range(4)]
    expected = site.medians(site.rows, site.hour, 4 * 24)
    np.testing.assert_allclose(heat_map.slowness.ravel(), expected)
    assert heat_map.n_before == 0


def test_the_last_evening_is_drawn_by_quarters_beside_the_controls(case: Case) -> None:
    night = case.told.last_night
    np.testing.assert_allclose(night.target, case.site.curve())
    band = least_middle_most([control.curve() for control in case.beside])
    told = zip(night.controls_low, night.controls, night.controls_high, strict=True)
    np.testing.assert_allclose([*told], band)
    begin = case.scope.window.start_min - LEAD_MIN
    assert night.minutes.tolist() == [begin + 7.5 + 15 * n for n in range(96)]


def test_the_last_evening_is_told_in_its_unit_and_counts(case: Case) -> None:
    night, site = case.told.last_night, case.site
    tonight = [r for r in site.rows if placed(r, case.scope)[0] == NIGHT]
    inside = [r for r in tonight if site.side(r) == "window"]
    by_day = [r for r in tonight if site.side(r) == "rest"]
    assert night.in_window == pytest.approx(site.middle(inside))
    assert night.in_rest == pytest.approx(site.middle(by_day))
    failed = [r for r in inside if r["failure"]]
    assert (night.made, night.failed) == (len(inside), len(failed))


def test_hours_of_day_and_week_are_those_of_the_local_clock(case: Case) -> None:
    assert_profile(case.told.hours, hour_profile(case.site.of_week()))
    every = [value for control in case.beside for value in control.of_week()]
    assert_profile(case.told.control_hours, hour_profile(every))


def assert_profile(told, expected) -> None:
    for name in ("low", "middle", "high", "n"):
        for cycle in ("day", "week"):
            values = [
                [getattr(spread, name) for spread in getattr(profile, cycle)]
                for profile in (told, expected)
            ]
            assert values[0] == pytest.approx(values[1])


def frame_of(*rows: tuple[str, str, float | None], metric: str = "connect_s"):
    """Rows of (site, time in UTC, value)."""
    made = pd.DataFrame(rows, columns=["target", "started_at_utc", metric])
    made["started_at_utc"] = pd.to_datetime(made["started_at_utc"], utc=True)
    return made


def test_hours_before_the_first_probe_of_any_site_are_counted() -> None:
    """The day of 20 March begins at 06:00, midnight UTC, in Almaty."""
    scope = replace(SCOPE, night=SCOPE.since)
    later = ("a", "2018-03-20T09:00:00Z", 0.1)
    for begin, n in [("T00:59:59Z", 0), ("T01:00:00Z", 1), ("T05:30:00Z", 5)]:
        frame = frame_of(later, ("b", f"2018-03-20{begin}", 0.1))
        told = pictures_of(frame, scope, metrics={"a": "connect_s"}, controls=())
        assert told["a"].heat_map.n_before == n
    earlier = frame_of(later, ("b", "2018-03-18T09:00:00Z", 0.1))
    after = frame_of(("a", "2018-03-25T09:00:00Z", 0.1))
    nothing = frame_of(later).assign(path="tunnel")
    for frame, n in [(earlier, 0), (after, 24), (nothing, 0)]:
        told = pictures_of(frame, scope, metrics={"a": "connect_s"}, controls=())
        assert told["a"].heat_map.n_before == n


def test_a_metric_that_was_not_measured_gives_way_to_the_first_that_was() -> None:
    frame = frame_of(("a", "2018-04-15T08:00:00Z", 0.1), metric="waiting_s")
    frame["connect_s"] = 0.1
    frame["goodput_bps"] = nan
    told = pictures_of(frame, SCOPE, metrics={"a": "goodput_bps"}, controls=())
    assert told["a"].metric == "waiting_s"
    assert METRICS.index("waiting_s") < METRICS.index("connect_s")
    nothing = frame.drop(columns=["waiting_s", "connect_s"])
    told = pictures_of(nothing, SCOPE, metrics={"b": "goodput_bps"}, controls=())
    assert told["b"].metric == "goodput_bps"
    assert np.isnan(told["b"].heat_map.slowness).all()


def test_without_a_day_the_usual_is_that_of_the_evening() -> None:
    """14:00 UTC is 20:00 in Almaty."""
    frame = frame_of(
        *(
            ("a", f"2018-04-15T14:{m}:00Z", v)
            for m, v in [(10, 1.0), (20, 3.0), (30, 2.0)]
        )
    )
    night = pictures_of(frame, SCOPE, metrics={"a": "connect_s"}, controls=())["a"]
    assert night.heat_map.slowness[-1, 14] == 1.0
    assert (night.last_night.in_window, night.last_night.in_rest) == (2.0, None)
