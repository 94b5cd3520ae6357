"""The numbers behind the pictures agree with what was simulated."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from monitor.report.charts import CONTROL_COLOUR, SLOW_COLOUR
from monitor.report.hour_chart import hours_svg, week_svg
from monitor.report.pictures import pictures_of
from monitor.wording import language
from tests.report.conftest import SCOPE


def frame(values: list[tuple[str, str, float | None, str | None]]) -> pd.DataFrame:
    columns = ["target", "started_at_utc", "connect_s", "failure"]
    made = pd.DataFrame(values, columns=columns)
    made["started_at_utc"] = pd.to_datetime(made["started_at_utc"], utc=True)
    return made


def pictured(samples: pd.DataFrame, controls: tuple[str, ...] = ()):
    return pictures_of(samples, SCOPE, metrics={"a": "connect_s"}, controls=controls)[
        "a"
    ]


def test_slow_evenings_are_dark_and_the_rest_is_not(report, home) -> None:
    service = next(s for s in report.hosts if s.name == "facebook")
    slow = [d in home.truth["facebook"].evenings for d in service.heat_map.days]
    evening = service.heat_map.slowness[:, 14:16].min(axis=1)
    assert (evening[np.array(slow)] > 5).mean() > 0.9
    assert np.median(service.heat_map.slowness[:, :13]) == pytest.approx(1, abs=0.1)


def test_an_hour_without_samples_stays_a_gap() -> None:
    # 08:00 UTC was 14:00 in Almaty in 2018; the day began at 06:00.
    found = pictured(frame([("a", "2018-04-15T08:10:00Z", 0.1, None)])).heat_map
    assert found.days[-1] == date(2018, 4, 15)
    assert found.slowness[-1, 8] == 1.0
    assert np.isnan(np.delete(found.slowness[-1], 8)).all()
    # Nothing is missing before the first sample of all.
    assert found.n_before == found.slowness.size - 16


def test_failures_rank_above_everything() -> None:
    day = [("a", f"2018-04-15T{h:02d}:00:00Z", 0.1, None) for h in range(1, 12)]
    dead = [
        ("a", f"2018-04-15T14:{m}0:00Z", None, "connection_reset") for m in range(1, 4)
    ]
    found = pictured(frame(day + dead))
    assert found.heat_map.slowness[-1, 14] == np.inf
    assert (found.last_night.failed, found.last_night.made) == (3, 3)


def test_a_rate_is_slower_when_it_is_lower() -> None:
    samples = frame(
        [
            ("a", "2018-04-15T05:00:00Z", 8.0, None),
            ("a", "2018-04-15T14:00:00Z", 2.0, None),
        ]
    ).rename(columns={"connect_s": "goodput_bps"})
    found = pictures_of(samples, SCOPE, metrics={"a": "goodput_bps"}, controls=())["a"]
    assert found.heat_map.slowness[-1, 14] == 4.0
    assert (found.last_night.in_window, found.last_night.in_rest) == (2.0, 8.0)


def test_controls_are_measured_against_their_own_usual() -> None:
    rows = [
        (name, f"2018-04-15T{hour}:00:00Z", size * factor, None)
        for name, size in (("b", 1.0), ("c", 10.0))
        for hour, factor in (("05", 1.0), ("14", 2.0))
    ]
    found = pictured(frame(rows), controls=("b", "c")).last_night
    at = int(np.flatnonzero(found.minutes > 20 * 60)[0])
    assert found.controls_low[at] == found.controls_high[at] == 2.0


def test_other_paths_and_local_rows_are_left_out() -> None:
    samples = frame([("a", "2018-04-15T08:10:00Z", 0.1, None)] * 3)
    samples["started_at_utc"] += pd.to_timedelta([0, 60, 120], unit="min")
    samples["path"] = ["direct", "tunnel", "direct"]
    samples["probe"] = ["https", "https", "gateway"]
    assert np.isfinite(pictured(samples).heat_map.slowness).sum() == 1


def test_the_hours_of_the_day_show_the_evening_beside_the_controls(report):
    """Slow from 20 to 22 h of the local clock, and not an hour of UTC."""
    facebook = next(host for host in report.hosts if host.name == "facebook")
    middles = [spread.middle for spread in facebook.hours.day]
    assert {hour for hour, middle in enumerate(middles) if middle > 2} == {20, 21}
    controls = [spread.middle for spread in facebook.control_hours.day]
    assert max(controls) < 1.5
    assert all(s.low <= s.middle <= s.high for s in facebook.hours.day)


def test_the_hours_are_drawn_with_both_bands(report):
    host = report.hosts[0]
    svg = hours_svg(host.hours, host.control_hours, report.span, language("en"))
    assert SLOW_COLOUR in svg
    assert CONTROL_COLOUR in svg
    assert svg.count(":00<") == 9


def test_each_evening_of_the_week_is_slow_in_the_hours_of_the_week(report):
    facebook = next(host for host in report.hosts if host.name == "facebook")
    middles = [spread.middle for spread in facebook.hours.week]
    slow = {hour for hour, middle in enumerate(middles) if middle and middle > 2}
    assert slow == {24 * day + hour for day in range(7) for hour in (20, 21)}


@pytest.mark.parametrize(
    ("code", "monday"), [("en", "Mon"), ("ru", "пн"), ("kk", "дс")]
)
def test_the_week_is_drawn_from_monday_on(report, code: str, monday: str):
    host = report.hosts[0]
    svg = week_svg(host.hours, host.control_hours, report.span, language(code))
    assert SLOW_COLOUR in svg
    names = re.findall(r">([^<>]+)</text>", svg)
    assert names[0].lower() == monday.lower()
