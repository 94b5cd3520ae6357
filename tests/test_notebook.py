"""The notebook entry: the worked example of the docs runs as it stands."""

import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import monitor
from monitor.errors import InputError
from monitor.evening_rule import parse_window
from monitor.interchange import NAMES, samples_from
from monitor.model import OwnTerms
from monitor.simulation import demo_home
from monitor.store import open_store
from tests.evidence.samples import some_samples

PAGE = Path(__file__).parent.parent / "docs" / "notebook.md"


@pytest.mark.long
def test_the_worked_example_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = demo_home().samples.reindex(columns=list(NAMES))
    frame = frame[frame["started_at_utc"].dt.minute % 20 < 5]
    with open_store("sqlite:///monitor.db") as store:
        store.samples.append(samples_from(frame))
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 6
    exec(
        compile("\n".join(blocks), str(PAGE), "exec"), {}
    )  # the page itself is the test


@pytest.fixture
def home(database):
    with open_store(database) as store:
        store.samples.append(some_samples())
    with monitor.open(database, timezone="Asia/Almaty") as opened:
        yield opened


def test_dates_are_local_and_included(home):
    frame = home.samples(since="2026-10-02", until=date(2026, 10, 2))
    local = frame["started_at_local"]
    assert set(local.dt.date) == {date(2026, 10, 2)}
    assert len(frame) == 120


def test_columns_are_those_that_were_asked_for(home):
    frame = home.samples(targets=["facebook"], columns=["started_at_utc", "connect_s"])
    assert list(frame.columns) == ["started_at_utc", "started_at_local", "connect_s"]
    assert len(frame) == 72
    assert "timeline" not in home.samples()
    curves = home.samples(columns=["timeline"])["timeline"]
    assert set(curves.dropna()) == {"[[0.0, 1000], [0.25, 9000]]"}


def test_one_name_is_no_collection_of_letters(home):
    frame = home.samples(targets="facebook", columns="connect_s")
    assert (list(frame.columns), len(frame)) == (["connect_s"], 72)


@pytest.mark.parametrize("question", ["samples", "evenings"])
def test_dates_in_the_wrong_order_are_no_empty_answer(home, question):
    with pytest.raises(InputError, match="since: found 2026-10-03; allowed: a date up"):
        getattr(home, question)(since="2026-10-03", until="2026-10-02")


def test_sql_and_notes_are_frames(home):
    assert home.sql("SELECT count(*) AS n FROM v_samples")["n"].tolist() == [360]
    assert len(home.notes()) == 0


def test_a_misspelt_date_is_told(home):
    with pytest.raises(InputError, match="allowed: a date such as 2026-10-20"):
        home.samples(since="yesterday")


def test_the_password_is_not_shown():
    shown = repr(monitor.open("postgresql+psycopg://me:geheim@host/db"))
    assert "geheim" not in shown


def test_importing_monitor_imports_nothing():
    code = (
        "import sys; a = set(sys.modules); import monitor; print(set(sys.modules) - a)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "{'monitor'}"


def test_no_file_is_made_and_no_name_passed_over(home, tmp_path):
    missing = tmp_path / "montior.db"
    with pytest.raises(InputError, match="found no file"):
        monitor.open(f"sqlite:///{missing}")
    assert not missing.exists()
    with pytest.raises(InputError, match="targets: found 'facebok'"):
        home.samples(targets=["facebok"])
    with pytest.raises(InputError, match="columns: found 'conect_s'"):
        home.samples(columns=["conect_s"])
    with pytest.raises(InputError, match="vantage: found 'hom'"):
        home.analyze(vantage="hom")
    with pytest.raises(InputError, match="evenings: found 'target'"):
        home.evenings(since="2026-10-01", until="2026-10-02", target="facebook")
    with pytest.raises(InputError, match="timezone: found 'localtime'"):
        monitor.open(home.url, timezone="localtime")


def test_a_zone_that_nobody_said_is_asked_for(home):
    """UTC would acquit: the evening of Almaty is its afternoon."""
    with monitor.open(home.url) as unknown:
        for question in (unknown.analyze, unknown.samples):
            with pytest.raises(
                InputError, match=r"nobody said .* monitor vantage state"
            ):
                question()


@pytest.mark.long
def test_each_vantage_is_judged_in_its_own_zone(tmp_path):
    """Slow from 20 to 22 h in Almaty; under UTC the same hours are the afternoon."""
    frame = demo_home().samples.reindex(columns=list(NAMES))
    frame = frame[frame["started_at_utc"].dt.minute % 20 < 5]
    name = frame["vantage"].iloc[0]
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    with open_store(url) as store:
        store.samples.append(samples_from(frame))
        store.samples.append(samples_from(frame.assign(vantage="utc")))
        for vantage, timezone in ((name, "Asia/Almaty"), ("utc", "UTC")):
            terms = OwnTerms(timezone=timezone, window=parse_window("20:00-22:00"))
            now = datetime(2018, 5, 1, tzinfo=UTC)
            store.terms.state_if_new(vantage, terms, None, now)
    accusing = "selective_slowdown", "targeted_throttling"
    with monitor.open(url) as both:
        verdicts = {(v.vantage, v.target): v.verdict for v in both.analyze()}
        evenings = both.evenings(since="2018-03-20", until="2018-03-30")
        with pytest.raises(InputError, match="the zones Asia/Almaty, UTC"):
            both.samples()
        local = both.samples(vantage=name, targets=["facebook"])["started_at_local"]
    assert verdicts[name, "facebook"] in accusing
    assert verdicts["utc", "facebook"] not in accusing
    slow = evenings[(evenings["state"] == "slow") & (evenings["target"] == "facebook")]
    n_slow = slow.groupby("vantage").size()
    assert n_slow[name] > 3 * n_slow.get("utc", 0)
    assert str(local.dt.tz) == "Asia/Almaty"
