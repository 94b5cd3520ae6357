"""What goes into the store comes out; the same on both databases."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from monitor.model import Operation, Role, Round, RoundStatus, Sample, Transport
from monitor.store import Store, open_store
from tests.store.analyses import an_analysis

T0 = datetime(2026, 10, 1, 15, 0, 0, 123456, tzinfo=UTC)

FULL = Sample(
    started_at_utc=T0,
    target="facebook",
    role=Role.CONTROL,
    vantage="almaty",
    path="tunnel",
    probe="download",
    domain_lookup_s=0.012,
    connect_s=0.1,
    tls_handshake_s=0.1 + 0.2,
    waiting_s=1e-6,
    response_s=9.75,
    duration_s=10.5,
    encoded_body_bytes=2**40,
    goodput_bps=139_871.25,
    http_status=200,
    failed_operation=Operation.READ,
    failure="generic_timeout_error",
    remote_address="2a03:2880:f10e:83:face:b00c:0:25de",
    certificate_sha256="ab" * 32,
    certificate_issuer="CN=Қазақстан",
    tcp_min_rtt_s=0.05,
    tcp_retransmits=3,
    server_name="www.facebook.com",
    probe_version="1",
    transport=Transport.QUIC,
    service="meta",
    part="media",
    block="b-20261001-7",
    tcp_segs_in=1234,
    round_id="r1",
    sequence=0,
    url="https://www.facebook.com/x.js",
    http_version="1.1",
    tls_version="TLSv1.3",
    resolver="192.0.2.53",
    dns_answers=("192.0.2.1", "2001:db8::1"),
    cdn=(("server", "proxygen"), ("x-fb-edge", "ala1")),
    tcp_rtt_s=0.06,
    tcp_rcv_rtt_s=0.07,
    tcp_rcv_ooopack=12,
    timeline=((0.1, 1000), (9.75, 180_000)),
)


def sample(minutes: float = 0, **values) -> Sample:
    moment = T0 + timedelta(minutes=minutes)
    given = {"target": "facebook", "connect_s": 0.1, **values}
    return Sample(started_at_utc=moment, **given)


def test_every_field_comes_back_as_it_was(store: Store):
    bare = sample(5)
    assert store.samples.append([FULL, bare]) == 2
    assert list(store.samples.read()) == [FULL, bare]


def test_a_sample_is_stored_once(store: Store):
    assert store.samples.append([FULL, FULL, sample(1)]) == 2
    assert store.samples.append([FULL, sample(2)]) == 1
    assert len(list(store.samples.read())) == 3


def test_the_first_account_of_a_sample_stays(store: Store):
    """Neither other numbers nor another role make a second row or change the first."""
    store.samples.append([sample()])
    assert store.samples.append([sample(role=Role.CONTROL, connect_s=9.0)]) == 0
    assert list(store.samples.read()) == [sample()]


@pytest.mark.parametrize("name", ["vantage", "target", "path", "probe", "server_name"])
def test_each_part_of_the_identity_makes_another_sample(store: Store, name: str):
    assert store.samples.append([sample(), sample(**{name: "other"})]) == 2


def test_the_transport_makes_another_sample(store: Store):
    over_quic = sample(transport=Transport.QUIC)
    assert store.samples.append([sample(), over_quic, over_quic]) == 2
    assert list(store.samples.read()) == [over_quic, sample()]
    assert store.samples.append([over_quic, sample()]) == 0


def test_no_server_name_and_an_empty_one_are_the_same(store: Store):
    assert store.samples.append([sample(), sample(server_name="")]) == 1
    assert next(store.samples.read()).server_name is None


def test_time_is_kept_to_the_microsecond_in_any_zone(store: Store):
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    store.samples.append(
        [sample(), Sample(started_at_utc=T0.astimezone(kathmandu), target="b")]
    )
    assert [s.started_at_utc for s in store.samples.read()] == [T0, T0]
    assert next(store.samples.read()).started_at_utc.tzinfo is UTC


def test_a_time_without_zone_is_refused(store: Store):
    with pytest.raises(ValueError, match="no zone"):
        store.samples.append(
            [Sample(started_at_utc=T0.replace(tzinfo=None), target="a")]
        )
    assert list(store.samples.read()) == []


def test_samples_come_by_time_whatever_the_order_of_writing(store: Store):
    days = [3, 400, 0, 1, 2000]
    written = [sample(1440 * d, target=t) for d in days for t in ("vk", "bbc")]
    store.samples.append(written)
    by_time = sorted(written, key=lambda s: (s.started_at_utc, s.target))
    assert list(store.samples.read()) == by_time


def test_filters_choose_time_target_and_vantage(store: Store):
    store.samples.append(
        [sample(m, target=t) for m in (0, 1440, 2880) for t in ("a", "b")]
    )
    store.samples.append([sample(0, vantage="other", target="a")])
    until = T0 + timedelta(days=2)
    chosen = store.samples.read(since=T0, until=until, targets=["a"], vantage="home")
    assert list(chosen) == [sample(0, target="a"), sample(1440, target="a")]
    assert list(store.samples.read(targets=[])) == []


def test_what_a_hostile_server_sent_can_be_stored(store: Store):
    odd = sample(
        certificate_issuer="a\x00b\udcff",
        goodput_bps=float("inf"),
        waiting_s=float("nan"),
        tcp_retransmits=2**70,
        cdn=(("server", "\ud800"),),
        failure="unknown_failure: \x1b[31m'; DROP TABLE samples; --",
    )
    assert store.samples.append([odd]) == 1
    (stored,) = store.samples.read()
    assert stored.certificate_issuer == "a\ufffdb?"
    assert (stored.goodput_bps, stored.waiting_s, stored.tcp_retransmits) == (None,) * 3
    assert stored.failure == odd.failure


def test_rounds_come_back_and_are_stored_once(store: Store):
    missed = Round(
        round_id="m1",
        vantage="home",
        slot_start_utc=T0,
        started_at_utc=None,
        duration_s=None,
        status=RoundStatus.MISSED,
        n_planned=9,
        n_done=0,
        reason="not running",
    )
    for _ in range(2):
        store.rounds.append(missed)
    assert list(store.rounds.read()) == [missed]
    assert list(store.rounds.read(since=T0 + timedelta(minutes=1))) == []
    assert list(store.rounds.read(until=T0)) == []
    assert list(store.rounds.read(vantage="other")) == []


def test_the_last_analysis_is_found_again(store: Store, database: str):
    for day in (2, 1):
        store.analyses.append(
            an_analysis("facebook", method_version=str(day)),
            computed_at_utc=T0 + timedelta(days=day),
        )
    with open_store(database) as opened:
        reader = opened.reader
        (newest,) = reader.analyses(1)
    assert newest.read() == an_analysis("facebook", method_version="2")


def test_many_samples_are_written_and_read_in_pieces(store: Store):
    written = [sample(i) for i in range(5003)]
    assert store.samples.append(iter(written)) == 5003
    assert list(store.samples.read()) == written


def test_reading_a_day_does_not_read_the_whole_table(tmp_path: Path):
    asked: list[tuple[str, tuple]] = []
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append(
            sample(1440 * day, target=t) for day in range(20) for t in "ab"
        )
        with heard(asked):
            assert len(list(store.samples.read(targets=["a"]))) == 20
            assert len(list(store.samples.read())) == 40
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as database:
        plans = [database.execute(f"EXPLAIN QUERY PLAN {q}", p) for q, p in asked]
        steps = [step[-1] for plan in plans for step in plan]
    assert any(step.startswith("SEARCH samples USING PRIMARY KEY") for step in steps)
    assert not any(step.startswith("SCAN samples") for step in steps)


@contextmanager
def heard(asked: list[tuple[str, tuple]]) -> Iterator[None]:
    """Every question that goes to a database inside the block."""

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield
    event.remove(Engine, "before_cursor_execute", note)
