"""The columns of row format 2 in files: read, written, refused; older files too."""

import json
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.evidence.canonical_rows import row_of, stored_rows
from monitor.interchange import read_frame, samples_from, write_samples
from monitor.lists import curve_of, curve_text
from monitor.model import Sample, Transport
from monitor.store import open_store
from tests.store.test_database import FULL, T0, sample

HEADER = "started_at_utc,target,connect_s"
ROW = "2026-10-01T15:00:00.123456Z,facebook,0.1"
ENDINGS = ("csv", "ndjson", "parquet")

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=32
)
labels = st.none() | texts.filter(bool)
counts = st.none() | st.integers(0, 10**9)
curves = st.lists(
    st.tuples(st.floats(0, 86_400), st.integers(0, 10**15)), max_size=64
).map(tuple)
addresses = st.ip_addresses().map(str)
answers = st.lists(addresses, max_size=16).map(tuple)
new_columns = st.fixed_dictionaries(
    {
        "transport": st.sampled_from(Transport),
        "service": labels,
        "part": labels,
        "block": labels,
        "tcp_rcv_rtt_s": st.none() | st.floats(0, 86_400),
        "tcp_rcv_ooopack": counts,
        "tcp_segs_in": counts,
        "timeline": curves,
        "resolver": st.sampled_from([None, "hosts", "private"]) | addresses,
        "dns_answers": answers,
    }
)


@pytest.mark.every_run
@settings(max_examples=15, deadline=None)
@given(st.lists(new_columns, min_size=1, max_size=4))
def test_new_columns_survive_files_store_and_bundle_rows(found: list[dict]):
    given_ = [sample(n, **values) for n, values in enumerate(found)]
    with TemporaryDirectory() as folder:
        for ending in ENDINGS:
            file = Path(folder) / f"s.{ending}"
            write_samples(file, given_)
            assert list(samples_from(read_frame([file]))) == given_, ending
        with open_store(f"sqlite:///{folder}/monitor.db") as store:
            store.samples.append(given_)
            assert list(store.samples.read()) == given_
            span = {"since": T0, "until": T0 + timedelta(days=1)}
            assert list(stored_rows(store, **span)) == list(map(row_of, given_))


def read(tmp_path: Path, text: str, name: str = "s.csv") -> list[Sample]:
    (tmp_path / name).write_text(text)
    return list(samples_from(read_frame([tmp_path / name])))


def test_a_file_of_before_is_read_as_before(tmp_path: Path):
    """Old columns only; what its version kept in columns of its own is passed over."""
    own = "x_resolver,x_dns_answers,x_tcp_rcv_rtt_s,x_tcp_rcv_ooopack,x_timeline"
    line = f'{ROW},1.1.1.1,"[""192.0.2.1""]",0.5,3,"[[0.1, 1000]]"'
    assert read(tmp_path, f"{HEADER},{own}\n{line}\n") == [sample()]


def test_empty_and_absent_mean_not_measured(tmp_path: Path):
    names = "transport,service,part,block,tcp_segs_in,timeline,resolver,dns_answers"
    assert read(tmp_path, f"{HEADER},{names}\n{ROW},,,,,,,,\n") == [sample()]
    assert read(tmp_path, f"{HEADER}\n{ROW}\n") == [sample()]


def test_transport_is_part_of_the_identity_in_files(tmp_path: Path):
    body = f"{HEADER},transport\n{ROW},tcp\n{ROW},quic\n{ROW},\n"
    assert [s.transport for s in read(tmp_path, body)] == ["tcp", "quic"]


CURVE = "[[0.1, 1000], [9.75, 180000]]"


@pytest.mark.parametrize("cell", [CURVE, CURVE.replace(" ", "")])
def test_a_curve_in_json_may_be_a_list_or_its_text(tmp_path: Path, cell: str):
    row = {"started_at_utc": "2026-10-01T15:00:00Z", "target": "a", "connect_s": 1}
    for timeline in (cell, json.loads(cell)):
        line = json.dumps({**row, "timeline": timeline})
        (found,) = read(tmp_path, line, "s.ndjson")
        assert found.timeline == FULL.timeline


@pytest.mark.parametrize(
    ("column", "cell", "allowed"),
    [
        ("transport", "udp", "one of tcp, quic"),
        ("service", "s" * 33, "at most 32 characters"),
        ("part", "p" * 33, "at most 32 characters"),
        ("block", "b" * 33, "at most 32 characters"),
        ("tcp_segs_in", "-1", "a whole number from 0"),
        ("tcp_rcv_rtt_s", "86401", "a number from 0 to 86400"),
        ("timeline", "0.1 1000", "a JSON list of"),
        ("timeline", '"[[0.1, 1000.5]]"', "a JSON list of"),
        ("timeline", '"[[-1, 1000]]"', "a JSON list of"),
        ("timeline", '"[[NaN, 1000]]"', "a JSON list of"),
        ("timeline", '"[[true, 1000]]"', "a JSON list of"),
        ("timeline", '"[[0.1, 1, 2]]"', "a JSON list of"),
        ("timeline", f"[[1{'0' * 400}.0e9, 1]]".replace(",", ""), "a JSON list of"),
        ("timeline", "[" * 9000, "a JSON list of"),
        ("timeline", f'"[{"[0.1, 1], " * 1100}[0.1, 1]]"', "a JSON list of"),
        ("timeline", "{}", "a JSON list"),
        ("dns_answers", "1" * 10_001, "at most 10000 characters"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    tmp_path: Path, column: str, cell: str, allowed: str
):
    with pytest.raises(InputError, match=rf"row 1, column {column}: .*{allowed}"):
        read(tmp_path, f"{HEADER},{column}\n{ROW},{cell}\n")


def test_an_analysis_of_files_need_not_hold_their_curves(tmp_path: Path):
    write_samples(tmp_path / "s.csv", [FULL, sample(1)])
    frame = read_frame([tmp_path / "s.csv"], ["connect_s"])
    assert "timeline" not in frame
    assert frame["connect_s"].tolist() == [FULL.connect_s, 0.1]


@settings(max_examples=40, deadline=None)
@given(curves)
def test_a_curve_is_the_same_after_its_text(curve):
    assert curve_of(curve_text(curve)) == curve
