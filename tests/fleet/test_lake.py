"""The lake: what comes in, what is left out and named, and that nothing changes."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor import fleet
from monitor.errors import InputError
from monitor.fleet.compaction import compact
from monitor.fleet.home_cards import enroll
from monitor.fleet.lake import Lake
from monitor.fleet.lake_check import differences
from monitor.fleet.pushing import due_days, fleet_secret
from tests.fleet.lakes import NOW, TODAY, PushingHome, home
from tests.fleet.test_analyze import Here

pytestmark = pytest.mark.long
# `test_fleet_command` goes from an empty lake to a report in every run.

N_DAYS = 15
"""Fourteen local days touch fifteen of UTC."""


@pytest.fixture(scope="module")
def two_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[PushingHome]]:
    folder = tmp_path_factory.mktemp("homes")
    homes = [home(folder, "flat", "slow_3x"), home(folder, "house")]
    yield homes
    for each in homes:
        each.store.close()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(str(tmp_path / "lake"), n_buckets=4, created=NOW)


@pytest.fixture(scope="module")
def once_filled(
    two_homes: list[PushingHome], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    address = tmp_path_factory.mktemp("lakes") / "filled"
    lake = Lake.create(str(address), n_buckets=4, created=NOW)
    for each in two_homes:
        each.enrolled(lake)
        assert each.pushed(lake) == N_DAYS
    return address


@pytest.fixture
def filled(once_filled: Path, tmp_path: Path) -> Lake:
    return Lake.open(str(shutil.copytree(once_filled, tmp_path / "filled")))


def root(lake: Lake) -> Path:
    return Path(lake.files.address)


def night(lake: Lake) -> fleet.FleetRun:
    return fleet.analyze(
        lake.files.address, night="2026-10-14", now_utc=NOW, engine=Here()
    )


@pytest.mark.long
def test_a_home_is_judged_in_the_lake_as_at_home(
    filled: Lake, two_homes: list[PushingHome]
) -> None:
    done = compact(filled, today=TODAY)
    assert (done.n_days, done.failed) == (2 * N_DAYS, [])
    run = night(filled)
    assert run.is_whole
    flat = two_homes[0]
    at_home = fleet.analyze(
        flat.config.database,
        timezone="Asia/Almaty",
        night="2026-10-14",
        since="2026-09-15",
        now_utc=NOW,
        engine=Here(),
    )
    name = fleet_secret(flat.store, flat.config, filled).vantage
    in_lake = [v for v in run.verdicts if v["vantage"] == name]
    assert len(in_lake) == 4
    told = ("target", "verdict", "e_value", "effect", "evenings")
    assert [[v[k] for k in told] for v in in_lake] == [
        [v[k] for k in told] for v in at_home.verdicts
    ]


def test_a_second_push_and_a_second_compaction_do_nothing(
    filled: Lake, two_homes: list[PushingHome]
) -> None:
    compact(filled, today=TODAY)
    files = sorted(map(str, root(filled).rglob("*")))
    assert two_homes[0].pushed(filled) == 0
    assert compact(filled, today=TODAY).written == []
    assert sorted(map(str, root(filled).rglob("*"))) == files


def test_one_row_group_per_home_and_rows_in_order(filled: Lake) -> None:
    done = compact(filled, today=TODAY)
    for name in done.written:
        with pq.ParquetFile(root(filled) / name) as file:
            groups = [file.read_row_group(n) for n in range(file.num_row_groups)]
        vantages = [set(group["vantage"].to_pylist()) for group in groups]
        assert all(len(names) == 1 for names in vantages)
        assert len(set.union(*vantages)) == len(vantages)
        for group in groups:
            order = ("target", "path", "probe", "started_at_utc")
            rows = list(zip(*(group[n].to_pylist() for n in order), strict=True))
            assert rows == sorted(rows)


def test_what_leaves_a_home_names_no_server_and_no_place(
    filled: Lake, two_homes: list[PushingHome]
) -> None:
    (file, *_) = root(filled).rglob("inbox/**/*.parquet")
    table = pq.read_table(file)
    text = "".join(p.read_text() for p in root(filled).rglob("*.json"))
    assert "flat" not in text
    assert "house" not in text
    assert set(table["vantage"].to_pylist()) <= {
        fleet_secret(each.store, each.config, filled).vantage for each in two_homes
    }
    there = set(table["remote_address"].to_pylist()) - {None}
    here = {s.remote_address for s in two_homes[0].store.samples.read()} - {None}
    assert {a.rpartition(".")[0] for a in there} == {"198.51.100"}
    assert there != here


def test_nothing_is_pushed_without_consent(lake: Lake, tmp_path: Path) -> None:
    shy = home(tmp_path / "shy", "shy", consent=0)
    with pytest.raises(InputError, match=r"fleet\.consent: found 0; needed: 1"):
        list(due_days(shy.store, shy.config, lake, now_utc=NOW))
    with pytest.raises(InputError, match="consent"):
        shy.enrolled(lake)
    shy.store.close()


def a_byte(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def manifest_of(path: Path) -> Path:
    return path.with_suffix(".json")


def changed_manifest(key: str, value: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        document = json.loads(manifest_of(path).read_text())
        document[key] = value
        manifest_of(path).write_text(json.dumps(document))

    return change


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (a_byte, "not the file that was signed"),
        (Path.unlink, "its rows are not there"),
        (changed_manifest("n_rows", 1), "the signature is not that of"),
        (changed_manifest("vantage", "v0"), "v0 is not enrolled"),
        (changed_manifest("day", "soon"), "no manifest"),
        (lambda path: manifest_of(path).write_text("{"), "no manifest"),
        (
            lambda path: manifest_of(path).rename(path.with_name("x-1.json")),
            "lies elsewhere",
        ),
    ],
)
def test_what_is_not_as_signed_is_left_out_and_named(
    filled: Lake, harm: Callable[[Path], object], said: str
) -> None:
    harm(min(root(filled).rglob("inbox/**/*.parquet")))
    done = compact(filled, today=TODAY)
    assert done.n_days == 2 * N_DAYS - 1
    ((_, reason),) = done.failed
    assert said in reason
    # It is told each time, not only the first.
    assert compact(filled, today=TODAY).failed == done.failed


def test_a_day_of_the_future_is_left_out(filled: Lake) -> None:
    done = compact(filled, today=TODAY.replace(day=10))
    assert {re.sub(r"\d{4}-", "", reason) for _, reason in done.failed} == {
        f"the day 10-{day} lies in the future" for day in range(11, 15)
    }


def signed_day(of: PushingHome, lake: Lake, change: Callable[[pa.Table], pa.Table]):
    """A day that its own home has signed, with rows that it may not hold."""
    from hashlib import sha256

    from monitor.fleet.lake import parquet_bytes
    from monitor.fleet.pushing import NAME_DIGITS, push

    (day, *_) = due_days(of.store, of.config, lake, now_utc=NOW)
    table = change(pq.read_table(pa.BufferReader(day.body)))
    body = parquet_bytes(table)
    digest = sha256(body).hexdigest()
    manifest = {**day.manifest, "sha256": digest, "n_rows": table.num_rows}
    del manifest["signature"]
    secret = fleet_secret(of.store, of.config, lake)
    name = f"{day.name[:-NAME_DIGITS]}{digest[:NAME_DIGITS]}"
    push(lake, type(day)(name=name, body=body, manifest=secret.signed(manifest)))


def with_column(name: str, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        column = pa.array([value] * table.num_rows, table.schema.field(name).type)
        return table.set_column(place, table.schema.field(name), column)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_column("vantage", "neighbour"), "rows of another home"),
        (with_column("started_at_utc", NOW), "rows of another day"),
        (with_column("connect_s", -1.0), "connect_s"),
        (with_column("target", "a\nb"), "target"),
    ],
)
def test_a_liar_with_a_key_is_held_to_own_days_and_possible_rows(
    lake: Lake, two_homes: list[PushingHome], change: Callable, said: str
) -> None:
    two_homes[0].enrolled(lake)
    signed_day(two_homes[0], lake, change)
    done = compact(lake, today=TODAY)
    assert done.written == []
    assert said in done.failed[0][1]


def test_a_card_of_another_lake_or_key_is_refused(
    lake: Lake, two_homes: list[PushingHome], tmp_path: Path
) -> None:
    card = two_homes[0].card(lake)
    other = Lake.create(str(tmp_path / "other"), n_buckets=4, created=NOW)
    with pytest.raises(InputError, match="another lake"):
        enroll(other, card, now_utc=NOW, group=None)
    for name, value in (("isp", "Other"), ("signature", "00")):
        with pytest.raises(InputError, match="signature"):
            enroll(lake, {**card, name: value}, now_utc=NOW, group=None)
    two_homes[0].enrolled(lake)
    thief = fleet_secret(two_homes[1].store, two_homes[1].config, lake)
    stolen = {**card, "public_key": thief.public_key}
    del stolen["signature"]
    with pytest.raises(InputError, match="enrolled with another key"):
        enroll(lake, thief.signed(stolen), now_utc=NOW, group=None)


def test_verify_names_what_was_changed(filled: Lake) -> None:
    compact(filled, today=TODAY)
    run = night(filled)
    good = differences(filled, TODAY)
    assert (good.n_days, good.n_runs, good.findings) == (2 * N_DAYS, 1, [])
    assert good.n_homes == 2
    a_byte(min(root(filled).rglob("inbox/**/*.parquet")))
    (name,) = [o["verdicts"] for o in run.document["outputs"].values()][:1]
    table = pq.read_table(root(filled) / name)
    column = pa.array(["{}"] * table.num_rows)
    place = table.schema.get_field_index("document")
    pq.write_table(table.set_column(place, "document", column), root(filled) / name)
    found = dict(differences(filled, TODAY).findings)
    assert "not the file that was signed" in found.pop(min(found))
    assert "not those of the run" in found.pop(name)
    assert set(found.values()) == {"its rows give other verdicts now"}


def test_a_lake_is_made_once_and_opened_by_who_can_read_it(tmp_path: Path) -> None:
    address = str(tmp_path / "lake")
    with pytest.raises(InputError, match="--buckets: found 0"):
        Lake.create(address, n_buckets=0, created=NOW)
    Lake.create(address, n_buckets=1, created=NOW)
    with pytest.raises(InputError, match="already"):
        Lake.create(address, n_buckets=1, created=NOW)
    document = json.loads((tmp_path / "lake/lake.json").read_text())
    (tmp_path / "lake/lake.json").write_text(json.dumps(document | {"lake_version": 2}))
    with pytest.raises(InputError, match="found lake_version 2"):
        Lake.open(address)
    (tmp_path / "lake/lake.json").write_text("[")
    with pytest.raises(InputError, match="damaged"):
        Lake.open(address)
    with pytest.raises(InputError, match=r"found no lake\.json"):
        Lake.open(str(tmp_path))
