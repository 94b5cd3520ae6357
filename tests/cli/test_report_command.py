"""`monitor report` and `monitor demo`, as a user calls them."""

import json
import shutil
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.circle.circle_files import (
    CircleFiles,
    NamedDigest,
    circle_folder,
    read_sent,
)
from monitor.cli import cli
from monitor.cli.report import _at
from monitor.config import load
from monitor.model import Sample
from monitor.simulation import Home, demo_home, simulate
from monitor.store import open_store
from tests.circle.digests import signed
from tests.test_nightly import ZONE, config_of, fill


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and ten measured days."""
    folder = tmp_path_factory.mktemp("filled")
    made = simulate(
        "slow_3x", seed=2, days=10, start=date(2026, 3, 1), timezone=ZONE, every_s=900
    )
    fill(f"sqlite:///{folder / 'monitor.db'}", made, folder)
    config = config_of("sqlite:///monitor.db", made.samples["vantage"].iloc[0])
    document = {"vantage": config.vantage, "timezone": config.timezone}
    document["targets"] = [{"name": "a", "url": "https://a.example/"}]
    document["report"] = {"pdf": False}
    (folder / "config.yaml").write_text(json.dumps(document))
    return folder


@pytest.fixture
def house(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_pictures: None
) -> Path:
    """A copy of that folder to work in."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(filled, tmp_path, dirs_exist_ok=True))


@pytest.mark.long
def test_report_of_a_past_night_knows_nothing_later(house: Path) -> None:
    result = run("report", "--date", "2026-03-06", "--out", "out")
    assert result.exit_code == 0, result.output
    document = json.loads((house / "out" / "report.json").read_text())
    assert document["night"] == document["until"] == "2026-03-06"
    assert len(document["evenings"]["facebook"]) <= 7


@pytest.mark.long
def test_report_without_a_date_is_of_the_last_measured_night(house: Path) -> None:
    result = run("report", "--language", "kk")
    assert result.exit_code == 0, result.output
    assert "Түнгі есеп" in result.stdout
    assert [p.name for p in (house / "reports").iterdir()] == ["2026-03-10"]


@pytest.mark.every_run
def test_a_bundle_can_be_verified(house: Path) -> None:
    result = run("report", "--date", "2026-03-09", "--out", "out", "--bundle")
    assert result.exit_code == 0, result.output
    checked = run("verify", "out/evidence.zip")
    assert checked.exit_code == 0, checked.output


@pytest.mark.long
def test_a_letter_lies_beside_the_report_and_in_no_bundle(house: Path) -> None:
    words = ("--date", "2026-03-09", "--out", "out", "--bundle", "--language", "ru")
    result = run("report", *words, "--letter", "provider")
    assert result.exit_code == 0, result.output
    assert "out/letter-provider.txt" in result.output
    assert "Здравствуйте" in (house / "out" / "letter-provider.txt").read_text()
    with zipfile.ZipFile(house / "out" / "evidence.zip") as bundle:
        assert not [name for name in bundle.namelist() if "letter" in name]


@pytest.mark.long
def test_what_friends_state_is_told_and_a_forged_digest_is_left_out(
    house: Path,
) -> None:
    circle = CircleFiles(circle_folder("sqlite:///monitor.db"))
    (house / "anna.json").write_text(json.dumps(signed("anna")))
    anna = NamedDigest("Anna", read_sent(house / "anna.json"))
    circle.add([anna], now_utc=datetime(2026, 12, 30, tzinfo=UTC))
    words = ("report", "--date", "2026-03-09", "--out", "out")
    assert run(*words).exit_code == 0
    document = json.loads((house / "out" / "report.json").read_text())
    (count,) = document["circle"]
    assert (count["n_slow"], count["n_judged"]) == (1, 1)
    page = (house / "out" / "report.html").read_text()
    assert "slow on 1 of 1 lines of friends" in page
    assert "Anna" not in page
    (path,) = circle.paths()
    path.write_text(path.read_text().replace("9198", "1198"))
    result = run(*words)
    assert result.exit_code == 0
    assert "circle: left out of the report" in result.stderr
    assert json.loads((house / "out" / "report.json").read_text())["circle"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--date", "yesterday"), "a date such as"),
        (("--date", "2020-01-01"), "allowed: 2026-03-01 and later"),
        # Its day is over before the first sample, which its rows would hold.
        (("--date", "2026-02-28"), "before, nothing was measured"),
        (("--date", "2026-02-28", "--preview"), "before, nothing was measured"),
        (("--date", "2026-03-06", "--since", "2026-03-08"), "since: found 2026-03-08"),
    ],
)
def test_impossible_dates_are_named(
    house: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run("report", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (house / "reports").exists()


def test_demo_needs_no_configuration_and_says_that_it_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def shorter(**terms: date) -> Home:
        family = demo_home(**terms).family
        return simulate(
            family, seed=1, days=6, every_s=900, noise="gaussian_ar", **terms
        )

    monkeypatch.setattr("monitor.simulation.demo_home", shorter)
    monkeypatch.setattr("monitor.cli.demo_command.NIGHTS", 6)
    result = run("demo", "--dir", "d", "--once")
    assert result.exit_code == 0, result.output
    assert "SIMULATED" in result.stdout
    for name in ("report.html", "report.pdf", "report.csv", "evidence.zip"):
        assert (tmp_path / "d" / name).stat().st_size > 500
    assert "SIMULATED DATA" in (tmp_path / "d" / "report.html").read_text()
    assert run("verify", "d/evidence.zip").exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


def test_a_report_of_another_vantage_is_of_its_place_and_not_in_place_of_ours(
    house: Path,
) -> None:
    document = json.loads((house / "config.yaml").read_text())
    document["home"] = {"provider": "Ours", "line": "fibre"}
    (house / "config.yaml").write_text(json.dumps(document))
    with open_store(f"sqlite:///{house / 'monitor.db'}") as store:
        moment = datetime(2026, 3, 5, 20, tzinfo=UTC)
        far = Sample(started_at_utc=moment, target="a", vantage="far", connect_s=0.1)
        store.samples.append([far])
        words = ("--timezone", "Europe/Berlin", "--window", "19:00-23:00")
        run("vantage", "state", "far", *words, "--provider", "Theirs")
        its = _at(store, load(house / "config.yaml"), "far")
    assert (its.timezone, str(its.window)) == ("Europe/Berlin", "19:00-23:00")
    assert its.home.stated == {"provider": "Theirs"}
    result = run("report", "--vantage", "far")
    assert (result.exit_code, "--out: needed" in result.output) == (2, True)
