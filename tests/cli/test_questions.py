"""The commands that answer questions, from end to end on both kinds of database."""

import csv
import hashlib
import io
import json
import shlex
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.evidence.ledger import close_days
from monitor.model import Probe, Role, Sample
from monitor.store import Store, open_store
from tests import harm
from tests.databases import on_each_database
from tests.door import ask_store
from tests.evidence.test_bundle import bundle

SITES = {"facebook": Role.TARGET, "vk": Role.CONTROL, "wikipedia": Role.CONTROL}
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
PERIOD = ["--since", "2026-10-01", "--until", "2026-10-10"]
CONFIG = """
timezone: Asia/Almaty
targets: [{name: facebook, url: "https://www.facebook.com/"}]
"""


def home() -> list[Sample]:
    """Ten days, four probes an hour; Facebook five times slower from 20 to 22 h."""
    found = []
    for quarter in range(10 * 96):
        at = FIRST + timedelta(minutes=15 * quarter)
        for place, (target, role) in enumerate(SITES.items()):
            factor = 5.0 if target == "facebook" and at.hour in (15, 16) else 1.0
            found.append(
                Sample(
                    started_at_utc=at + timedelta(seconds=place),
                    target=target,
                    role=role,
                    probe=Probe.HTTPS,
                    duration_s=factor * (1 + quarter % 5 / 50),
                )
            )
    return found


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE", database)
    (tmp_path / "config.yaml").write_text(CONFIG)

    def call(*words: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(words))
        assert result.exit_code == exit_code, result.output
        return result

    return call


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the home, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "monitor.db"
    with open_store(f"sqlite:///{path}") as store:
        store.samples.append(home())
    return path


@pytest.fixture
def filled(run, database, filled_file):
    if database.startswith("sqlite"):
        for path in filled_file.parent.glob("monitor.db*"):
            shutil.copy(path, database.removeprefix("sqlite:///") + path.name[10:])
    else:
        with open_store(database) as store:
            store.samples.append(home())
    return run


def document(result: Result) -> dict:
    return json.loads(result.stdout)


@on_each_database
def test_slow_evenings_are_found_with_their_size(filled):
    found = document(filled("anomalies", *PERIOD, "--json"))
    assert {e["target"] for e in found["evenings"]} == {"facebook"}
    assert len(found["evenings"]) == 10
    assert found["evenings"][0]["beyond_controls"] == pytest.approx(5.0, rel=0.1)


def test_the_printed_command_gives_the_same_answer(filled):
    first = filled("anomalies", *PERIOD, "--weekday", "sat,sun", "--exact", "--json")
    words = shlex.split(document(first)["command"])
    assert words.pop(0) == "monitor"
    assert document(filled(*words)) == document(first)
    assert len(document(first)["evenings"]) == 3


@pytest.mark.parametrize(
    ("options", "n"),
    [
        (["--min-ratio", "20"], 0),
        (["--vantage", "home"], 10),
        (["--target", "vk", "--controls", "--state", "all"], 10),
        (["--state", "fine"], 0),
        (["--hours", "10:00-12:00"], 0),
        (["--hours", "20:30-21:30"], 10),
        (["--metric", "connect_s"], 0),
        (["--verdict", "targeted_throttling"], 0),
    ],
)
def test_filters(filled, options, n):
    answer = document(filled("anomalies", *PERIOD, *options, "--json"))
    assert len(answer["evenings"]) == n


def test_only_the_hosts_of_a_service(run, database):
    service = {"facebook": "meta", "youtube": "meta"}
    twin = {"part": "twin", "service": "meta", "target": "twin"}
    samples = [replace(s, service=service.get(s.target)) for s in home()]
    with open_store(database) as store:
        store.samples.append(samples)
        store.samples.append(
            [replace(s, **twin) for s in samples if s.target == "facebook"]
        )
    found = document(run("anomalies", *PERIOD, "--service", "meta", "--json"))
    assert {e["target"] for e in found["evenings"]} == {"facebook"}
    assert "--service meta" in found["command"]
    every = ("--state", "all", "--json")
    both = document(run("anomalies", *PERIOD, "--service", "meta", *every))
    assert {e["target"] for e in both["evenings"]} == {"facebook"}
    refused = run("anomalies", *PERIOD, "--service", "facebook", exit_code=2)
    assert "--service: found 'facebook'; allowed: meta" in refused.output


def test_a_service_of_several_hosts_is_told_before_them(run, database):
    named = {"facebook": ("meta", "media")}
    with open_store(database) as store:
        store.samples.append(
            replace(s, service=named[s.target][0], part=named[s.target][1])
            if s.target in named
            else s
            for s in home()
        )
    told = run("analyze", "--timezone", "Asia/Almaty", "--window", "20:00-22:00").stdout
    lines = told.splitlines()
    assert lines[1].startswith("home / meta: selective_slowdown")
    assert lines[2] == "    Of meta: the media host (facebook)."
    assert lines[3].startswith("home / facebook: selective_slowdown")
    assert told.count("home / meta") == 1


def test_episodes_groups_and_comparisons(filled):
    (episode,) = document(filled("anomalies", *PERIOD, "--episodes", "--json"))[
        "episodes"
    ]
    assert (episode["first_date"], episode["n_slow"]) == ("2026-10-01", 10)
    groups = document(filled("anomalies", *PERIOD, "--by", "month", "--json"))["groups"]
    assert [(g["month"], g["n_slow"]) for g in groups] == [("2026-10", 10)]
    span = [
        "--compare",
        "2026-10-08 20:00..22:00",
        "--against",
        "2026-10-08 10:00..12:00",
    ]
    (row,) = document(filled("anomalies", *span, "--json"))["comparison"]
    assert row["beyond_controls"] == pytest.approx(5.0, rel=0.1)


def test_a_note_appears_beside_the_evening_until_it_is_removed(filled):
    filled("note", "add", "2026-10-03", "World Cup")
    groups = document(filled("anomalies", *PERIOD, "--by", "note", "--json"))["groups"]
    assert [(g["note"], g["n_slow"]) for g in groups] == [("", 9), ("World Cup", 1)]
    filled("note", "remove", "1")
    assert document(filled("note", "list", "--json")) == {"notes": []}
    filled("note", "remove", "1", exit_code=2)


def test_table_and_csv_tell_the_command_too(filled):
    table = filled("anomalies", *PERIOD)
    assert table.stdout.splitlines()[-1].startswith("again: monitor")
    answer = filled("anomalies", *PERIOD, "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [row["state"] for row in rows] == ["slow"] * 10
    assert answer.stderr.startswith("again: monitor")


@pytest.mark.parametrize(
    "words",
    [
        ["anomalies", "--since", "yesterday"],
        ["anomalies", "--weekday", "funday"],
        ["anomalies", "--state", "odd"],
        ["anomalies", "--by", "moon"],
        ["anomalies", "--hours", "8-10"],
        ["anomalies", "--compare", "x"],
        ["note", "add", "2026-10-03", ""],
        ["note", "add", "2026-10-03", "x", "--until", "2026-10-01"],
        ["sql", "DELETE FROM notes"],
        ["verify"],
        ["verify", "missing.zip"],
    ],
)
def test_bad_usage_is_told_in_one_message(run, words):
    result = run(*words, exit_code=2)
    assert result.stderr.startswith("monitor: ")
    assert "Traceback" not in result.output


@on_each_database
def test_sql_answers_in_three_forms(filled):
    question = "SELECT target, count(*) AS n FROM v_samples GROUP BY target ORDER BY 1"
    assert filled("sql", question).stdout.split() == [
        *("target", "n", "facebook", "960", "vk", "960", "wikipedia", "960")
    ]
    answer = document(filled("sql", question, "--json", "--limit", "2"))
    assert answer["cut"]
    assert answer["rows"][0] == {"target": "facebook", "n": 960}
    assert filled("sql", question, "--csv").stdout.splitlines()[1] == "facebook,960"


HOSTILE = "".join((harm.MARKS["title"], harm.FORMULAS["semicolon"], harm.MARKS["bidi"]))


def test_hostile_text_is_harmless_on_a_terminal_and_in_a_spreadsheet(run, database):
    sample = Sample(started_at_utc=FIRST, target=HOSTILE, connect_s=1.0, failure="+1+1")
    with open_store(database) as store:
        store.samples.append([sample])
    run("note", "add", "2026-10-01", HOSTILE)
    run("note", "add", "2026-10-01", "=1+1")
    for words in (
        ["sql", "SELECT target, failure FROM v_samples"],
        ["sql", "SELECT target, failure FROM v_samples", "--csv"],
        ["note", "list"],
        ["note", "list", "--csv"],
        ["anomalies", *PERIOD, "--state", "all"],
        ["anomalies", *PERIOD, "--state", "all", "--csv"],
    ):
        text = run(*words).stdout
        assert harm.steering(text) == []
        if "--csv" in words:
            assert all(map(harm.is_no_formula, harm.cells(text)))


def test_the_database_checks_its_own_days(filled, database):
    ask_store(database, close_days, now_utc=FIRST + timedelta(days=20))
    assert filled("verify", "--stored").stdout.startswith("intact")
    assert document(filled("verify", "--stored", "--json"))["intact"]


def test_the_database_names_what_retention_removed(filled, database):
    ask_store(database, close_days, now_utc=FIRST + timedelta(days=20))
    with open_store(database) as store:
        vantage = next(store.samples.read()).vantage
    retention = Store(database).retention(vantage)
    kept = (FIRST + timedelta(days=3)).date()
    retention.decide(kept, decided_at_utc=FIRST + timedelta(days=20))
    while retention.step():
        pass
    n_rows = retention.removed().n_rows
    retention.database.close()
    assert n_rows > 0
    told = filled("verify", "--stored").stdout
    assert "but those that retention removed" in told
    assert f"removed by retention, {vantage}: {n_rows} rows of" in told
    found = document(filled("verify", "--stored", "--json"))
    assert sum(day["n_rows"] for day in found["removed_by_retention"]) == n_rows


def test_verify_names_what_was_altered(run, tmp_path):
    bundle(tmp_path / "a.zip")
    intact = run("verify", "a.zip")
    assert intact.stdout.startswith("intact: 360 rows")
    head = document(run("verify", "a.zip", "--json"))["heads"]["home"]
    assert head in intact.stdout
    own = hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()
    run("verify", "a.zip", "--digest", own)
    # The days of one vantage say nothing of the other's, nor of the report.
    partly = run("verify", "a.zip", "--digest", head, exit_code=1)
    assert f"confirmed: {head}" in partly.stdout
    assert "'office'" in partly.stdout
    run("verify", "a.zip", "--digest", "00", exit_code=1)
    body = bytearray((tmp_path / "a.zip").read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / "a.zip").write_bytes(body)
    altered = run("verify", "a.zip", exit_code=1)
    assert altered.stdout.startswith("ALTERED:")
    assert "samples.ndjson" in altered.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--target", "facebok"], "found 'facebok'; allowed: facebook, vk, wikipedia"),
        (["--vantage", "hom"], "found 'hom'; allowed: home"),
        (["--since", "2026-10-09", "--until", "2026-10-01"], "a date up to 2026-10-01"),
        (["--json", "--csv"], "--csv: found beside --json"),
    ],
)
def test_a_question_that_cannot_be_meant_is_no_answer(filled, words, told):
    """Otherwise a misspelled name would look like evenings without slowness."""
    result = filled("anomalies", *words, exit_code=2)
    assert told in result.stderr
    assert result.stdout == ""


def test_the_nearest_name_is_offered(filled):
    assert "'analise'. Did you mean '" in filled("analise", exit_code=2).stderr
    assert "'--target'" in filled("anomalies", "--targte", "x", exit_code=2).stderr
    told = filled("analyze", "--vantage", "hom", exit_code=2).stderr
    assert "(did you mean 'home'?)" in told


def test_weekdays_stand_in_their_order_and_numbers_without_exponents(run, database):
    fast = [replace(s, goodput_bps=9.4e7 / s.duration_s) for s in home()]
    with open_store(database) as store:
        store.samples.append(fast)
    by_weekday = run("anomalies", *PERIOD, "--by", "weekday", "--target", "facebook")
    days = [line.split()[0] for line in by_weekday.stdout.splitlines()[1:-1]]
    assert days == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert "e+0" not in run("anomalies", *PERIOD).stdout


DOWN = ("2026-10-03", "2026-10-05", "2026-10-06")


def test_a_line_that_was_down_is_no_evening_without_slowness(run, database):
    """Three evenings without any answer; the others are fine."""

    def outcome(sample: Sample) -> Sample:
        local = sample.started_at_utc + timedelta(hours=5)
        well = replace(sample, duration_s=1.0)
        if f"{local:%Y-%m-%d}" in DOWN and local.hour in (20, 21):
            return replace(well, duration_s=None, failure="generic_timeout_error")
        return well

    with open_store(database) as store:
        store.samples.append(map(outcome, home()))
    told = run("anomalies", *PERIOD).stdout.splitlines()[0]
    assert told == (
        "your line was down on 3 evenings; none of the 7 evenings that could be judged"
        " is such an evening"
    )
    assert document(run("anomalies", *PERIOD, "--json"))["why_none"] == told


def test_evenings_that_nobody_measured_are_no_evenings_without_slowness(filled):
    told = filled("anomalies", "--since", "2025-01-01", "--until", "2025-01-31").stdout
    assert told.startswith("no evening on these dates could be judged\n")


def test_each_vantage_is_asked_and_judged_in_its_own_zone_and_window(run, database):
    """Facebook is slow from 20 to 22 h in Almaty: in Berlin that is 17 to 19 h."""
    berlin = [replace(sample, vantage="berlin") for sample in home()]
    with open_store(database) as store:
        store.samples.append([*home(), *berlin])
    warned = run("analyze", "--json")
    assert "vantage berlin: judged in Asia/Almaty, as configured" in warned.stderr
    run("vantage", "state", "berlin", "--timezone", "Europe/Berlin")
    found = document(run("analyze", "--json"))
    assert (found["timezone"], found["schema_version"]) == ("Asia/Almaty", 2)
    assert found["vantages"] == {"berlin": {"timezone": "Europe/Berlin"}}
    slow = {v["vantage"]: v["evenings"]["slow"] for v in found["verdicts"]}
    assert (slow["home"] > 5, slow["berlin"]) == (True, 0)
    rows = document(run("anomalies", *PERIOD, "--json"))["evenings"]
    assert {row["vantage"] for row in rows} == {"home"}
    run("vantage", "state", "berlin", "--window", "17:00-19:00", "--provider", "B")
    rows = document(run("anomalies", *PERIOD, "--json"))["evenings"]
    assert {row["vantage"] for row in rows} == {"home", "berlin"}
    listed = document(run("vantage", "list", "--json"))["vantages"]
    assert [row["window"] for row in listed] == ["20:00-22:00", "17:00-19:00"]
    every = document(run("analyze", "--timezone", "Asia/Almaty", "--json"))
    assert "vantages" not in every


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x"], "--timezone: needed"),
        (["x", "--timezone", "posix/UTC"], "--timezone: found 'posix/UTC'"),
        (["x", "--timezone", "UTC", "--window", "20-22"], "window"),
        (["x", "--timezone", "UTC", "--since", "1"], "--since: found '1'"),
        ([" x", "--timezone", "UTC"], "vantage: found ' x'"),
        (["x", "--timezone", "UTC", "--provider", "a\nb"], "--provider: allowed"),
    ],
)
def test_a_statement_that_cannot_be_is_refused(filled, words, told):
    assert told in filled("vantage", "state", *words, exit_code=2).stderr
    assert document(filled("vantage", "list", "--json"))["vantages"] == []


def test_zones_are_known_without_a_configuration(filled, tmp_path):
    (tmp_path / "config.yaml").unlink()
    refused = filled("analyze", exit_code=2).stderr
    assert "nobody said in which zone 'home' is" in refused
    filled("vantage", "state", "home", "--timezone", "Asia/Almaty")
    assert document(filled("analyze", "--json"))["timezone"] == "Asia/Almaty"
