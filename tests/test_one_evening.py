"""Twenty homes, and whoever tells their evenings: everybody tells the same."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import monitor
from monitor.analysis import analyze
from monitor.anomalies import Question, ask_evenings
from monitor.anomalies.search import refresh_rollups
from monitor.config import Config, parse
from monitor.evening_rule import EveningState
from monitor.interchange import NAMES, samples_from
from monitor.model import EveningMark
from monitor.nightly import Night, analysed_night, store_night
from monitor.report import render_json
from monitor.report.content import NightReport
from monitor.store import Store, open_store
from monitor.web.answers.evening_strip import evenings as shown_evenings
from monitor.web.answers.facts import Facts
from monitor.web.answers.metric_families import StoredFacts
from monitor.web.answers.overview import verdicts as shown_verdicts
from monitor.web.answers.queries import DaysQuery, NoQuery
from tests.analysis.homes import Home, samples
from tests.door import ask_store
from tests.fakes import FakeClock

Told = Mapping[tuple[str, str, date], EveningState]
"""(vantage, target, evening) -> its state, without those that say nothing."""

MINUTE = timedelta(minutes=1)
DAYS = 10
TARGETS = ("facebook", "youtube")
CONTROLS = ("kaspi", "vk", "wikipedia")
TIMEOUT = ("connect", "generic_timeout_error")
_BASE = Home(
    days=DAYS, every_min=15, targets=TARGETS, controls=CONTROLS,
    metrics=("duration_s",), noise=0.1,
)  # fmt: skip


def _home(**more: object) -> Home:
    return replace(_BASE, **more)


@dataclass(frozen=True)
class Terms:
    """Homes that one household's clock and window suit."""

    timezone: str
    window: str
    start: str
    homes: Mapping[str, Home]


def _slow(factor: float, **more: object) -> Home:
    return _home(factor={"facebook": factor}, **more)


_ALMATY = {
    "quiet": _home(),
    "mild": _slow(1.3),
    "clear": _slow(1.5),
    "strong": _slow(5.0),
    "some_nights": _slow(2.0, share=0.5),
    "busy": _home(busy=1.6),
    "slow_on_busy": _slow(2.0, busy=1.4),
    "noisy": _slow(1.4, noise=0.5),
    "no_controls": _slow(2.0, controls=()),
    "quiet_no_controls": _home(controls=(), noise=0.3),
    "dead_no_controls": _home(controls=(), dead={"facebook": TIMEOUT}, share=0.5),
    "one_control": _slow(2.5, controls=("vk",)),
    "dead": _home(dead={"facebook": TIMEOUT}, share=0.6),
    "all_dead": _home(dead=dict.fromkeys((*TARGETS, *CONTROLS), TIMEOUT), share=0.4),
    "two_metrics": _slow(2.0, metrics=("goodput_bps", "tls_handshake_s")),
    "gaps": _slow(2.0, seed=5),
    "outages": _slow(2.0, seed=6),
    "dead_control": _slow(1.6, dead={"vk": TIMEOUT}),
}
_MIDNIGHT = {"midnight": _slow(2.0, window_h=(23.0, 24.0), share=0.7)}
_DST = {"clock_back": _slow(1.4, start="2026-10-20", timezone="Europe/Berlin")}
TERMS = [
    Terms("Asia/Almaty", "20:00-22:00", _BASE.start, _ALMATY),
    Terms("Asia/Almaty", "23:00-01:00", _BASE.start, _MIDNIGHT),
    Terms("Europe/Berlin", "20:00-22:00", "2026-10-20", _DST),
]


def _measured(name: str, home: Home) -> pd.DataFrame:
    frame = samples(home).assign(vantage=name, path="direct", probe="https")
    rng = np.random.default_rng(home.seed)
    if name == "gaps":
        return frame[_kept_rounds(frame, rng)]
    return _with_outages(frame, rng) if name == "outages" else frame


def _kept_rounds(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Four of ten hours are missing, and two evenings as a whole."""
    hours = frame["started_at_utc"].dt.floor("h")
    lost = set(rng.permutation(hours.unique())[: 24 * DAYS * 4 // 10])
    local = frame["started_at_utc"].dt.tz_convert(_BASE.timezone)
    is_evening = local.dt.hour.isin([20, 21]) & local.dt.day.isin([4, 7])
    return (~hours.isin(lost) & ~is_evening).to_numpy()


def _with_outages(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """No line for three hours on half of the evenings."""
    local = frame["started_at_utc"].dt.tz_convert(_BASE.timezone)
    nights = rng.permutation(np.arange(1, DAYS + 1))[: DAYS // 2]
    is_down = local.dt.day.isin(nights) & local.dt.hour.isin([19, 20, 21])
    frame.loc[is_down, "duration_s"] = np.nan
    frame.loc[is_down, "failure"] = "generic_timeout_error"
    frame.loc[is_down, "failed_operation"] = "connect"
    return frame


@dataclass(frozen=True)
class Household:
    """A database with homes, each a vantage that has judged its own night."""

    configs: Mapping[str, Config]
    frame: pd.DataFrame
    nights: Mapping[str, Night]
    since: date
    until: date
    now: datetime

    @property
    def config(self) -> Config:
        """What all of them have in common."""
        return next(iter(self.configs.values()))

    @property
    def url(self) -> str:
        return self.config.database

    @property
    def facts(self) -> Iterator[Facts]:
        """Each home's own dashboard."""
        for config in self.configs.values():
            yield Facts(config, Store(self.url), FakeClock(self.now + MINUTE))

    @property
    def reports(self) -> Iterator[NightReport]:
        for night in self.nights.values():
            yield from night.reports


def _household(terms: Terms, folder: Path) -> Household:
    parts = [_measured(name, home) for name, home in terms.homes.items()]
    frame = pd.concat(parts, ignore_index=True)
    configs = {name: _config(terms, folder, name) for name in terms.homes}
    url = configs[next(iter(configs))].database
    stored = frame.replace({"failure": "", "failed_operation": ""}, None)
    with open_store(url) as store:
        store.samples.append(samples_from(stored.reindex(columns=list(NAMES))))
    since = date.fromisoformat(terms.start)
    until = since + timedelta(days=DAYS - 1)
    now = datetime(until.year, until.month, until.day, 12, tzinfo=UTC)
    now += timedelta(days=1)
    list(ask_store(url, refresh_rollups, terms.timezone, now))
    nights = {
        name: ask_store(
            config.database, analysed_night, config, until, now_utc=now, since=since
        )
        for name, config in configs.items()
    }
    return Household(configs, frame, nights, since, until, now)


def _config(terms: Terms, folder: Path, vantage: str) -> Config:
    start, end = terms.window.split("-")
    home = terms.homes[vantage]
    sites = {"targets": home.targets, "controls": home.controls}
    document = {
        "vantage": vantage,
        "timezone": terms.timezone,
        "window": {"start": start, "end": end},
        "every": "15m",
        "database": f"sqlite:///{folder / 'homes.db'}",
        **{
            role: [{"name": name, "url": f"https://{name}.example/"} for name in names]
            for role, names in sites.items()
        },
    }
    return parse(document, source="test")


@pytest.fixture(scope="module", params=TERMS, ids=lambda t: f"{t.timezone} {t.window}")
def household(request, tmp_path_factory) -> Household:
    return _household(request.param, tmp_path_factory.mktemp("homes"))


@pytest.fixture(scope="module")
def judged(household: Household, tmp_path_factory) -> Household:
    """A copy in which the night was stored."""
    copy = tmp_path_factory.mktemp("judged") / "homes.db"
    with closing(sqlite3.connect(household.url.removeprefix("sqlite:///"))) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    url = f"sqlite:///{copy}"
    for night in household.nights.values():
        ask_store(url, store_night, night, computed_at_utc=household.now)
    configs = {
        name: replace(config, database=url)
        for name, config in household.configs.items()
    }
    return replace(household, configs=configs)


@pytest.fixture(scope="module")
def by_analysis(household: Household) -> Told:
    """What the method itself says; every test compares another place with it."""
    home = household
    verdicts = analyze(
        home.frame,
        timezone=home.config.timezone,
        window=str(home.config.window),
        since=home.since,
        until=home.until,
    )
    return {(v.vantage, v.target, m.day): m.state for v in verdicts for m in v.marks}


def by_report(home: Household) -> Told:
    return _of_marks(
        (report.vantage, service.name, mark)
        for report in home.reports
        for service in report.hosts
        for mark in service.evenings
    )


def by_report_file(home: Household) -> Told:
    told = {}
    for report in home.reports:
        for target, rows in json.loads(render_json(report))["evenings"].items():
            for row in rows:
                day = date.fromisoformat(row["date"])
                told[report.vantage, target, day] = EveningState(row["state"])
    return _telling(told)


def by_dashboard(home: Household) -> Told:
    return _shown(home, home.facts)


def _shown(home: Household, dashboards: Iterable[Facts]) -> Told:
    told = {}
    for facts in dashboards:
        vantage = facts.config.vantage
        query = DaysQuery(vantage=vantage, since=str(home.since), until=str(home.until))
        for target in shown_evenings(facts, query).targets:
            for evening in target.evenings:
                told[vantage, target.target, evening.date] = evening.state
    return _telling(told)


def by_api(home: Household) -> Told:
    return _of_marks(
        (verdict.vantage, verdict.target, EveningMark(day=m.date, state=m.state))
        for facts in home.facts
        for verdict in shown_verdicts(facts, NoQuery()).verdicts
        for m in verdict.evening_marks
    )


def by_anomalies(home: Household) -> Told:
    question = Question(
        timezone=home.config.timezone,
        window=str(home.config.window),
        since=home.since,
        until=home.until,
        states=tuple(EveningState),
    )
    found = ask_store(home.url, ask_evenings, question)
    return _telling(
        {(e.vantage, e.target, date.fromisoformat(e.date)): e.state for e in found}
    )


def by_notebook(home: Household) -> Told:
    notebook = monitor.open(home.url, timezone=home.config.timezone)
    frame = notebook.evenings(
        since=home.since, until=home.until, window=str(home.config.window)
    )
    return _telling(
        {
            (row.vantage, row.target, date.fromisoformat(row.date)): row.state
            for row in frame.itertuples()
        }
    )


def _of_marks(marks: Iterator[tuple[str, str, EveningMark]]) -> Told:
    return _telling({(v, t, mark.day): mark.state for v, t, mark in marks})


def _telling(told: Told) -> Told:
    return {k: state for k, state in told.items() if state != EveningState.UNUSABLE}


def test_there_are_twenty_homes_of_every_kind(household: Household):
    assert sum(len(terms.homes) for terms in TERMS) == 20


@pytest.mark.parametrize("place", [by_report, by_report_file, by_anomalies])
def test_before_anything_is_stored(
    household: Household, by_analysis: Told, place: Callable[[Household], Told]
):
    assert place(household) == by_analysis


@pytest.mark.parametrize(
    "place", [by_dashboard, by_api, by_anomalies, by_notebook], ids=lambda f: f.__name__
)
def test_after_the_night(
    judged: Household, by_analysis: Told, place: Callable[[Household], Told]
):
    assert place(judged) == by_analysis


def test_the_metrics_count_the_same_evenings(judged: Household, by_analysis: Told):
    told = by_analysis
    counted = Counter(
        (vantage, target, state) for (vantage, target, _), state in told.items()
    )
    found = {
        (s.labels["vantage"], s.labels["target"], s.labels["state"]): s.value
        for facts in judged.facts
        for family in StoredFacts(facts).collect()
        if family.name == "monitor_evenings"
        for s in family.samples
    }
    for vantage, target, _ in told:
        n_dead = counted[vantage, target, EveningState.DEAD]
        n_slow = counted[vantage, target, EveningState.SLOW]
        assert found[vantage, target, "dead"] == n_dead
        # The dead are among the slow.
        assert found[vantage, target, "slow"] == n_slow + n_dead


def test_what_was_done_to_the_homes_is_seen(household: Household, by_analysis: Told):
    """Else twenty quiet homes would agree as well."""
    counted = Counter(
        (vantage, state)
        for (vantage, target, _), state in by_analysis.items()
        if target == "facebook"
    )
    expected = {
        ("strong", "slow"): (DAYS, DAYS),
        ("some_nights", "slow"): (5, 5),
        ("dead", "dead"): (6, 6),
        ("dead_no_controls", "dead"): (5, 5),
        ("all_dead", "dead"): (0, 0),
        ("quiet", "slow"): (0, 0),
        ("busy", "slow"): (0, 0),
        ("mild", "slow"): (6, DAYS),
        ("gaps", "slow"): (4, 8),
        ("midnight", "slow"): (7, 7),
        ("clock_back", "slow"): (8, DAYS),
    }
    for (vantage, state), (low, high) in expected.items():
        if vantage in household.nights:
            assert low <= counted[vantage, EveningState(state)] <= high, vantage


class Unjudged(Facts):
    """Facts of a home whose first night has not come."""

    def judged(self, vantage: str, since: date) -> dict:
        return {}


def test_before_the_first_night_only_the_bar_is_in_doubt(household: Household):
    """The dashboard asks the same rule about hourly medians: it may err by them."""
    unjudged = [Unjudged(f.config, f.store, f.clock) for f in household.facts]
    quick = _shown(household, unjudged)
    marks = {
        (v.vantage, v.target, m.day): m
        for night in household.nights.values()
        for v in night.analysis.verdicts
        for m in v.marks
    }
    differing = {
        key
        for key in {*quick, *marks}
        if quick.get(key) != (marks[key].state if key in marks else None)
    }
    assert len(differing) <= 0.03 * len(marks)
    for key in differing:
        assert 1.1 < marks[key].ratio < 1.4, key


class OnlyTerms(Facts):
    """Facts of a home of which analyses told their terms, and no evening."""

    def judged(self, vantage: str, since: date) -> dict:
        told = Facts.judged(self, vantage, since)
        return {name: replace(target, marks={}) for name, target in told.items()}


class OneLeft(Facts):
    """Facts of a home of which one evening in the middle was not judged."""

    def judged(self, vantage: str, since: date) -> dict:
        left = since + timedelta(days=DAYS // 2)
        return {
            name: replace(
                target, marks={d: m for d, m in target.marks.items() if d != left}
            )
            for name, target in Facts.judged(self, vantage, since).items()
        }


def test_an_evening_is_read_alike_beside_judged_ones_and_unjudged_ones(
    judged: Household,
):
    for facts in judged.facts:
        left, alone = (
            shown_evenings(
                kind(facts.config, facts.store, facts.clock),
                DaysQuery(since=str(judged.since), until=str(judged.until)),
            ).targets
            for kind in (OneLeft, OnlyTerms)
        )
        for some, every in zip(left, alone, strict=True):
            assert some.evenings[DAYS // 2] == every.evenings[DAYS // 2]
            assert [(e.n, e.n_failed) for e in some.evenings] == [
                (e.n, e.n_failed) for e in every.evenings
            ]
