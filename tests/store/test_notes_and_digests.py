"""Notes and day digests: added, never changed; views that show what is stored."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from monitor.errors import InputError, StoreError
from monitor.store import Store, open_store
from monitor.store.digests import Lodging
from monitor.store.engine import make_engine
from tests.evidence.chains import day_digests
from tests.evidence.samples import some_samples

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)


def test_a_note_is_listed_until_it_is_withdrawn(store: Store, database: str):
    notes = store.notes
    day = date(2026, 6, 18)
    first = notes.add(day, day, "World Cup", noted_at_utc=NOW)
    second = notes.add(
        day, date(2026, 7, 1), "ruling \x00 of a court", noted_at_utc=NOW
    )
    assert [n.text for n in notes.list()] == ["World Cup", "ruling \ufffd of a court"]
    assert [n.number for n in notes.list(since=date(2026, 6, 19))] == [second]
    notes.withdraw(first, noted_at_utc=NOW)
    assert [n.number for n in notes.list()] == [second]
    with pytest.raises(InputError, match=f"no number {first}"):
        notes.withdraw(first, noted_at_utc=NOW)


def test_the_secret_is_made_once(store: Store, database: str):
    one, other = store.digests, Store(database).digests
    assert one.secret() == other.secret()
    assert len(one.secret()) == 32
    assert one.secret() != bytes(32)
    other.database.close()
    other.database.close()


def test_links_come_back_in_order_and_a_fork_is_not_stored(store: Store, database: str):
    digests = store.digests
    links = list(day_digests(some_samples(), secret=b"1" * 32))
    with digests.extending("home") as chain:
        chain.append(links, closed_at_utc=NOW)
    with (
        pytest.raises(StoreError, match=r"(?i)unique"),
        digests.extending("home") as chain,
    ):
        chain.append([*links[:1], *links[-1:]], closed_at_utc=NOW)
    assert list(digests.links()) == links
    assert [k.vantage for k in digests.links(vantage="office")] == ["office"] * 3


def test_rows_are_counted_per_vantage_and_day(store: Store, database: str):
    store.samples.append(some_samples())
    digests = store.digests
    days = ("2026-10-01", "2026-10-02", "2026-10-03")
    assert digests.row_counts(vantage="home") == dict.fromkeys(days, 96)
    assert digests.row_counts(vantage="office") == dict.fromkeys(days, 24)
    assert digests.row_counts(vantage="elsewhere") == {}
    with digests.extending("office") as chain:
        assert chain.row_count("2026-10-02") == 24
        assert chain.row_count("2026-10-09") == 0


def test_a_time_stamp_is_kept(store: Store, database: str):
    digests = store.digests
    lodging = Lodging(
        digest="ab" * 32, authority="https://tsa", lodged_at_utc=NOW, token=b"\x30\x00"
    )
    digests.lodge(lodging)
    assert list(digests.lodgings()) == [lodging]


@pytest.mark.parametrize("table", ["notes", "day_digests", "lodgings", "chain_secret"])
def test_the_database_refuses_to_change_them(store: Store, database: str, table: str):
    notes, digests = store.notes, store.digests
    notes.add(date(2026, 1, 1), date(2026, 1, 1), "x", noted_at_utc=NOW)
    with digests.extending("home") as chain:
        chain.append(list(day_digests(some_samples(), secret=b"")), closed_at_utc=NOW)
    digests.secret()
    digests.lodge(Lodging(digest="", authority="", lodged_at_utc=NOW, token=b""))
    engine = make_engine(database)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = 9"):
        with (
            pytest.raises(sa.exc.DBAPIError, match="rows are only added"),
            engine.begin() as connection,
        ):
            connection.execute(sa.text(statement))
    engine.dispose()


def test_every_view_can_be_read(database: str):
    with open_store(database) as store:
        store.samples.append(some_samples())
        engine = make_engine(database)
        with engine.begin() as connection:
            for name in sa.inspect(connection).get_view_names():
                connection.execute(sa.text(f"SELECT * FROM {name}")).all()
            when = connection.scalar(
                sa.text("SELECT started_at_utc FROM v_samples ORDER BY 1")
            )
        engine.dispose()
    expected = some_samples()[0].started_at_utc
    found = datetime.fromisoformat(when) if isinstance(when, str) else when
    assert found == expected
