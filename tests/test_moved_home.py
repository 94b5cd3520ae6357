"""A home that moved amid the evenings in question: everybody tells the same of them."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from click.testing import CliRunner

import monitor
from monitor.analysis import analysis_document, analyze
from monitor.anomalies.search import refresh_rollups
from monitor.cli import cli
from monitor.config import Config, parse
from monitor.evening_rule import EveningState
from monitor.evidence.recompute import document_again
from monitor.interchange import NAMES, samples_from
from monitor.model import OwnTerms
from monitor.nightly import analysed_night, store_night
from monitor.store import Store, open_store
from monitor.store.vantage_terms import EVER, Statement
from monitor.web.answers.evening_strip import evenings as shown_evenings
from monitor.web.answers.facts import Facts
from monitor.web.answers.heatmap import heatmap
from monitor.web.answers.queries import DaysQuery, HeatmapQuery
from tests.analysis.homes import Home, samples
from tests.fakes import FakeClock

DAY = timedelta(days=1)
FIRST, MOVED, LAST = date(2026, 10, 5), date(2026, 10, 13), date(2026, 10, 20)
NOW = datetime(2026, 10, 21, 12, tzinfo=UTC)
BEFORE, AFTER = "Asia/Almaty", "Europe/Berlin"
CLOCK = f"{BEFORE}, {MOVED}: {AFTER}"
HOME = Home(
    days=8, every_min=15, targets=("facebook",), controls=("kaspi", "vk", "wikipedia"),
    metrics=("duration_s",), noise=0.1, factor={"facebook": 3.0},
)  # fmt: skip
SLOW = {FIRST + timedelta(days=n) for n in range(16)}
"""Every evening is, by the clock of where the home was."""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    parts = [
        samples(replace(HOME, start=str(start), timezone=zone))
        for start, zone in ((FIRST, BEFORE), (MOVED, AFTER))
    ]
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(vantage="home", path="direct", probe="https")


@pytest.fixture(scope="module")
def config(frame: pd.DataFrame, tmp_path_factory) -> Config:
    folder = tmp_path_factory.mktemp("moved")
    config = parse(
        {
            "timezone": AFTER,
            "every": "15m",
            "database": f"sqlite:///{folder / 'home.db'}",
            "targets": [{"name": "facebook", "url": "https://facebook.example/"}],
            "controls": [
                {"name": name, "url": f"https://{name}.example/"}
                for name in HOME.controls
            ],
        },
        source="test",
    )
    stored = frame.replace({"failure": "", "failed_operation": ""}, None)
    with open_store(config.database) as store:
        store.samples.append(samples_from(stored.reindex(columns=list(NAMES))))
        for since, zone in ((EVER, BEFORE), (MOVED, AFTER)):
            store.terms.state(
                Statement(
                    vantage="home",
                    terms=OwnTerms(timezone=zone, window=config.window.span),
                    provider=None,
                    since=since,
                    stated_at_utc=NOW,
                )
            )
        list(refresh_rollups(store, AFTER, NOW))
    return config


def slow_of(verdicts) -> set[date]:
    return {
        mark.day
        for verdict in verdicts
        if verdict.target == "facebook"
        for mark in verdict.marks
        if mark.state is EveningState.SLOW
    }


def test_the_analysis_reads_each_evening_by_the_clock_of_its_time(frame):
    assert slow_of(analyze(frame, timezone=CLOCK)) == SLOW
    # In one zone half of the evenings are hours away.
    assert slow_of(analyze(frame, timezone=AFTER)) < SLOW


def test_the_notebook_says_so(config: Config):
    with monitor.open(config.database) as home:
        assert slow_of(home.analyze(since=FIRST, until=LAST)) == SLOW
        rows = home.evenings(since=FIRST, until=LAST)
        local = home.samples()["started_at_local"]
    told = rows[(rows["target"] == "facebook") & (rows["state"] == "slow")]
    assert {date.fromisoformat(day) for day in told["date"]} == SLOW
    assert local.dt.tz is None
    # One whole day after the other, each by the clock of its place.
    assert (local.min().date(), local.max().date()) == (FIRST, LAST)


def shown(config: Config) -> set[date]:
    facts = Facts(config, Store(config.database), FakeClock(NOW))
    asked = DaysQuery(since=str(FIRST), until=str(LAST))
    (told,) = shown_evenings(facts, asked).targets
    return {e.date for e in told.evenings if e.state is EveningState.SLOW}


def test_the_dashboard_says_so_before_and_after_a_night(config: Config, tmp_path):
    assert shown(config) == SLOW
    with open_store(config.database) as store:
        night = analysed_night(store, config, LAST, now_utc=NOW, since=FIRST)
        (report,) = night.reports
        assert slow_of(night.analysis.verdicts) == SLOW
        assert (night.analysis.timezone, report.timezone) == (CLOCK, CLOCK)
        store_night(store, night, computed_at_utc=NOW - timedelta(hours=1))
    assert shown(config) == SLOW


def test_the_slow_hours_of_the_heat_map_are_in_the_evening_throughout(config: Config):
    facts = Facts(config, Store(config.database), FakeClock(NOW))
    dates = {"since": str(FIRST), "until": str(LAST)}
    query = HeatmapQuery(target="facebook", metric="duration_s", **dates)
    told = heatmap(facts, query)
    assert told.timezone == CLOCK
    assert {*told.days} == SLOW
    for hours in told.model_dump()["values"]:
        assert min(hours[20:22]) > 2 * max(hours[18:20])


@pytest.mark.parametrize("has_file", [False, True])
def test_the_commands_say_so_with_a_configuration_and_without(
    config: Config, tmp_path, monkeypatch, has_file: bool
):
    monkeypatch.chdir(tmp_path)
    if has_file:
        sites = [{"name": "facebook", "url": "https://facebook.example/"}]
        document = {"timezone": AFTER, "targets": sites}
        (tmp_path / "config.yaml").write_text(json.dumps(document))
    asked = ("--since", str(FIRST), "--until", str(LAST), "--json")

    def told(command: str) -> dict:
        words = ["--database", config.database, command, *asked]
        answer = CliRunner().invoke(cli, words)
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.stdout)

    evenings = told("anomalies")["evenings"]
    assert {date.fromisoformat(row["date"]) for row in evenings} == SLOW
    document = told("analyze")
    (verdict,) = document["verdicts"]
    its = document.get("vantages", {}).get("home", document)
    assert (its["timezone"], verdict["evenings"]["slow"]) == (CLOCK, len(SLOW))


def test_a_document_names_the_clock_it_is_computed_again_with(config: Config, frame):
    with open_store(config.database) as store:
        night = analysed_night(store, config, LAST, now_utc=NOW, since=FIRST)
        later = analysed_night(store, config, LAST, now_utc=NOW, since=MOVED + DAY)
        earlier = analysed_night(store, config, MOVED - DAY, now_utc=NOW, since=FIRST)
    zones = [its.analysis.timezone for its in (night, later, earlier)]
    assert zones == [CLOCK, AFTER, BEFORE]
    document = analysis_document(analyze(frame, timezone=CLOCK), timezone=CLOCK)
    rows = frame.assign(started_at_utc=[t.isoformat() for t in frame["started_at_utc"]])
    again = document_again(document, rows.to_dict("records"))
    names = ("timezone", "since", "until", "window")
    assert [again[n] for n in names] == [document[n] for n in names]
    counts = [told["verdicts"][0]["evenings"] for told in (document, again)]
    assert counts[0] == counts[1]
