"""A stored analysis is read by older and newer programs, or refused with words."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.analysis import analysis, analyze
from monitor.config import Config
from monitor.config.loading import load
from monitor.errors import MonitorError
from monitor.evening_rule import EveningState, parse_window
from monitor.model import EveningMark, VantageTerms
from monitor.service_verdicts import services_of
from monitor.store import open_store
from monitor.store.judged import judged_targets
from monitor.stored_analysis import (
    SCHEMA_VERSION,
    UnreadableAnalysisError,
    document_of,
    read_document,
    stored_document,
)
from monitor.web.answers.evening_strip import evenings
from monitor.web.answers.facts import Facts
from monitor.web.answers.metric_families import StoredFacts
from monitor.web.answers.overview import verdict_history, verdicts
from monitor.web.answers.queries import DaysQuery, NoQuery, VerdictHistoryQuery
from tests.analysis.homes import TIMEZONE, Home, samples
from tests.fakes import FakeClock
from tests.store.analyses import an_analysis

OLD = Path(__file__).parent / "data" / "df32d66"
NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def made():
    home = Home(days=6, every_min=15, factor={"facebook": 3.0})
    return analysis(analyze(samples(home), timezone=TIMEZONE), timezone=TIMEZONE)


def as_json(document: object) -> dict:
    return json.loads(json.dumps(document))


def test_what_is_stored_is_read_again_whole(made):
    assert read_document(as_json(stored_document(made))) == made


def test_what_is_printed_has_no_more_than_the_contract(made):
    printed = as_json(document_of(made))
    assert printed["schema_version"] == SCHEMA_VERSION
    assert set(printed["verdicts"][0]) == {
        *("vantage", "target", "verdict", "strength", "evenings", "effect"),
        *("p_value", "e_value", "found_window", "onset_date", "offset_date"),
        # Rule ids and reasons before they have a language: added in the second stage.
        *("mechanism", "reasons", "rule", "reason_records"),
        # Of schema version 2.
        *("service", "part"),
    }
    assert set(printed["services"][0]) == {
        *("vantage", "service", "verdict", "strength", "hosts", "e_value"),
        *("reasons", "reason_records"),
    }
    assert "vantages" not in printed
    assert replace(
        made, verdicts=tuple(replace(v, marks=(), details=None) for v in made.verdicts)
    ) == read_document(printed)


def test_the_marks_stay_where_older_programs_look_for_them(made):
    (first, *_) = as_json(stored_document(made))["verdicts"][0]["evening_marks"]
    assert first == {"date": "2026-03-01", "state": "slow", "ratio": first["ratio"]}


def test_what_newer_programs_add_is_passed_over(made):
    document = as_json(stored_document(made))
    document["services"] = [{"service": "x", "mood": "?"}]
    document["groups"] = [{"service": "x"}]
    document["verdicts"][0]["verdict"] = "bewitched"
    document["verdicts"][0]["details"]["cause"] = ["?"]
    document["verdicts"][0]["evening_marks"][0]["why"] = "?"
    found = read_document(document)
    assert found.verdicts[0].verdict == "bewitched"
    assert found.verdicts[0].details == made.verdicts[0].details


def test_a_document_of_version_1_has_one_host_per_service(made):
    document = as_json(stored_document(made))
    document["schema_version"] = 1
    del document["services"]
    for verdict in document["verdicts"]:
        del verdict["service"], verdict["part"]
    found = read_document(document)
    assert found == made
    assert all(service.is_one_host for service in services_of(found.verdicts))


def test_services_and_their_hosts_are_read_again(made):
    hosts = [replace(v, service="meta", part="media") for v in made.verdicts]
    found = read_document(as_json(stored_document(replace(made, verdicts=hosts))))
    (service,) = services_of(found.verdicts)
    assert (service.service, service.hosts) == ("meta", ("facebook",))
    assert service == services_of(hosts)[0]


def test_vantages_may_have_evenings_of_their_own(made):
    late = VantageTerms(timezone="Asia/Tokyo", window=parse_window("22:00-23:30"))
    terms = {"far": late, "near": VantageTerms(timezone="Asia/Oral")}
    printed = as_json(document_of(replace(made, vantages=terms)))
    assert printed["vantages"] == {
        "far": {"timezone": "Asia/Tokyo", "window": {"start": "22:00", "end": "23:30"}},
        "near": {"timezone": "Asia/Oral"},
    }
    assert read_document(printed).vantages == terms


def broken(made, change) -> object:
    document = as_json(stored_document(made))
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(schema_version=99), "schema version 99"),
        (lambda d: d.update(schema_version="new\n"), "of a newer program"),
        (lambda d: d.update(verdicts="none"), "cannot be read"),
        (lambda d: d.update(verdicts=["none"]), "cannot be read"),
        (lambda d: d.update(since="yesterday"), "cannot be read"),
        (lambda d: d.update(vantages=["home"]), "cannot be read"),
        (lambda d: d.update(vantages={"home": "UTC"}), "cannot be read"),
        (lambda d: d.update(window={"start": "8"}), "cannot be read"),
        (lambda d: d["verdicts"][0].pop("effect"), "cannot be read"),
        (lambda d: d["verdicts"][0].update(evening_marks=[1]), "cannot be read"),
        (
            lambda d: d["verdicts"][0]["evening_marks"][0].update(state="odd"),
            "cannot be read",
        ),
    ],
)
def test_what_would_be_misread_is_refused_with_words(made, change, words):
    with pytest.raises(UnreadableAnalysisError, match=words) as told:
        read_document(broken(made, change))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_what_is_no_document_is_refused(document):
    with pytest.raises(UnreadableAnalysisError, match="no JSON object"):
        read_document(document)


@pytest.fixture
def old_facts(tmp_path: Path, monkeypatch) -> Facts:
    """The database and configuration that df32d66 left, upgraded."""
    monkeypatch.chdir(tmp_path)
    packed = (OLD / "monitor.db.gz").read_bytes()
    Path("monitor.db").write_bytes(gzip.decompress(packed))
    Path("config.yaml").write_text((OLD / "config.yaml").read_text())
    config = load(Path("config.yaml"))
    return Facts(config, open_store(config.database), FakeClock(NOW))


def test_an_old_verdict_is_shown_with_its_evenings(old_facts: Facts):
    found = verdicts(old_facts, NoQuery())
    facebook = next(v for v in found.verdicts if v.target == "facebook")
    assert (facebook.verdict, facebook.kind.tone) == ("selective_slowdown", "warn")
    assert (facebook.evenings.usable, facebook.evenings.slow) == (10, 8)
    query = DaysQuery(since=str(found.since), until=str(found.until))
    shown = next(
        t for t in evenings(old_facts, query).targets if t.target == "facebook"
    )
    assert shown.source == "analysis"
    states = [e.state for e in shown.evenings]
    assert states == [mark.state for mark in facebook.evening_marks]
    assert states.count(EveningState.SLOW) == 8


def test_an_old_verdict_is_in_history_and_metrics(old_facts: Facts):
    history = verdict_history(old_facts, VerdictHistoryQuery()).verdicts
    assert "facebook" in {point.target for point in history}
    families = {f.name: f for f in StoredFacts(old_facts).collect()}
    slow = {
        s.labels["target"]: s.value
        for s in families["monitor_evenings"].samples
        if s.labels["state"] == "slow"
    }
    assert slow["facebook"] == 8


@pytest.fixture
def with_newer(old_facts: Facts, monkeypatch) -> Facts:
    """The same after a newer program stored a night."""
    with (
        monkeypatch.context() as newer,
        open_store(old_facts.config.database) as store,
    ):
        newer.setattr("monitor.stored_analysis.SCHEMA_VERSION", 99)
        moment = NOW - timedelta(hours=1)
        store.analyses.append(an_analysis("facebook"), computed_at_utc=moment)
    return old_facts


def test_a_newer_analysis_is_refused_and_what_can_be_read_is_shown(with_newer: Facts):
    with pytest.raises(MonitorError, match="schema version 99, of a newer program"):
        verdicts(with_newer, NoQuery())
    history = verdict_history(with_newer, VerdictHistoryQuery()).verdicts
    assert "facebook" in {point.target for point in history}
    assert judged(with_newer.config, since=date(2026, 11, 11))["facebook"].marks
    # Metrics of sites and of the daemon go on.
    assert "monitor_fresh" in {f.name for f in StoredFacts(with_newer).collect()}


def judged(config: Config, since: date, window: str = "20:00-22:00"):
    with open_store(config.database) as opened:
        reader = opened.reader
        return judged_targets(
            reader,
            "home",
            timezone=config.timezone,
            window=parse_window(window),
            since=since,
        )


def test_an_analysis_of_another_window_says_nothing_of_this_one(old_facts: Facts):
    since = date(2026, 11, 11)
    assert judged(old_facts.config, since)
    assert judged(old_facts.config, since, window="12:00-14:00") == {}


def test_the_newest_analysis_has_the_word_and_older_ones_the_rest(database: str):
    """Two nights, of which the second forgot the first's oldest evening."""
    days = [date(2026, 10, n) for n in (1, 2, 3)]
    with open_store(database) as store:
        for night, since, state in (
            (2, 0, EveningState.SLOW),
            (3, 1, EveningState.FINE),
        ):
            marks = tuple(EveningMark(day=d, state=state) for d in days[since:night])
            one = an_analysis("facebook")
            one = replace(
                one,
                since=days[since],
                until=days[night - 1],
                verdicts=(replace(one.verdicts[0], marks=marks),),
            )
            moment = datetime(2026, 10, night + 1, 1, tzinfo=UTC)
            store.analyses.append(one, computed_at_utc=moment)
    with open_store(database) as opened:
        reader = opened.reader
        told = judged_targets(
            reader,
            "home",
            timezone="Asia/Almaty",
            window=parse_window("20:00-22:00"),
            since=days[0],
        )
    states = [told["facebook"].marks[day].state for day in days]
    assert states == [EveningState.SLOW, EveningState.FINE, EveningState.FINE]
