"""Evenings read from cells: states, ratios, controls, local dates."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from monitor.anomalies import Evening, State, episodes, grouped
from monitor.anomalies.comparison import (
    compare,
    parse_against,
    parse_span,
    times_slower,
)
from monitor.anomalies.evenings import Cells, Site, evenings, medians
from monitor.errors import InputError
from monitor.model import Note, Role
from monitor.series.local import parse_window

ZONE = "Asia/Almaty"
WINDOW = parse_window("20:00-22:00")
SITES = [
    Site(vantage="home", target="facebook", path="direct", role=Role.TARGET),
    Site(vantage="home", target="vk", path="direct", role=Role.CONTROL),
    Site(vantage="home", target="wikipedia", path="direct", role=Role.CONTROL),
]
FIRST = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())


def hourly(
    *, n_days: int = 3, target: float = 1.0, controls: float = 1.0, failed: float = 0.0
) -> Cells:
    """Hours of three sites; in local hours 20 and 21 multiplied by the factors."""
    rows = []
    for hour in range(24 * n_days):
        is_evening = hour % 24 in (15, 16)
        for place in range(3):
            factor = (target if place == 0 else controls) if is_evening else 1.0
            n_failed = round(12 * failed) if is_evening and place == 0 else 0
            rows.append((place, FIRST + 3600 * hour, 12, n_failed, 0.2 * factor))
    site, start, n, bad, value = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Cells(
        sites=SITES,
        site=site,
        start_s=start,
        length_s=3600,
        n=n,
        n_failed=bad,
        value=value,
    )


def read(cells: Cells, **more) -> list[Evening]:
    more.setdefault("metric", "duration_s")
    found = evenings(cells, window=WINDOW, timezone=ZONE, **more)
    return [e for e in found if e.target == "facebook"]


def test_an_evening_has_the_local_date_and_the_true_ratio():
    first, *_ = read(hourly(target=3.0))
    assert (first.date, first.weekday) == ("2026-10-01", "thu")
    assert first.ratio == pytest.approx(3.0)
    assert first.beyond_controls == pytest.approx(3.0)
    assert first.state is State.SLOW
    assert first.n_probes == 24


def test_what_the_controls_do_too_is_not_held_against_a_target():
    first, *_ = read(hourly(target=3.0, controls=2.9))
    assert first.ratio == pytest.approx(3.0)
    assert first.beyond_controls == pytest.approx(3.0 / 2.9)
    assert first.state is State.FINE


def test_a_lower_rate_is_slower():
    first, *_ = read(hourly(target=0.25), metric="goodput_bps")
    assert first.ratio == pytest.approx(4.0)


def test_most_probes_without_an_answer_make_a_dead_evening():
    assert {e.state for e in read(hourly(failed=0.6))} == {State.DEAD}
    assert {e.state for e in read(hourly(failed=0.4))} == {State.FINE}


def test_without_a_value_an_evening_is_unusable():
    cells = hourly()
    cells.value[:] = np.nan
    assert {e.state for e in read(cells)} == {State.UNUSABLE}


def test_the_hours_beside_the_window_belong_to_neither_side():
    cells = hourly()
    hour = (cells.start_s // 3600 + 5) % 24
    cells.value[np.isin(hour, (19, 22))] = 99.0
    first, *_ = read(cells)
    assert first.rest_value == pytest.approx(0.2)


def test_a_window_over_midnight_belongs_to_the_evening_before():
    cells = hourly(n_days=4)
    found = evenings(
        cells, window=parse_window("23:00-01:00"), timezone=ZONE, metric="duration_s"
    )
    middle = [e for e in found if e.date == "2026-10-02" and e.target == "vk"]
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
    cells = hourly()
    empty = Cells(
        sites=SITES,
        length_s=0,
        **{
            name: getattr(cells, name)[:0]
            for name in ("site", "start_s", "n", "n_failed", "value")
        },
    )
    assert evenings(empty, window=WINDOW, timezone=ZONE, metric="duration_s") == []


def test_medians_are_those_of_numpy():
    rng = np.random.default_rng(1)
    place, value = rng.integers(0, 6, 200), rng.normal(size=200)
    value[::7] = np.nan
    found = medians(place, value, (2, 3)).ravel()
    expected = [np.nanmedian(value[place == k]) for k in range(6)]
    assert found == pytest.approx(expected)


def _evening(day: int, state: State, target: str = "facebook") -> Evening:
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
        beyond_controls=None if state is State.DEAD else 2.0,
        n_probes=10,
        n_failed=0,
        note="match" if day == 3 else None,
    )


def test_an_episode_bridges_two_evenings_but_not_three():
    bad, dead, fine = State.SLOW, State.DEAD, State.FINE
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
    assert episodes([_evening(1, State.SLOW), _evening(2, State.FINE)]) == []


def test_groups_count_states_per_target():
    found = [_evening(1, State.SLOW), _evening(2, State.FINE), _evening(3, State.DEAD)]
    (row,) = grouped(found, "weekday")
    assert row["weekday"] == "mon"
    assert (row["n_slow"], row["n_dead"], row["n_fine"]) == (1, 1, 1)
    assert [r["note"] for r in grouped(found, "note")] == ["", "match"]


def test_a_span_is_compared_with_the_same_hours_before():
    cells = hourly(n_days=8)
    is_last = cells.start_s >= FIRST + 7 * 86400
    slow = is_last & (cells.site == 0)
    cells.value[slow] *= 3
    span = parse_span("2026-10-08 20:00..22:00", option="--compare")
    found = compare(
        cells,
        span,
        parse_against("previous 4 days", span),
        timezone=ZONE,
        metric="duration_s",
    )
    own = {c.target: c for c in found}
    assert own["facebook"].ratio == pytest.approx(3.0)
    assert own["facebook"].beyond_controls == pytest.approx(3.0)
    assert own["facebook"].n_spans == 4
    assert own["vk"].ratio == pytest.approx(1.0)


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
