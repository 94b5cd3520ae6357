"""`monitor digest` and `monitor circle`, as people type them."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import time_machine
import yaml
from click.testing import CliRunner

from monitor.analysis import analyze
from monitor.circle.digest_source import circle_secret, told_service
from monitor.circle.home_digest import MAX_BYTES, parsed, quarter_hour, spoken
from monitor.cli import cli
from monitor.clock import SystemClock
from monitor.config import load
from monitor.interchange import read_batches, samples_from
from monitor.service_verdicts import services_of
from monitor.simulation.blocks import BLOCK_WORLDS
from monitor.store import open_store
from tests.analysis.homes import Home
from tests.analysis.test_fingerprint import POLICED, Way, recorded
from tests.analysis.test_pairs import with_blocks
from tests.circle.digests import chain, service, signed, unsigned
from tests.fleet.homes import home_rows

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def monitor(*arguments: str, status: int = 0):
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == status, done.output
    return done


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    document = {
        "vantage": "under-the-roof",
        "timezone": "Asia/Almaty",
        "targets": [{"name": "facebook", "url": "https://facebook.test/"}],
    }
    Path("config.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


@pytest.fixture
def late():
    with time_machine.travel(NOW, tick=False):
        yield


def put(name: str, document: object) -> str:
    Path(name).write_text(json.dumps(document))
    return name


@pytest.fixture
def measured() -> None:
    """Two weeks whose evenings are slow, ended two days ago."""
    now = SystemClock().now_utc()
    rows = home_rows("slow_3x", 1).assign(vantage="under-the-roof")
    ago = (now - timedelta(days=2)).date() - rows["started_at_utc"].max().date()
    rows["started_at_utc"] += ago
    rows["remote_address"] = "203.0.113.77"
    rows.to_parquet("rows.parquet", index=False)
    with open_store("sqlite:///monitor.db") as store:
        for batch in read_batches(Path("rows.parquet")):
            store.samples.append(list(samples_from(batch)))


@pytest.mark.usefixtures("measured")
def test_a_digest_is_made_signed_and_added() -> None:
    told = monitor("digest", "--out", "mine.json", "--asn", "9198").stdout
    body = Path("mine.json").read_bytes()
    _, digest = parsed(body, "mine.json")
    assert digest.spoken_key in told
    assert len(body) < 5_000
    assert stat.S_IMODE(Path("mine.json").stat().st_mode) == 0o600
    for secret in (b"under-the-roof", b"203.0.113", b".test"):
        assert secret not in body
    assert digest.asn == 9198
    assert digest.made_at_utc == quarter_hour(digest.made_at_utc)
    slow = {s.service for s in digest.services if s.is_slow}
    analysis = json.loads(
        monitor(
            "analyze",
            "--json",
            "--since",
            f"{digest.since}",
            "--until",
            f"{digest.until}",
        ).stdout
    )
    assert slow
    assert {s.service: (s.verdict, s.e_value) for s in digest.services} == {
        s["service"]: (s["verdict"], s["e_value"]) for s in analysis["services"]
    }
    n_slow = {v["service"]: v["evenings"]["slow"] for v in analysis["verdicts"]}
    for told_of in digest.services:
        assert sum(e.slow for e in told_of.evenings) == n_slow[told_of.service]
    config = load(Path("config.yaml"))
    with open_store("sqlite:///monitor.db") as store:
        assert circle_secret(store, config).public_key == digest.key
        links = store.digests.links(vantage="under-the-roof")
    assert (digest.chain.number, digest.chain.digest) == (len(links), links[-1].digest)

    monitor("digest", "--out", "mine.json", status=2)
    done = monitor("circle", "add", "mine.json", "--name", "me")
    assert digest.spoken_key in done.stderr
    assert "add your own digest as well" in done.stdout

    removed = monitor("wipe", "--yes").stdout
    assert ".circle" in removed
    assert not Path("monitor.db.circle").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no target was measured"),
        (["--until", "2199-01-01"], "a date before"),
        (["--since", "2020-01-01"], "at most 366 days"),
        (["--asn", "0"], "--asn"),
        (["--out", "no/such/folder.json"], "found no folder"),
    ],
)
def test_a_digest_of_nothing_is_refused(arguments: list[str], said: str) -> None:
    open_store("sqlite:///monitor.db").close()
    assert said in monitor("digest", "--out", "d.json", *arguments, status=2).stderr
    assert not Path("d.json").exists()


def test_a_digest_needs_a_database() -> None:
    assert "found no file" in monitor("digest", "--out", "d.json", status=2).stderr


@pytest.mark.usefixtures("late")
def test_friends_are_kept_and_compared() -> None:
    assert "no home was added yet" in monitor("circle", "list").stdout
    monitor("circle", "add", put("a", signed("anna")), "--name", "Anna")
    other = signed("boris", asn=21299, services=[service([0, 1] * 15, e=4.0)])
    told = monitor("circle", "add", put("b", other), "--name", "Boris").stdout
    assert "1 of 1 home on AS9198, 1 of 1 elsewhere" in told
    assert "changes no verdict" in told
    document = json.loads(monitor("circle", "list", "--json").stdout)
    assert [home["name"] for home in document["homes"]] == ["Anna", "Boris"]
    assert document["homes"][0]["key"] == spoken(signed("anna")["key"])
    (of_service,) = document["services"]
    assert (of_service["e_value"], of_service["e_value_by"]) == (120.0, "product")
    (pair,) = document["pairs"]
    assert (pair["n"], pair["share"], pair["kappa"]) == (30, 1.0, 1.0)
    assert pair["p_value"] < 1e-7
    folder = Path("monitor.db.circle")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    # A later digest needs no name, the same one again is no second one.
    monitor("circle", "add", put("c", signed("anna", 45)), "a")
    document = json.loads(monitor("circle", "list", "--json").stdout)
    assert document["homes"][0]["n_digests"] == 2
    assert not Path("monitor.db").exists()


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize(
    "forged",
    [
        {**signed("anna"), "asn": 1},
        {**signed("anna"), "key": signed("eve")["key"]},
        {**unsigned("anna"), "signature": "0" * 128},
        {**signed("anna", 45), "made_at_utc": "2026-12-24T06:15Z"},
        signed("anna", 45, chain=chain(45, "other")),
        signed("anna", 200),
        # Its owner knows all links up to then, and can sign it at any time.
        signed("anna", 25),
        signed("anna", made_at_utc="2026-10-31T06:00Z"),
    ],
)
def test_what_is_forged_or_re_dated_is_not_added(forged: dict[str, object]) -> None:
    monitor("circle", "add", put("a", signed("anna")), "--name", "Anna")
    # With a good file before it: all are added or none.
    files = [put("b", signed("anna", 31)), put("c", forged)]
    done = monitor("circle", "add", *files, status=1)
    assert "nothing is added" in done.stderr
    assert len(list(Path("monitor.db.circle").iterdir())) == 1


@pytest.mark.usefixtures("late")
def test_a_name_is_that_of_one_key() -> None:
    put("b", signed("boris"))
    assert "give it a --name" in monitor("circle", "add", "b", status=2).stderr
    assert (
        "printable" in monitor("circle", "add", "b", "--name", "\x1b", status=2).stderr
    )
    monitor("circle", "add", put("a", signed("anna")), "--name", "Anna")
    done = monitor("circle", "add", "b", "--name", "Anna", status=2)
    assert "another key" in done.stderr
    assert (
        "added as 'Anna'"
        in monitor("circle", "add", "a", "--name", "B", status=2).stderr
    )
    assert (
        "several homes"
        in monitor("circle", "add", "a", "b", "--name", "B", status=2).stderr
    )


def changed(**changes: object) -> bytes:
    return json.dumps(signed("anna", **changes)).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no digest"),
        (b"\xff\xfe", "no digest"),
        (b"[" * 100_000, "no digest"),
        (b"1" * 10_000, "no digest"),
        (b"x" * (MAX_BYTES + 1), "more than"),
        (b"[]", "no schema_version"),
        (b'{"schema_version": NaN}', "found NaN"),
        (changed(schema_version=2), "of a newer program"),
        (changed(schema_version=True), "schema_version"),
        (changed(home="../../etc"), "home"),
        (changed(asn=-1), "asn"),
        (changed(made_at_utc="2026-11-01T06:16Z"), "quarter hour"),
        (changed(until="2027-11-01"), "dates"),
        (changed(services=[]), "services"),
        (changed(services=[service([1], verdict="guilty")]), "verdict"),
        (changed(services=[service([1]), service([0])]), "twice"),
        (changed(services=[{**service([1]), "e_value": -1.0}]), "e_value"),
        (
            changed(
                services=[{**service([1]), "evenings": [["2026-10-01", 1, 2, 0, 1.0]]}]
            ),
            "more dead than slow",
        ),
        (changed(timezone="\ud800"), ""),
    ],
)
def test_a_hostile_file_gets_one_clear_line(body: bytes, said: str) -> None:
    Path("evil\x1b.json").write_bytes(body)
    done = monitor("circle", "add", "evil\x1b.json", "--name", "E", status=2)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert not Path("monitor.db.circle").exists()


@pytest.mark.usefixtures("late")
def test_a_kept_file_that_was_changed_is_told() -> None:
    monitor("circle", "add", put("a", signed("anna")), "--name", "Anna")
    (kept,) = Path("monitor.db.circle").iterdir()
    body = kept.read_text()
    kept.write_text(body.replace("9198", "9199"))
    assert "signature" in monitor("circle", "list", status=1).stderr
    kept.write_text(body[:100])
    assert "damaged" in monitor("circle", "list", status=2).stderr


def test_a_device_or_a_folder_is_no_file(tmp_path: Path) -> None:
    for path in ("/dev/zero", str(tmp_path), "nowhere"):
        assert "found no file" in monitor("circle", "add", path, status=2).stderr


def told_of(frame: pd.DataFrame, name: str) -> dict[str, object]:
    verdicts = analyze(frame, timezone="Asia/Almaty")
    (service,) = (s for s in services_of(verdicts) if s.service == name)
    return told_service(service)


@pytest.mark.parametrize(
    ("way", "hold", "rate_bps"),
    [
        (POLICED, "policed", 128e3),
        (Way(shaped_bps=1e6), "shaped", 1e6),
        (Way(server_bps=5e5), "server", 5e5),
    ],
)
def test_a_digest_tells_what_held_transfers_back(way, hold, rate_bps) -> None:
    told = told_of(recorded(way), "youtube")
    assert told["fingerprint"]["hold"] == hold
    assert told["fingerprint"]["rate_bps"] == pytest.approx(rate_bps, rel=0.15)
    assert "name_effect" not in told


def test_a_digest_tells_what_the_name_cost() -> None:
    frame = with_blocks(Home(days=7), replace(BLOCK_WORLDS["D1"], name=4.0))
    told = told_of(frame, "facebook")
    effect = told["name_effect"]
    assert effect["check"] == "name_away"
    low, high = effect["ci95"]
    assert low < effect["ratio"] < high
    assert effect["ratio"] == pytest.approx(4.0, rel=0.25)
    assert effect["n_blocks"] > 5
    assert "fingerprint" not in told
