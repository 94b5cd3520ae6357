"""Days closed under an older row format are checked under it for ever."""

import gzip
import json
import zipfile
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, insert, text

from monitor.evidence import verify_bundle
from monitor.evidence.canonical_rows import COLUMNS_OF, stored_rows
from monitor.evidence.chain import DayKeys, day_keys, days_of, leaf
from monitor.evidence.layout import View, lines_of, written
from monitor.evidence.ledger import close_days, ledger, stored_differences
from monitor.evidence.redact import Hosts, Level, networks
from monitor.evidence.spelled import OddLineError, row_and_leaf
from monitor.model import DayDigest, Sample, Transport
from monitor.store import open_store
from monitor.store.engine import make_engine
from monitor.store.question import ask
from monitor.store.upgrade_turns import migrating
from tests.door import ask_store
from tests.evidence.chains import day_digests
from tests.evidence.samples import START, some_samples
from tests.evidence.test_bundle import SECRET, bundle
from tests.evidence.test_ledger import forced
from tests.evidence.test_verify import rewritten
from tests.store.test_row_format import old_database

LATER = datetime(2026, 10, 20, tzinfo=UTC)
OLD = [replace(s, service=None, block=None, tcp_segs_in=None) for s in some_samples()]
NEW_DAY = [
    replace(s, started_at_utc=s.started_at_utc + timedelta(days=3))
    for s in some_samples(n_days=1)
]
DATA = Path(__file__).parents[1] / "data" / "df32d66"
NEW_COLUMNS = set(COLUMNS_OF[2]) - set(COLUMNS_OF[1])


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


def closed_by_an_older_version(url: str) -> list[DayDigest]:
    """A database whose days an older version closed; its links."""
    old_database(url, OLD)
    links = list(day_digests(OLD, secret=SECRET, row_format=1))
    engine = make_engine(url)
    with migrating(engine) as connection:
        meta = MetaData()
        secret, digests = (
            Table(name, meta, autoload_with=connection)
            for name in ("chain_secret", "day_digests")
        )
        connection.execute(insert(secret), {"id": 1, "secret": SECRET.hex()})
        rows = [{**asdict(link), "closed_at_us": 0} for link in links]
        for row in rows:
            del row["row_format"]
        connection.execute(insert(digests), rows)
    engine.dispose()
    return links


def with_a_new_day(url: str) -> list[DayDigest]:
    """The links of before; then a day of new columns is closed, too."""
    links = closed_by_an_older_version(url)
    with open_store(url) as store:
        store.samples.append(NEW_DAY)
    ask_store(url, close_days, now_utc=LATER)
    return links


def made(url: str, path: Path, level: str = "private"):
    with open_store(url) as store:
        rows = stored_rows(store, since=START, until=LATER)
        return bundle(path, level, samples=rows, ledger=ask_store(url, ledger))


def test_the_chain_goes_on_behind_the_links_of_before(database: str):
    old = with_a_new_day(database)
    links = ask_store(database, ledger).links
    assert list(links[: len(old)]) == old
    new = links[len(old) :]
    assert [(k.vantage, k.day, k.row_format) for k in new] == [
        ("home", "2026-10-04", 3),
        ("office", "2026-10-04", 3),
    ]
    assert {k.row_format for k in old} == {1}
    assert {k.previous for k in new} == {k.digest for k in old[-2:]}
    assert ask_store(database, stored_differences) == []
    answer = ask(database, "SELECT DISTINCT row_format FROM v_days", max_rows=5)
    assert sorted(row[0] for row in answer.rows) == [1, 3]


@pytest.mark.parametrize("level", ["private", "trusted", "public"])
def test_a_bundle_shows_each_day_in_the_format_of_its_link(
    database: str, tmp_path: Path, level: str
):
    old = with_a_new_day(database)
    path = tmp_path / "a.zip"
    info = made(database, path, level)
    heads = list(info.heads.values())
    result = verify_bundle(path, digest=heads, scope="rows")
    assert (result.findings, result.n_rows) == ([], len(OLD) + len(NEW_DAY))
    given = [link.digest for link in old[-2:]]
    bound = verify_bundle(path, digest=given, scope="rows").bindings
    assert {day for one in bound for day in one.days} == {link.day for link in old}
    with zipfile.ZipFile(path) as archive:
        rows = [json.loads(line) for line in archive.open("samples.ndjson")]
        lines = [json.loads(line) for line in archive.open("chain.ndjson")]
    told = {name: set() for name in (True, False)}
    for row in rows:
        told[row["started_at_utc"] < "2026-10-04"] |= NEW_COLUMNS & row.keys()
    assert told[True] == set()
    kept_back = {"block"} if level == "public" else set()
    assert told[False] == NEW_COLUMNS - {"part", "tcp_rcv_ooopack"} - kept_back
    assert {line.get("row_format") for line in lines} == {None, 3}


def test_a_late_row_of_a_day_of_before_gives_a_second_link(
    database: str, tmp_path: Path
):
    old = closed_by_an_older_version(database)
    late = replace(OLD[0], transport=Transport.QUIC)
    with open_store(database) as store:
        store.samples.append([late])
    assert ask_store(database, stored_differences) == []
    (again,) = ask_store(database, close_days, now_utc=LATER)
    assert (again.day, again.row_format) == ("2026-10-01", 3)
    assert list(ask_store(database, ledger).links) == [*old, again]
    assert ask_store(database, stored_differences) == []
    path = tmp_path / "a.zip"
    made(database, path)
    result = verify_bundle(path)
    assert result.findings == []
    assert any("second link" in note for note in result.notes)


def forced_again(url: str, statement: str) -> None:
    """See `forced`, which has lifted the guard."""
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


VALUES_OF_NEW_COLUMNS = {
    "service": "'x'",
    "part": "'x'",
    "block": "'x'",
    "timeline": "'[[0.0, 7]]'",
    "tcp_rcv_rtt_s": "0.5",
    "tcp_rcv_ooopack": "7",
    "tcp_segs_in": "7",
    "resolver": "'9.9.9.9'",
    "dns_answers": """'["9.9.9.9"]'""",
}
"""What format 2 has beside the columns of before, with values of nobody's."""


def test_a_link_of_format_2_covers_every_new_column(database):
    with_a_new_day(database)
    newest = "WHERE started_at_us IN (SELECT max(started_at_us) FROM samples)"
    forced(database, f"UPDATE samples SET http_status = http_status {newest}")
    for column, value in VALUES_OF_NEW_COLUMNS.items():
        forced_again(database, f"CREATE TABLE kept AS SELECT * FROM samples {newest}")
        forced_again(database, f"UPDATE samples SET {column} = {value} {newest}")
        altered = [finding.day for finding in ask_store(database, stored_differences)]
        assert altered == ["2026-10-04"], column
        before = f"(SELECT {column} FROM kept)"
        forced_again(database, f"UPDATE samples SET {column} = {before} {newest}")
        forced_again(database, "DROP TABLE kept")
    assert ask_store(database, stored_differences) == []


def test_a_link_of_format_1_covers_what_it_covered(database):
    """It is no alteration that a day of before never had what is new."""
    with_a_new_day(database)
    where = "started_at_us IN (SELECT min(started_at_us) FROM samples)"
    forced(database, f"UPDATE samples SET resolver = '9.9.9.9' WHERE {where}")
    assert ask_store(database, stored_differences) == []
    forced_again(database, f"UPDATE samples SET http_status = 403 WHERE {where}")
    assert [finding.day for finding in ask_store(database, stored_differences)] == [
        "2026-10-01"
    ]


def test_the_database_of_df32d66_goes_on_under_the_newest_format(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    packed = (DATA / "monitor.db.gz").read_bytes()
    (tmp_path / "monitor.db").write_bytes(gzip.decompress(packed))
    now_utc = datetime(2026, 11, 24, tzinfo=UTC)
    with open_store(url) as store:
        first = next(iter(store.samples.read(vantage="home")))
        at = datetime(2026, 11, 22, 12, tzinfo=UTC)
        store.samples.append([replace(first, started_at_utc=at, tcp_segs_in=9)])
    before = ask_store(url, ledger).links
    assert before[-1].digest.startswith("19968bf75455c3ca76aa89d86cfee6a0")
    ask_store(url, close_days, now_utc=now_utc)
    links = ask_store(url, ledger).links
    assert list(links[: len(before)]) == list(before)
    assert [k.row_format for k in before] == [1] * len(before)
    assert {k.row_format for k in links[len(before) :]} == {3}
    assert ask_store(url, stored_differences) == []


def test_a_link_of_a_format_of_the_future_is_told_as_such(tmp_path: Path):
    path = tmp_path / "a.zip"
    bundle(path)

    def change(content: dict[str, bytes]) -> None:
        chain = content["chain.ndjson"].replace(b'"row_format":3', b'"row_format":4')
        content["chain.ndjson"] = chain

    found = verify_bundle(rewritten(path, change)).findings
    assert any("a newer one may be needed" in finding.what for finding in found)


def test_a_row_of_format_1_with_a_new_column_is_named(tmp_path: Path, database: str):
    with_a_new_day(database)
    path = tmp_path / "a.zip"
    made(database, path)

    def change(content: dict[str, bytes]) -> None:
        lines = content["samples.ndjson"].splitlines(keepends=True)
        assert b',"x_row":0' in lines[0]
        lines[0] = lines[0].replace(b',"x_row":0', b',"transport":"quic","x_row":0')
        content["samples.ndjson"] = b"".join(lines)

    found = verify_bundle(rewritten(path, change)).findings
    assert any(f.day == "2026-10-01" for f in found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("192.168.1.1", "private"),
        ("10.0.0.1:53 fe80::1%eth0", "private private"),
        ("[fd00::1]:53", "private"),
        ("100.64.3.4", "private"),
        ("router.lan", "private"),
        ("hosts localhost system private", "hosts localhost system private"),
        ("31.13.72.36 10.10.34.36", "31.13.72.0 private"),
        ("8.8.8.8:5353", "8.8.8.0"),
        ("[2a03:2880:f10c:83:face:b00c:0:25de]:53", "2a03:2880:f10c::"),
        ("64:ff9b::8.8.8.8", "private"),
        ("", ""),
    ],
)
def test_the_public_reads_networks_of_sites_and_nothing_of_the_home(text, told):
    assert networks(text) == told
    assert networks(told) == told


def test_stand_ins_of_answers_are_those_of_the_address_that_was_connected_to():
    hosts = Hosts(b"k")
    shown = hosts.of_lookup("31.13.72.36 10.10.34.36 31.13.72.36 hosts")
    first, *rest = shown.split()
    assert rest == ["private", first, "hosts"]
    assert first == hosts("31.13.72.36")
    assert networks(shown) == networks("31.13.72.36 10.10.34.36 31.13.72.36 hosts")


ODD = ('a,"block":"b', ',"resolver":"x"', "\\", '"', "қ", 'a,"x_row":1', " ", "private")


@pytest.mark.parametrize("row_format", [1, 2, 3])
@pytest.mark.parametrize("level", list(Level))
def test_every_level_and_format_gives_the_leaf_of_the_full_row(level, row_format):
    first = some_samples()[0]
    odd = [
        replace(first, target=f"{n}", service=text, block=text, resolver=text, **more)
        for n, text in enumerate(ODD)
        for more in (
            {},
            {"remote_address": None, "path": text},
            {"probe": "gateway"},
            {"probe": "sni_away", "server_name": text, "certificate_issuer": text},
        )
    ]
    n_cut = 0
    for day in days_of(sorted([*some_samples(), *odd], key=_time)):
        told = day.under(row_format)
        keys = day_keys(SECRET, day.vantage, day.day)
        shown = {
            Level.PRIVATE: keys,
            Level.TRUSTED: DayKeys(trusted=keys.trusted, private=None),
            Level.PUBLIC: DayKeys(trusted=None, private=None),
        }[level]
        view = View(level, keys, "v-1", Hosts(b"k"))
        lines, _ = lines_of(told, view)
        for n, (line, row) in enumerate(zip(lines, told.rows, strict=True)):
            right = leaf(row, n, keys, row_format)
            seen = written(row, n, view, row_format)
            assert leaf(seen, n, shown, row_format) == right
            try:
                assert row_and_leaf(line, n, shown, row_format)[1] == right
                n_cut += 1
            except OddLineError:
                continue
    assert n_cut > len(some_samples())


def _time(one: Sample) -> datetime:
    return one.started_at_utc


LEGS = ("pair_own", "sni_swap", "pair_base", "sni_away")


@pytest.mark.parametrize("level", list(Level))
def test_the_public_is_not_told_which_server_the_neutral_one_is(
    database: str, tmp_path: Path, level: Level
):
    """The owner's own: its name, its certificate, its network; the kinds are public."""
    legs = [
        replace(
            some_samples(n_days=1)[0],
            probe=probe,
            block="b1",
            server_name="www.facebook.com" if probe == "pair_own" else "my.example",
            certificate_sha256="ab" * 32 if probe != "pair_own" else "cd" * 32,
            certificate_issuer="CN=Mine" if probe != "pair_own" else "CN=Theirs",
            dns_answers=("198.51.100.7",) if probe != "pair_own" else (),
            remote_address="198.51.100.7" if probe != "pair_own" else "31.13.72.36",
        )
        for probe in LEGS
    ]
    with open_store(database) as store:
        store.samples.append(legs)
    ask_store(database, close_days, now_utc=LATER)
    path = tmp_path / "a.zip"
    made(database, path, level.value)
    assert verify_bundle(path, scope="rows").findings == []
    with zipfile.ZipFile(path) as archive:
        text = archive.read("samples.ndjson").decode()
    assert all(f'"probe":"{probe}"' in text for probe in LEGS)
    assert "www.facebook.com" in text
    for word in ("my.example", "ab" * 32, "CN=Mine", "198.51.100"):
        assert (word in text) is (level is not Level.PUBLIC)
