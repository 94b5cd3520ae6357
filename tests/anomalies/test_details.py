"""Bounds, orders and counts of the answers, each on its own."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise

import numpy as np
import pytest

from monitor.anomalies import Evening, Question, episodes, grouped
from monitor.anomalies.asked import bounds_us
from monitor.anomalies.comparison import Cells, compare, parse_against, parse_span
from monitor.anomalies.episodes import size
from monitor.anomalies.evening_lines import Site, _noted, _value
from monitor.anomalies.judging import MAX_EVENINGS, _pieces, with_the_rest
from monitor.anomalies.search import (
    _has_unjudged,
    _site_cells,
    _source,
    _span_us,
    in_order,
)
from monitor.errors import InputError
from monitor.evening_reading import Cell
from monitor.evening_rule import EveningState, parse_window
from monitor.model import EveningMark, Note, Probe, Role, Transport
from monitor.store.instants import to_us
from monitor.store.judged import JudgedTarget
from monitor.store.reader import SeriesInfo
from tests.anomalies import test_search
from tests.cells import rows

DAY = date(2026, 10, 20)
NEXT = timedelta(days=1)
ALMATY = "Asia/Almaty"
"""UTC+5."""
WINDOW = parse_window("20:00-22:00")
SLOW, DEAD, FINE = EveningState.SLOW, EveningState.DEAD, EveningState.FINE
QUESTION = Question(timezone=ALMATY, since=DAY, until=DAY)
SITE = Site(vantage="home", target="facebook", path="direct", role=Role.TARGET)
EVENING = replace(test_search.SLOW, target="facebook")


def on(day: int, state: EveningState = SLOW, **more: object) -> Evening:
    """An evening of October."""
    return replace(EVENING, date=f"2026-10-{day:02d}", state=state, **more)


# Spans.


def hours(text: str) -> float:
    span = parse_span(text, option="--compare")
    return (span.end - span.start) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "length_h"),
    [
        ("2026-10-20", 24),
        (" 2026-10-20 20:00 .. 22:30 ", 2.5),
        ("2026-10-20 23:00..01:00", 2),
        ("2026-10-20 20:00..20:00", 24),
    ],
)
def test_a_span_ends_after_it_begins(text: str, length_h: float):
    assert hours(text) == length_h


@pytest.mark.parametrize(("n", "allowed"), [(0, False), (1, True), (366, True)])
def test_how_many_spans_may_be_asked_for(n: int, allowed: bool):
    span = parse_span("2026-10-20 20:00..22:00", option="--compare")
    text = f"previous {n} days"
    if not allowed:
        with pytest.raises(InputError, match="found 0; allowed: previous 1 to 366"):
            parse_against(text, span)
        return
    spans = parse_against(text, span)
    assert len(spans) == n
    assert spans[-1].start == datetime(2026, 10, 20, 20) - n * NEXT
    assert spans[-1].end - spans[-1].start == timedelta(hours=2)


def test_one_named_span_is_held_against():
    span = parse_span("2026-10-20", option="--compare")
    (other,) = parse_against("2026-10-01 05:00..06:00", span)
    assert other.start == datetime(2026, 10, 1, 5)
    with pytest.raises(InputError, match="--against: found 'previous weeks'"):
        parse_against("previous weeks", span)


def cells(*rows: tuple[int, datetime, float], failed: int = 0) -> Cells:
    """Samples of a target, a control beside it and a control of another home."""
    sites = [
        SITE,
        replace(SITE, target="vk", role=Role.CONTROL),
        replace(SITE, target="vk", role=Role.CONTROL, vantage="cabin"),
    ]
    site, start, value = zip(*rows, strict=True)
    n_failed = np.zeros(len(rows), np.int64)
    n_failed[:failed] = 1
    return Cells(
        sites=sites,
        site=np.array(site),
        start_s=np.array([int(s.timestamp()) for s in start]),
        n_failed=n_failed,
        value=np.array(value, np.float64),
    )


def at(day: int, hour: int) -> datetime:
    """An instant by the clock of Almaty."""
    return datetime(2026, 10, day, hour, tzinfo=UTC) - timedelta(hours=5)


def compared(of: Cells):
    span = parse_span("2026-10-20 20:00..22:00", option="--compare")
    others = parse_against("previous 3 days", span)
    return compare(of, span, others, timezone=ALMATY, metric="connect_s")


def test_a_span_takes_its_first_instant_and_not_its_end():
    of = cells((0, at(20, 20), 0.4), (0, at(20, 22), 9.0), (0, at(20, 19), 9.0))
    (only,) = compared(of)
    assert (only.value, only.n_probes) == (0.4, 1)
    assert (only.usual, only.ratio, only.n_spans) == (None, None, 0)
    assert (only.lowest, only.highest, only.beyond_controls) == (None, None, None)


def test_the_other_spans_give_the_usual_and_its_bounds():
    rows = [(0, at(19, 20), 0.1), (0, at(18, 21), 0.3), (0, at(17, 20), 0.2)]
    of = cells((0, at(20, 20), 0.6), (0, at(20, 21), np.nan), *rows, failed=2)
    (only,) = compared(of)
    assert (only.value, only.usual, only.ratio) == (0.6, 0.2, pytest.approx(3.0))
    assert (only.lowest, only.highest, only.n_spans) == (0.1, 0.3, 3)
    assert (only.n_probes, only.n_failed) == (2, 2)
    assert (only.vantage, only.target, only.role) == ("home", "facebook", "target")


def test_what_had_no_answer_in_the_span_has_no_value():
    (only,) = compared(cells((0, at(20, 20), np.nan), (0, at(19, 20), 0.1)))
    assert (only.value, only.usual, only.ratio) == (None, 0.1, None)


def test_only_controls_of_the_same_home_are_held_against():
    rows = [(n, at(20, 20), value) for n, value in ((0, 0.4), (1, 0.2), (2, 0.8))]
    rows += [(n, at(19, 20), 0.1) for n in range(3)]
    by_name = {(c.vantage, c.target): c for c in compared(cells(*rows))}
    assert by_name["home", "facebook"].beyond_controls == pytest.approx(2.0)
    # No other control beside it: its own ratio is nobody's yardstick.
    assert by_name["home", "vk"].beyond_controls is None
    assert by_name["cabin", "vk"].beyond_controls is None


# Episodes and groups.


def test_an_episode_has_the_middle_of_its_slow_evenings_and_each_note_once():
    run = [
        on(1, beyond_controls=2.0, note="match"),
        on(2, DEAD, beyond_controls=None, note="match"),
        on(3, beyond_controls=4.0, note="storm"),
        on(4, beyond_controls=None, ratio=9.0),
    ]
    (episode,) = episodes(reversed(run))
    assert (episode.first_date, episode.last_date) == ("2026-10-01", "2026-10-04")
    assert (episode.n_evenings, episode.n_slow, episode.n_dead) == (4, 3, 1)
    assert episode.median_beyond_controls == 4.0
    assert episode.notes == "match; storm"
    assert (episode.vantage, episode.target, episode.path) == (
        *("home", "facebook"),
        "direct",
    )


def test_an_episode_has_no_quiet_ends_and_no_notes_unless_there_are_some():
    quiet = [on(1, FINE), on(9, FINE)]
    (episode,) = episodes([*quiet, on(3), on(6)])
    assert (episode.first_date, episode.last_date) == ("2026-10-03", "2026-10-06")
    assert (episode.n_evenings, episode.notes) == (2, None)
    assert episodes([on(3), on(7)]) == []


def test_each_site_of_each_home_has_episodes_of_its_own():
    places = ({}, {"target": "x"}, {"vantage": "cabin"}, {"path": "tunnel"})
    runs = [on(day, **place) for place in places for day in (1, 2)]
    assert len(episodes(runs)) == len(places)
    apart = [on(day, **place) for day, place in zip(count(1), places, strict=False)]
    assert episodes(apart) == []


def test_a_size_is_beyond_the_controls_where_there_are_any():
    assert size(EVENING) == 2.0
    assert size(replace(EVENING, beyond_controls=None)) == 3.0


def test_groups_stand_in_their_order_with_counts_and_middles():
    lines = [
        on(1, weekday="sun", beyond_controls=1.0),
        on(2, weekday="mon", beyond_controls=2.0),
        on(9, DEAD, weekday="mon", beyond_controls=6.0),
        on(2, weekday="mon", target="x", beyond_controls=5.0),
    ]
    rows = grouped(lines, "weekday")
    assert [(r["weekday"], r["target"], r["n_evenings"]) for r in rows] == [
        ("mon", "facebook", 2),
        ("mon", "x", 1),
        ("sun", "facebook", 1),
    ]
    assert rows[0]["median_size"] == 4.0
    assert (rows[0]["n_slow"], rows[0]["n_dead"]) == (1, 1)
    (month, _) = grouped(lines, "month")
    assert (month["month"], month["n_evenings"]) == ("2026-10", 3)
    assert [r["vantage"] for r in grouped(lines, "vantage")] == ["home", "home"]
    assert [r["target"] for r in grouped(lines, "target")] == ["facebook", "x"]


def test_lines_stand_by_date_then_by_place():
    lines = [on(2), on(1, vantage="z"), on(1, target="z"), on(1, path="z"), on(1)]
    assert [(e.date[-2:], e.vantage, e.target, e.path) for e in in_order(lines)] == [
        ("01", "home", "facebook", "direct"),
        ("01", "home", "facebook", "z"),
        ("01", "home", "z", "direct"),
        ("01", "z", "facebook", "direct"),
        ("02", "home", "facebook", "direct"),
    ]


def test_notes_of_this_home_and_of_all_are_told_together():
    def note(text: str, vantage: str | None, last: date = DAY) -> Note:
        terms = {"first_date": DAY, "last_date": last, "vantage": vantage}
        return Note(number=1, text=text, **terms)

    notes = [note("a", None), note("b", "home", DAY + NEXT), note("c", "cabin")]
    assert _noted(notes, "home") == {"2026-10-20": "a; b", "2026-10-21": "b"}


def test_a_value_is_told_in_the_metric_s_own_sense():
    assert _value(np.log(0.2), "connect_s") == pytest.approx(0.2)
    assert _value(-np.log(5e6), "goodput_bps") == pytest.approx(5e6)
    assert _value(None, "connect_s") is None
    assert _value(float("inf"), "connect_s") is None


# What was judged, and what is judged for the question.


@pytest.mark.parametrize(
    ("n_evenings", "lengths"),
    [(0, []), (1, [1]), (400, [400]), (401, [400, 1]), (1000, [400, 400, 200])],
)
def test_many_evenings_are_judged_in_pieces(n_evenings: int, lengths: list[int]):
    pieces = list(_pieces(DAY, DAY + (n_evenings - 1) * NEXT))
    assert MAX_EVENINGS == 400
    assert [(last - first).days + 1 for first, last in pieces] == lengths
    for (_, before), (after, _) in pairwise(pieces):
        assert after == before + NEXT


def judged(**marks: EveningState) -> JudgedTarget:
    named = {DAY + int(n[1:]) * NEXT: state for n, state in marks.items()}
    of = {d: EveningMark(day=d, state=s, ratio=None) for d, s in named.items()}
    terms = {"metric": "connect_s", "law": "factor", "left_out": frozenset[str]()}
    return JudgedTarget(**terms, marks=of)


def test_what_was_stored_stands_and_the_rest_is_made():
    stored = {("home", "a"): judged(d0=SLOW), ("home", "b"): judged(d0=FINE)}
    made = {("home", "a"): judged(d0=FINE, d1=DEAD), ("home", "c"): judged(d0=DEAD)}
    told = with_the_rest(stored, made)
    states = {
        (name[1], (day - DAY).days): mark.state
        for name, target in told.items()
        for day, mark in target.marks.items()
    }
    expected = {("a", 0): SLOW, ("a", 1): DEAD, ("b", 0): FINE, ("c", 0): DEAD}
    assert states == expected


def info(**more: object) -> SeriesInfo:
    """A series that was measured from noon to noon around the evening."""
    terms = {
        "series_id": 1,
        "vantage": "home",
        "target": "facebook",
        "role": Role.TARGET,
        "path": "direct",
        "probe": Probe.HTTPS,
        "transport": Transport.TCP,
        "first_utc": at(20, 12),
        "last_utc": at(21, 12),
    }
    blank = dict.fromkeys(SeriesInfo.__dataclass_fields__, None)
    return SeriesInfo(**(blank | terms | more))


@pytest.mark.parametrize(
    ("first", "last", "is_unjudged"),
    [
        (at(20, 12), at(21, 12), True),
        (at(20, 21), at(20, 21), True),
        (at(20, 22), at(21, 12), False),
        (at(20, 12), at(20, 20), True),
        (at(20, 12), at(20, 19), False),
    ],
)
def test_an_evening_is_unjudged_where_its_window_was_measured(
    first: datetime, last: datetime, is_unjudged: bool
):
    infos = [info(first_utc=first, last_utc=last)]
    assert _has_unjudged(None, infos, QUESTION, WINDOW) is is_unjudged
    assert not _has_unjudged(judged(d0=FINE), infos, QUESTION, WINDOW)
    assert _has_unjudged(judged(d1=FINE), infos, QUESTION, WINDOW) is is_unjudged


def test_all_series_of_a_site_together_tell_how_long_it_was_measured():
    early = info(first_utc=at(19, 12), last_utc=at(20, 12))
    late = info(first_utc=at(21, 12), last_utc=at(22, 12))
    assert _has_unjudged(None, [late, early], QUESTION, WINDOW)
    assert not _has_unjudged(None, [early], QUESTION, WINDOW)


# Which rows are read.


@pytest.mark.parametrize(
    ("window", "is_exact", "source"),
    [
        ("20:00-22:00", False, "hours"),
        ("20:00-22:00", True, "samples"),
        ("20:30-22:00", False, "samples"),
        ("20:00-21:30", False, "samples"),
        ("23:00-01:00", False, "hours"),
    ],
)
def test_hours_serve_a_window_of_whole_hours(window: str, is_exact: bool, source: str):
    asked = replace(QUESTION, is_exact=is_exact)
    assert _source(asked, parse_window(window)) == source


def test_the_day_before_and_the_day_after_are_read_too_and_an_hour_more():
    begin, end = _span_us(QUESTION)
    assert begin == to_us(at(19, 0) - timedelta(hours=1))
    assert end == to_us(at(22, 0) + timedelta(hours=1))
    start = datetime(2026, 10, 20, 20)
    assert bounds_us(start, start, QUESTION) == (
        to_us(at(20, 19)),
        to_us(at(20, 21)),
    )


def test_the_probe_with_most_values_measures_and_the_first_in_order_stands_for_all():
    one, lost = Cell(0, 0, 60, 0.1, 12, 0), Cell(0, 0, 60, None, 99, 99)
    infos = [
        info(series_id=1, probe=Probe.HTTPS),
        info(series_id=2, probe=Probe.DOWNLOAD),
        info(series_id=3, probe="unheard"),
    ]
    by_series = {1: [lost], 2: [one], 3: [one, one]}
    both = _site_cells(infos, by_series)
    assert rows(both.values) == [one, one]
    assert rows(both.attempts) == [lost]
    tied = _site_cells(infos, {1: [one], 2: [one], 3: [one]})
    assert tied.values is tied.attempts
