"""Which series of a store answer a question, and which stand beside them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import log

import pytest

from monitor.anomalies import Question
from monitor.anomalies import judging as judging_module
from monitor.anomalies.asked import sites_of
from monitor.anomalies.evening_lines import DIRECT, Site, told_of
from monitor.anomalies.judging import judged_now
from monitor.anomalies.search import (
    _Asking,
    ask_all,
    ask_each,
    refresh_rollups,
)
from monitor.evening_rule import EveningState, parse_window
from monitor.model import TWIN, EveningMark, OwnTerms, Probe, Role, Sample, Transport
from monitor.store import Store, open_store
from monitor.store.judged import JudgedTarget
from tests.cells import rows

DAY = date(2026, 10, 20)
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
QUESTION = Question(timezone="UTC", since=DAY, until=DAY)
WINDOW = parse_window("20:00-22:00")
FACEBOOK = Site(vantage="home", target="facebook", path=DIRECT, role=Role.TARGET)
VK = replace(FACEBOOK, target="vk", role=Role.CONTROL)


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'm.sqlite3'}") as opened:
        yield opened


def sample(target: str = "facebook", **more) -> Sample:
    return Sample(started_at_utc=NOON, target=target, connect_s=0.1, **more)


def control(target: str = "vk", **more) -> Sample:
    return sample(target, role=Role.CONTROL, **more)


def every_ten_minutes(*, days: int, evening_s: float = 0.1) -> Iterator[Sample]:
    """Two sites of one home; the first takes `evening_s` in the window."""
    for n in range(days * 144):
        when = datetime(2026, 10, 20, 6, tzinfo=UTC) + n * timedelta(minutes=10)
        inside = evening_s if when.hour in (20, 21) else 0.1
        yield Sample(started_at_utc=when, target="facebook", connect_s=inside)
        yield replace(control(), started_at_utc=when)


def test_a_site_is_measured_by_its_own_tcp_and_by_nothing_that_is_compared_with_it(
    store,
):
    store.samples.append(
        [
            sample(),
            sample(probe=Probe.DOWNLOAD),
            sample(probe=Probe.SNI_SWAP),
            sample(transport=Transport.QUIC),
            sample("twin-of-it", part=TWIN),
            control("_gateway", probe=Probe.GATEWAY),
        ]
    )
    sites, names = sites_of(store, QUESTION)
    assert names == {"facebook"}
    assert {info.probe for info in sites[FACEBOOK]} == {Probe.HTTPS, Probe.DOWNLOAD}
    assert [*sites] == [FACEBOOK]
    assert {info.transport for info in sites[FACEBOOK]} == {Transport.TCP}


def test_the_sites_of_one_home_are_those_of_that_home(store):
    store.samples.append([sample(), control(), sample(vantage="cabin")])
    sites, _ = sites_of(store, replace(QUESTION, vantage="cabin"))
    assert [*sites] == [replace(FACEBOOK, vantage="cabin")]
    everywhere, names = sites_of(store, QUESTION)
    assert len(everywhere) == 3
    assert names == {"facebook", "vk"}


def test_a_service_is_what_the_newest_sample_says(store):
    later = replace(sample(service="meta"), started_at_utc=NOON + timedelta(hours=1))
    store.samples.append([sample("ig", service="old"), replace(later, target="ig")])
    _, names = sites_of(store, replace(QUESTION, services=("meta",)))
    assert names == {"ig"}


def test_what_is_asked_stands_beside_the_controls_of_its_home_alone(store):
    elsewhere = control(vantage="cabin")
    tunnel = control("vk-tunnel", path="tunnel")
    store.samples.append([sample(), control(), elsewhere, tunnel])
    sites, _ = sites_of(store, QUESTION)
    asking = _Asking(store.cells, QUESTION, WINDOW, sites)
    assert {*asking.cells("connect_s", {FACEBOOK})} == {FACEBOOK, VK}


@pytest.mark.parametrize(("is_exact", "length_min"), [(True, 1), (False, 60)])
def test_a_cell_says_its_minute_of_the_day(store, is_exact: bool, length_min: int):
    when = datetime(2026, 10, 20, 20, 30, 59, tzinfo=UTC)
    store.samples.append([replace(sample(), started_at_utc=when)])
    list(refresh_rollups(store, "UTC", when))
    question = replace(QUESTION, is_exact=is_exact)
    sites, _ = sites_of(store, question)
    read = _Asking(store.cells, question, WINDOW, sites).cells("connect_s", sites)
    (cell,) = rows(read[FACEBOOK].values)
    # Its day begins at 06:00.
    begin_min = (20 - 6) * 60 + (30 if is_exact else 0)
    assert (cell.begin_min, cell.end_min) == (begin_min, begin_min + length_min)
    assert cell.slow_log == pytest.approx(log(0.1))


def test_hours_are_read_unless_single_samples_are_asked_for():
    assert QUESTION.is_exact is False


def test_several_questions_give_their_evenings_in_one_order(store):
    store.samples.append([*every_ten_minutes(days=2, evening_s=0.9)])
    states = tuple(EveningState)
    asked = [
        replace(QUESTION, since=day, until=day, states=states, is_exact=True)
        for day in (DAY + timedelta(days=1), DAY)
    ]
    lines = ask_all(store, asked)
    assert [line.date for line in lines] == ["2026-10-20", "2026-10-21"]
    assert {line.state for line in lines} == {EveningState.SLOW}


@pytest.mark.parametrize("zones", [("UTC", "UTC"), ("UTC", "Asia/Almaty")])
def test_each_home_answers_in_its_own_zone(store, zones: tuple[str, str]):
    here = [*every_ten_minutes(days=1, evening_s=0.9)]
    store.samples.append([*here, *(replace(s, vantage="cabin") for s in here)])
    terms = {
        vantage: OwnTerms(timezone=zone, window=WINDOW)
        for vantage, zone in zip(("home", "cabin"), zones, strict=True)
    }
    asked = {"since": DAY, "until": DAY, "states": tuple(EveningState)}
    lines = ask_each(store, terms, asked | {"is_exact": True})
    state = {line.vantage: line.state for line in lines}
    assert state["home"] is EveningState.SLOW
    # By the clock of Almaty the slow hours were those after midnight.
    assert (state["cabin"] is EveningState.SLOW) is (zones[1] == "UTC")


def test_evenings_judged_in_pieces_are_all_told(store, monkeypatch):
    store.samples.append([*every_ten_minutes(days=5, evening_s=0.9)])
    monkeypatch.setattr(judging_module, "MAX_EVENINGS", 2)
    told = judged_now(
        store, DAY, DAY + timedelta(days=3), timezone="UTC", window=WINDOW
    )
    marks = told["home", "facebook"].marks
    assert sorted(marks) == [DAY + timedelta(days=n) for n in range(4)]
    assert {mark.state for mark in marks.values()} == {EveningState.SLOW}


def test_only_targets_on_the_direct_path_were_judged():
    mark = EveningMark(day=DAY, state=EveningState.SLOW, ratio=2.0)
    judged = JudgedTarget(
        metric="connect_s", law="factor", left_out=frozenset(), marks={DAY: mark}
    )
    told = {("home", "facebook"): judged, ("home", "vk"): judged}
    assert told_of(FACEBOOK, told) is judged
    assert told_of(replace(FACEBOOK, path="tunnel"), told) is None
    assert told_of(replace(FACEBOOK, role=Role.CONTROL), told) is None
    assert told_of(VK, told) is None
