"""Evenings read from cells: states, ratios, controls, local dates."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from monitor.anomalies import Evening, episodes, grouped
from monitor.anomalies.comparison import (
    Cells,
    compare,
    parse_against,
    parse_span,
)
from monitor.anomalies.evening_lines import Site, evenings
from monitor.errors import InputError
from monitor.evening_reading import SiteCells, columns_of
from monitor.evening_rule import EveningState, Window, parse_window, times_slower
from monitor.model import EveningMark, Note, Role
from monitor.store.judged import JudgedTarget
from tests.cells import cell_of, rows, site_cells

ZONE = "Asia/Almaty"
WINDOW = parse_window("20:00-22:00")
SITES = [
    Site(vantage="home", target="facebook", path="direct", role=Role.TARGET),
    Site(vantage="home", target="vk", path="direct", role=Role.CONTROL),
    Site(vantage="home", target="wikipedia", path="direct", role=Role.CONTROL),
]
FIRST = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())


def hourly(
    *,
    n_days: int = 3,
    target: float = 1.0,
    controls: float = 1.0,
    failed: float = 0.0,
    controls_failed: float = 0.0,
    window: Window = WINDOW,
    metric: str = "duration_s",
) -> dict[Site, SiteCells]:
    """Hours of three sites; in local hours 20 and 21 multiplied by the factors."""
    found = {}
    for site in SITES:
        is_target = site.role is Role.TARGET
        factor = target if is_target else controls
        share = failed if is_target else controls_failed
        cells = []
        for n in range(24 * n_days):
            day, hour = date(2026, 10, 1) + timedelta(days=n // 24), n % 24
            is_evening = hour in (20, 21)
            evening, begin = window.evening(day, 60 * hour)
            cells.append(
                cell_of(
                    (evening, begin, begin + 60),
                    metric,
                    0.2 * (factor if is_evening else 1.0),
                    12,
                    round(12 * share) if is_evening else 0,
                )
            )
        found[site] = site_cells(cells, cells)
    return found


def read(cells: Mapping[Site, SiteCells], **more) -> list[Evening]:
    more = {"metric": "duration_s", "window": WINDOW, "told": {}} | more
    found = evenings(cells, **more)
    return [e for e in found if e.target == "facebook"]


def test_an_evening_has_the_local_date_and_the_true_ratio():
    first, *_ = read(hourly(target=3.0))
    assert (first.date, first.weekday) == ("2026-10-01", "thu")
    assert first.ratio == pytest.approx(3.0)
    assert first.beyond_controls == pytest.approx(3.0)
    assert first.state is EveningState.SLOW
    assert first.n_probes == 24


def test_what_the_controls_do_too_is_not_held_against_a_target():
    first, *_ = read(hourly(target=3.0, controls=2.9))
    assert first.ratio == pytest.approx(3.0)
    assert first.beyond_controls == pytest.approx(3.0 / 2.9)
    assert first.state is EveningState.FINE


def test_a_lower_rate_is_slower():
    cells = hourly(target=0.25, metric="goodput_bps")
    first, *_ = read(cells, metric="goodput_bps")
    assert first.ratio == pytest.approx(4.0)
    assert first.window_value == pytest.approx(0.05)


def test_the_word_of_the_analysis_stands():
    day = date(2026, 10, 2)
    mark = EveningMark(day=day, state=EveningState.SLOW, ratio=1.3)
    said = JudgedTarget(
        metric="duration_s", law="factor", left_out=frozenset(), marks={day: mark}
    )
    found = read(hourly(), told={("home", "facebook"): said})
    assert [e.state for e in found] == ["fine", "slow", "fine"]
    assert found[1].beyond_controls == 1.3
    assert found[1].ratio == pytest.approx(1.0)


def test_a_control_that_the_analysis_left_out_explains_nothing():
    cells = hourly(target=3.0)
    vk, wikipedia = SITES[1:]
    cells[vk] = hourly(controls=3.0)[vk]
    cells[wikipedia] = hourly(controls=1.0)[wikipedia]
    said = JudgedTarget(
        metric="duration_s", law="factor", left_out=frozenset({"vk"}), marks={}
    )
    first, *_ = read(cells, told={("home", "facebook"): said})
    assert first.beyond_controls == pytest.approx(3.0)


def test_without_a_value_or_a_try_an_evening_is_unusable():
    cells = {
        site: site_cells([c._replace(slow_log=None) for c in rows(both.values)], [])
        for site, both in hourly().items()
    }
    assert read(cells) == []
    tried = {site: both._replace(attempts=both.values) for site, both in cells.items()}
    untried = {
        site: both._replace(
            attempts=columns_of(
                [c for c in rows(both.attempts) if c.begin_min in (840, 900)]
            )
        )
        for site, both in tried.items()
    }
    assert {e.state for e in read(untried)} == {EveningState.UNUSABLE}


def test_the_hours_beside_the_window_belong_to_neither_side():
    # Only two hours of the rest were measured: two odd ones would move their median.
    kept, beside = (0, 60), (780, 960)
    changed = {
        site: site_cells(
            [
                c._replace(slow_log=9.0 if c.begin_min in beside else c.slow_log)
                for c in rows(both.values)
                if c.begin_min in (*kept, *beside, 840, 900)
            ],
            rows(both.attempts),
        )
        for site, both in hourly().items()
    }
    first, *_ = read(changed)
    assert first.rest_value == pytest.approx(0.2)
    assert first.ratio == pytest.approx(1.0)


def test_a_window_over_midnight_belongs_to_the_evening_before():
    window = parse_window("23:00-01:00")
    found = read(hourly(n_days=4, window=window), window=window)
    middle = [e for e in found if e.date == "2026-10-02"]
    assert [e.n_probes for e in middle] == [24]


def test_a_note_stands_beside_its_evenings():
    note = Note(
        number=1,
        first_date=date(2026, 10, 2),
        last_date=date(2026, 10, 9),
        text="match",
    )
    assert [e.note for e in read(hourly(), notes=[note])] == [None, "match", "match"]


def test_no_cells_give_no_evenings():
    assert read({}) == []
    assert read({site: site_cells([], []) for site in SITES}) == []


def _evening(day: int, state: EveningState, target: str = "facebook") -> Evening:
    return Evening(
        vantage="home",
        target=target,
        path="direct",
        role="target",
        date=f"2026-10-{day:02d}",
        weekday="mon",
        metric="duration_s",
        state=state,
        window_value=1.0,
        rest_value=1.0,
        ratio=2.0,
        beyond_controls=None if state is EveningState.DEAD else 2.0,
        n_probes=10,
        n_failed=0,
        note="match" if day == 3 else None,
    )


def test_an_episode_bridges_two_evenings_but_not_three():
    bad, dead, fine = EveningState.SLOW, EveningState.DEAD, EveningState.FINE
    marks = {
        1: bad,
        2: fine,
        3: fine,
        4: dead,
        5: fine,
        6: fine,
        7: fine,
        8: bad,
        9: bad,
    }
    first, second = episodes([_evening(day, state) for day, state in marks.items()])
    assert (first.first_date, first.last_date) == ("2026-10-01", "2026-10-04")
    assert (first.n_evenings, first.n_slow, first.n_dead) == (4, 1, 1)
    assert first.notes == "match"
    assert (second.first_date, second.n_slow) == ("2026-10-08", 2)


def test_one_bad_evening_is_no_episode():
    assert (
        episodes([_evening(1, EveningState.SLOW), _evening(2, EveningState.FINE)]) == []
    )


def test_groups_count_states_per_target():
    found = [
        _evening(1, EveningState.SLOW),
        _evening(2, EveningState.FINE),
        _evening(3, EveningState.DEAD),
    ]
    (row,) = grouped(found, "weekday")
    assert row["weekday"] == "mon"
    assert (row["n_slow"], row["n_dead"], row["n_fine"]) == (1, 1, 1)
    assert [r["note"] for r in grouped(found, "note")] == ["", "match"]


def samples(n_days: int = 8) -> Cells:
    """A sample every hour of three sites; the target slow on the last day."""
    rows = [
        (place, FIRST + 3600 * hour, 0.6 if place == 0 and hour >= 168 else 0.2)
        for hour in range(24 * n_days)
        for place in range(len(SITES))
    ]
    site, start, value = (np.array(column) for column in zip(*rows, strict=True))
    none = np.zeros(site.size, np.int64)
    return Cells(sites=SITES, site=site, start_s=start, n_failed=none, value=value)


def test_a_span_is_compared_with_the_same_hours_before():
    span = parse_span("2026-10-08 20:00..22:00", option="--compare")
    found = compare(
        samples(),
        span,
        parse_against("previous 4 days", span),
        timezone=ZONE,
        metric="duration_s",
    )
    own = {c.target: c for c in found}
    assert own["facebook"].ratio == pytest.approx(3.0)
    assert own["facebook"].beyond_controls == pytest.approx(3.0)
    assert own["facebook"].n_spans == 4
    assert own["facebook"].n_probes == 2
    assert own["vk"].ratio == pytest.approx(1.0)


def test_a_control_on_another_way_is_held_against_nobody():
    tunnel = Site(vantage="home", target="vk", path="tunnel", role=Role.CONTROL)
    cells = replace(samples(), sites=[SITES[0], tunnel, tunnel])
    span = parse_span("2026-10-08 20:00..22:00", option="--compare")
    against = parse_against("previous 4 days", span)
    found = compare(cells, span, against, timezone=ZONE, metric="duration_s")
    own = {c.target: c for c in found}
    assert own["facebook"].beyond_controls is None


def test_the_same_weekday_is_a_week_before():
    span = parse_span("2026-10-20", option="--compare")
    days = [
        other.start.date() for other in parse_against("previous 2 same-weekday", span)
    ]
    assert days == [date(2026, 10, 13), date(2026, 10, 6)]
    assert (span.end - span.start).total_seconds() == 86_400


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "2026-10-20 25:00..26:00", "2026-10-20 20:00"],
)
def test_a_misspelt_span_is_refused(text):
    with pytest.raises(InputError, match="allowed: 2026-10-20"):
        parse_span(text, option="--compare")


def test_too_many_spans_are_refused():
    span = parse_span("2026-10-20", option="--compare")
    with pytest.raises(InputError, match="previous 1 to 366"):
        parse_against("previous 999 days", span)


def test_nothing_is_slower_than_nothing():
    assert times_slower("duration_s", 1.0, None) is None
    assert times_slower("goodput_bps", 1.0, 2.0) == 2.0
