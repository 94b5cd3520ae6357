"""The night's work is done once; a missed night is made up for."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.analysis import METHOD_VERSION
from monitor.cli import cli
from monitor.config import Config, parse
from monitor.errors import InputError
from monitor.interchange import read_batches, samples_from
from monitor.nightly import analysed_night, report_files, write_files
from monitor.nights import due_nights, last_night, remove_old, run_due_nights
from monitor.simulation import Home, simulate
from monitor.store import open_store
from monitor.store.clock_steps import ClockStep
from tests.door import ask_store
from tests.store.test_retention import measured_round

ZONE = "Asia/Almaty"
START = date(2026, 3, 1)
DAYS = 12
LAST = START + timedelta(days=DAYS - 2)
NOW = datetime(2026, 3, 12, 3, tzinfo=UTC)
"""08:00 in Almaty: the evening of the 11th and its day are over."""


def fill(database: str, home: Home, folder: Path) -> None:
    path = folder / "simulated.parquet"
    home.samples.to_parquet(path)
    with open_store(database) as store:
        for batch in read_batches(path):
            store.samples.append(samples_from(batch))


def config_of(database: str, vantage: str, **report: object) -> Config:
    document = {
        "timezone": ZONE,
        "database": database,
        "vantage": vantage,
        "targets": [{"name": "a", "url": "https://a.example/"}],
        "report": {"pdf": False, **report},
    }
    return parse(document, source="test")


def home(**changes: object) -> Home:
    terms = {"seed": 2, "days": DAYS, "start": START, "timezone": ZONE, "every_s": 900}
    return simulate("slow_3x", **{**terms, **changes})


@pytest.fixture
def filled(tmp_path: Path) -> Config:
    """A database with twelve simulated days, a site three times slower each evening."""
    made = home()
    database = f"sqlite:///{tmp_path / 'monitor.db'}"
    fill(database, made, tmp_path)
    folder = str(tmp_path / "reports")
    return config_of(database, made.samples["vantage"].iloc[0], folder=folder)


@pytest.mark.long
def test_verdicts_rest_on_the_evenings_up_to_the_night(filled: Config) -> None:
    early = ask_store(
        filled.database, analysed_night, filled, LAST - timedelta(days=4), now_utc=NOW
    )
    late = ask_store(filled.database, analysed_night, filled, LAST, now_utc=NOW)
    observed = [n.analysis.verdicts[0].evenings.observed for n in (early, late)]
    assert late.analysis.until == LAST
    assert observed[1] - observed[0] == 4


@pytest.mark.usefixtures("no_pictures")
def test_due_nights_are_stored_and_reported_once(
    filled: Config, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    third_morning = datetime(2026, 3, 3, 3, tzinfo=UTC)
    nights = list(
        ask_store(filled.database, run_due_nights, filled, now_utc=third_morning)
    )
    assert [n.night for n in nights] == [START, START + timedelta(days=1)]
    assert (folder / "2026-03-02" / "report.html").stat().st_size > 5_000
    with open_store(filled.database) as opened:
        reader = opened.reader
        newest, older = [stored.read() for stored in reader.analyses(3)]
    assert newest.method_version == METHOD_VERSION
    assert newest.until == date(2026, 3, 2)
    assert older.until == date(2026, 3, 1)
    assert (
        list(ask_store(filled.database, run_due_nights, filled, now_utc=third_morning))
        == []
    )


@pytest.mark.long
def test_the_night_is_the_same_on_either_database(
    filled: Config, postgres_url: str, tmp_path: Path
) -> None:
    fill(postgres_url, home(), tmp_path)
    other = replace(filled, database=postgres_url)
    nights = [
        ask_store(c.database, analysed_night, c, LAST, now_utc=NOW)
        for c in (filled, other)
    ]
    assert nights[0].analysis == nights[1].analysis


def test_an_interrupted_night_is_due_again(filled: Config, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    (folder / f".{LAST}-abc" / "night").mkdir(parents=True)
    assert LAST in ask_store(filled.database, due_nights, filled, now_utc=NOW)


def test_a_database_without_samples_gets_no_report(
    database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    config = config_of(database, "home", folder=str(folder))
    assert list(ask_store(config.database, run_due_nights, config, now_utc=NOW)) == []
    assert not folder.exists()


@pytest.mark.parametrize(
    ("window", "hour_utc", "night"),
    [
        (("20:00", "22:00"), 0.9, date(2026, 3, 9)),
        (("20:00", "22:00"), 1.1, date(2026, 3, 10)),
        (("23:30", "01:00"), 4.4, date(2026, 3, 9)),
        (("23:30", "01:00"), 4.6, date(2026, 3, 10)),
    ],
)
def test_a_night_is_over_ten_hours_after_its_window_began(
    window: tuple[str, str], hour_utc: float, night: date
) -> None:
    start, end = window
    config = parse(
        {
            "timezone": ZONE,
            "targets": [{"name": "a", "url": "https://a.example/"}],
            "window": {"start": start, "end": end},
        },
        source="test",
    )
    now = datetime(2026, 3, 11, tzinfo=UTC) + timedelta(hours=hour_utc)
    assert last_night(now, config) == night


@pytest.mark.long
@pytest.mark.usefixtures("no_pictures")
def test_a_night_is_of_the_configured_vantage(filled: Config, tmp_path: Path) -> None:
    """Another home may share the database, and judges for itself."""
    other = home(seed=4)
    other.samples["vantage"] = "../../etc/=x"
    fill(filled.database, other, tmp_path)
    night = ask_store(filled.database, analysed_night, filled, LAST, now_utc=NOW)
    assert {verdict.vantage for verdict in night.analysis.verdicts} == {filled.vantage}
    names = sorted(report_files(night, filled))
    assert names == ["report.csv", "report.html", "report.json"]
    there = replace(filled, vantage="../../etc/=x")
    night = ask_store(there.database, analysed_night, there, LAST, now_utc=NOW)
    assert {verdict.vantage for verdict in night.analysis.verdicts} == {"../../etc/=x"}
    assert sorted(report_files(night, there)) == names


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_files(tmp_path / "a" / "night", {"report.html": b"old"})
    write_files(tmp_path / "a" / "night", {"report.html": b"new", "b.csv": b"1"})
    assert (tmp_path / "a" / "night" / "report.html").read_bytes() == b"new"
    assert sorted(p.name for p in (tmp_path / "a").rglob("*")) == [
        "b.csv",
        "night",
        "report.html",
    ]


def test_only_old_nights_are_removed(tmp_path: Path) -> None:
    for name in ("2026-01-01", "2026-03-01", "keep-me", "2026-01-02.txt"):
        (tmp_path / name).mkdir()
    removed = remove_old(tmp_path, before=date(2026, 3, 1))
    assert [path.name for path in removed] == ["2026-01-01"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.usefixtures("no_pictures")
def test_reports_go_when_enough_days_were_measured_after_them(
    tmp_path: Path, database: str
) -> None:
    """However late the clock says that it is, and never just after it was set."""
    names = ("2026-01-01", "2026-02-01", "2026-03-01")
    reports = tmp_path / "reports"
    for name in names:
        (reports / name).mkdir(parents=True)
    document = {
        "timezone": ZONE,
        "database": database,
        "targets": [{"name": "a", "url": "https://a.example/"}],
        "report": {"folder": str(reports), "keep_nights": 30},
    }
    config = parse(document, source="test")
    far = datetime(2028, 6, 1, tzinfo=UTC)
    with open_store(database) as store:
        for number in range(29):
            day = date(2026, 2, 5) + timedelta(days=number)
            store.rounds.append(measured_round(day))
        assert (
            list(ask_store(config.database, run_due_nights, config, now_utc=far)) == []
        )
        assert len(list(reports.iterdir())) == 3
        store.rounds.append(measured_round(date(2026, 3, 6)))
        step = ClockStep(before_utc=NOW - timedelta(hours=20), after_utc=NOW)
        store.clock_steps.append("home", step)
    list(ask_store(config.database, run_due_nights, config, now_utc=NOW))
    assert len(list(reports.iterdir())) == 3
    list(
        ask_store(
            config.database, run_due_nights, config, now_utc=NOW + timedelta(days=2)
        )
    )
    assert [path.name for path in reports.iterdir()] == ["2026-03-01"]


@pytest.mark.every_run
def test_command_does_a_night_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.nice", lambda _: 0)  # the tests' own process stays quick
    start = datetime.now(UTC).date() - timedelta(days=2)
    made = home(start=start, days=2)
    document = {
        "timezone": ZONE,
        "vantage": made.samples["vantage"].iloc[0],
        "targets": [{"name": "a", "url": "https://a.example/"}],
        "report": {"pdf": False},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(document))
    fill("sqlite:///monitor.db", made, tmp_path)
    first = CliRunner().invoke(cli, ["nightly"])
    assert first.exit_code == 0, first.output
    assert "verdicts" in first.stderr
    second = CliRunner().invoke(cli, ["nightly"])
    assert second.exit_code == 0
    assert "verdicts" not in second.stderr


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"file/night: cannot be written"):
        write_files(tmp_path / "file" / "night", {"report.csv": b"x"})
    assert (tmp_path / "file").read_text() == "in the way"
