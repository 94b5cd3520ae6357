"""Several homes in one PostgreSQL: each acts on its own vantage only."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from monitor.errors import HeldError
from monitor.model import Analysis
from monitor.store import open_store
from monitor.store.consents import Consent
from monitor.store.digests import Lodging
from monitor.store.engine import make_engine, reading
from monitor.store.holder import Holder
from monitor.store.notices import Notice
from monitor.store.tables import metadata
from monitor.store.wiping import stored_things, wipe
from tests import forks
from tests.door import ask_store, ask_store_as_it_is
from tests.evidence.chains import day_digests
from tests.store.analyses import an_analysis
from tests.store.test_database import T0, sample
from tests.store.test_spool import ROUND

HOMES = ("home", "garden")
DAY = date(2026, 10, 1)
CONFIG = """vantage: {vantage}
timezone: UTC
targets: [{{name: facebook, url: "https://www.facebook.com/"}}]
report: {{pdf: false}}
database: {url}
"""


def fill(url: str, vantage: str, *, number: int = 0) -> None:
    """Something of a vantage in every table."""
    own = [replace(sample(minute), vantage=vantage) for minute in range(50)]
    with open_store(url) as store:
        store.samples.append(own)
        store.rounds.append(replace(ROUND, vantage=vantage))
        store.consents.append(
            Consent(
                given_at_utc=T0,
                version=1,
                level="plain",
                language="en",
                way="--yes",
                vantage=vantage,
            )
        )
        computed_at_utc = T0 + timedelta(seconds=number)
        store.analyses.append(judged(vantage), computed_at_utc=computed_at_utc)
    with open_store(url) as opened:
        rollups = opened.rollups()
        while rollups.refresh():
            pass
    with open_store(url) as opened:
        notes = opened.notes
        notes.add(DAY, DAY, f"of {vantage}", noted_at_utc=T0, vantage=vantage)
    with open_store(url) as opened:
        digests = opened.digests
        links = list(day_digests(own, secret=digests.secret()))
        with digests.extending(vantage) as chain:
            chain.append(links, closed_at_utc=T0)
        digests.lodge(
            Lodging(
                digest=links[-1].digest, authority="x", lodged_at_utc=T0, token=b"x"
            )
        )
    with open_store(url) as opened:
        notices = opened.notices
        notices.add(
            Notice(
                told_at_utc=T0,
                kind="begin",
                vantage=vantage,
                subject="facebook",
                since="2026-10-01",
            )
        )


def judged(*vantages: str) -> Analysis:
    """One verdict on each vantage."""
    (verdict,) = an_analysis("facebook").verdicts
    verdicts = tuple(replace(verdict, vantage=vantage) for vantage in vantages)
    return replace(an_analysis(), verdicts=verdicts)


def contents(url: str) -> dict[str, list[tuple]]:
    engine = make_engine(url)
    with reading(engine) as connection:
        rows = {
            t.name: sorted(map(tuple, connection.execute(t.select())), key=repr)
            for t in metadata.sorted_tables
        }
    engine.dispose()
    return rows


def monitor(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forks.run(*words, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def homes(postgres_url: str, tmp_path: Path) -> dict[str, Path]:
    """The folder of each home's configuration; both share a filled database."""
    folders = {}
    for number, vantage in enumerate(HOMES):
        fill(postgres_url, vantage, number=number)
        folders[vantage] = tmp_path / vantage
        folders[vantage].mkdir()
        text = CONFIG.format(vantage=vantage, url=postgres_url)
        (folders[vantage] / "config.yaml").write_text(text)
    return folders


@pytest.mark.every_run
def test_a_wipe_leaves_the_others_as_they_are(postgres_url: str, tmp_path: Path):
    fill(postgres_url, "garden")
    alone = contents(postgres_url)
    fill(postgres_url, "home")
    with open_store(postgres_url) as store:
        store.analyses.append(judged("home", "garden"), computed_at_utc=T0)
        store.analyses.append(judged("garden"), computed_at_utc=T0)
    assert ask_store_as_it_is(postgres_url, stored_things, "home") == [
        "all rows of vantage 'home'"
    ]
    ask_store_as_it_is(postgres_url, wipe, "home", now_utc=T0)
    left = contents(postgres_url)
    verdicts_left = ("analyses", "verdicts")
    assert {k: v for k, v in left.items() if k not in verdicts_left} == {
        k: v for k, v in alone.items() if k not in verdicts_left
    }
    assert "home" not in json.dumps(left, default=str)
    with open_store(postgres_url) as opened:
        reader = opened.reader
        kept = [stored.read() for stored in reader.analyses(9)]
    assert kept == [judged("garden")] * 3
    # The guards stand again.
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain) as connection, pytest.raises(psycopg.Error):
        connection.execute("DELETE FROM samples")


def test_the_last_one_takes_the_tables_along(postgres_url: str):
    for vantage in HOMES:
        fill(postgres_url, vantage)
    for vantage in HOMES:
        assert ask_store_as_it_is(postgres_url, wipe, vantage, now_utc=T0)
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        tables = connection.execute("SELECT * FROM pg_tables WHERE schemaname='public'")
        assert tables.fetchall() == []


def test_a_wipe_of_all_is_asked_for(homes):
    done = monitor(homes["home"], "wipe", "--yes", "--all-vantages")
    assert "removed table samples" in done.stdout
    assert "nothing is stored" in monitor(homes["garden"], "wipe").stdout


def test_who_has_nothing_in_it_wipes_nothing(postgres_url: str):
    fill(postgres_url, "home")
    assert ask_store_as_it_is(postgres_url, stored_things, "attic") == []


def test_nothing_is_wiped_under_a_daemon(postgres_url: str):
    fill(postgres_url, "home")
    here = Holder.this_process()
    far = replace(here, token="far", machine="m2", boot="b2")
    with open_store(postgres_url) as store:
        lasts = timedelta(minutes=15)
        store.leases.hold("home", far, lasts=lasts, now_utc=T0)
    with pytest.raises(HeldError):
        ask_store_as_it_is(postgres_url, wipe, "home", now_utc=T0)
    with open_store(postgres_url) as store:
        assert len(list(store.samples.read())) == 50


@pytest.mark.long
def test_an_export_is_of_ones_own_unless_asked_otherwise(homes):
    def exported(*words: str) -> set[str]:
        done = monitor(homes["home"], "export", "out.csv", "--force", *words)
        assert done.returncode == 0, done.stderr
        lines = (homes["home"] / "out.csv").read_text().splitlines()
        place = lines[0].split(",").index("vantage")
        return {line.split(",")[place] for line in lines[1:]}

    assert exported() == {"home"}
    assert exported("--vantage", "garden") == {"garden"}
    assert exported("--all-vantages") == {"home", "garden"}
    done = monitor(homes["home"], "export", "x.csv", "--vantage", "attic")
    assert (done.returncode, "'attic'" in done.stderr) == (2, True)


def test_without_a_configuration_somebody_must_say_whose(
    homes, postgres_url: str, tmp_path: Path
):
    done = monitor(tmp_path, "--database", postgres_url, "export", "out.csv")
    assert done.returncode == 2
    assert "--all-vantages" in done.stderr


def test_a_file_is_one_homes_with_all_that_was_imported(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    for vantage in HOMES:
        fill(url, vantage)
    (tmp_path / "config.yaml").write_text(CONFIG.format(vantage="home", url=url))
    assert monitor(tmp_path, "export", "out.csv").returncode == 0
    assert "garden" in (tmp_path / "out.csv").read_text()


def test_notes_are_seen_where_they_were_made(homes):
    def listed(vantage: str, *words: str) -> list[str]:
        done = monitor(homes[vantage], "note", "list", "--json", *words)
        return [note["text"] for note in json.loads(done.stdout)["notes"]]

    assert monitor(homes["home"], "note", "add", "2026-10-02", "mine").returncode == 0
    everywhere = ("note", "add", "2026-10-03", "match", "--all-vantages")
    assert monitor(homes["garden"], *everywhere).returncode == 0
    assert listed("home") == ["of home", "mine", "match"]
    assert listed("garden") == ["of garden", "match"]
    assert listed("garden", "--all-vantages") == [
        "of home",
        "of garden",
        "mine",
        "match",
    ]
    done = monitor(homes["garden"], "note", "remove", "1")
    assert (done.returncode, "there is no number 1" in done.stderr) == (2, True)


def test_a_consent_is_of_its_vantage(postgres_url: str):
    fill(postgres_url, "home")
    with open_store(postgres_url) as store:
        assert [c.vantage for c in store.consents.all_given("home")] == ["home"]
        assert store.consents.all_given("garden") == []


def test_the_dashboard_shows_its_own_last_verdicts(homes, postgres_url: str):
    """The garden was judged a second later."""
    with open_store(postgres_url) as opened:
        reader = opened.reader
        for vantage in HOMES:
            (found,) = reader.analyses(5, vantage=vantage)
            assert found.read() == judged(vantage)
        notes = reader.notes("2026-10-01", "2026-10-01", "garden")
        assert [text for _, _, text in notes] == ["of garden"]


def test_a_night_judges_its_own(homes, postgres_url: str):
    from monitor.config import load
    from monitor.nightly import analysed_night
    from monitor.nights import due_nights

    config = load(homes["garden"] / "config.yaml")
    night = ask_store(
        config.database,
        analysed_night,
        config,
        DAY,
        now_utc=datetime(2026, 10, 3, tzinfo=UTC),
    )
    assert {v.vantage for v in night.analysis.verdicts} == {"garden"}
    assert [report.vantage for report in night.reports] == ["garden"]
    attic = replace(config, vantage="attic")
    now_utc = datetime(2026, 10, 3, tzinfo=UTC)
    assert ask_store(attic.database, due_nights, attic, now_utc=now_utc) == []


@pytest.mark.parametrize(("n_homes", "owner"), [(1, "home"), (2, None)])
def test_old_notes_and_consents_get_the_only_vantage_there_is(
    empty_database: str, n_homes: int, owner: str | None
):
    """Before this version they belonged to the database."""
    from alembic import command
    from alembic.config import Config

    from monitor.store.engine import writing
    from monitor.store.migration import scripts

    engine = make_engine(empty_database)
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for vantage in HOMES[:n_homes]:
            names = "vantage, slot_start_us, round_id, status, n_planned, n_done"
            connection.exec_driver_sql(
                f"INSERT INTO rounds ({names})"
                f" VALUES ('{vantage}', 0, 'r', 'complete', 1, 1)"
            )
        connection.exec_driver_sql(
            "INSERT INTO notes (noted_at_us, first_date, last_date, text)"
            " VALUES (0, '2026-10-01', '2026-10-01', 'old')"
        )
        connection.exec_driver_sql(
            "INSERT INTO consents (given_at_us, version, level, language, way)"
            " VALUES (0, 1, 'plain', 'en', '--yes')"
        )
    engine.dispose()
    with open_store(empty_database) as store:
        assert [c.vantage for c in store.consents.all_given("home")] == [owner]
    with open_store(empty_database) as opened:
        notes = opened.notes
        assert [note.vantage for note in notes.list(vantage="home")] == [owner]
    engine = make_engine(empty_database)
    with pytest.raises(Exception, match="rows are only added"), engine.begin() as c:
        c.exec_driver_sql("UPDATE notes SET text = 'new'")
    engine.dispose()
