"""Samples go through files unchanged, in every format, and files appear whole."""

import csv
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import InputError, StoreError
from monitor.interchange import (
    COLUMNS,
    NAMES,
    read_batches,
    read_frame,
    samples_from,
    write_samples,
)
from monitor.interchange.cell_checks import RawBatch, typed
from monitor.interchange.formula import rearm
from monitor.model import Role, Sample
from monitor.store import open_store
from monitor.text import disarm
from tests import harm
from tests.store.test_database import FULL, sample

ENDINGS = [
    "csv", "csv.gz", "csv.zst", "ndjson", "jsonl", "ndjson.gz", "jsonl.zst", "parquet"
]  # fmt: skip

PLAIN = {f.name: f.default for f in fields(Sample) if f.name not in NAMES}


def known(sample_: Sample) -> Sample:
    """The sample without what the interchange does not carry."""
    return replace(sample_, **PLAIN)


def test_the_columns_are_the_fields_of_a_sample_in_their_order():
    assert tuple(f.name for f in fields(Sample))[: len(NAMES)] == NAMES


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_known_field_survives_a_file(tmp_path: Path, ending: str):
    file = tmp_path / f"samples.{ending}"
    assert write_samples(file, [FULL, sample(1)]) == 2
    assert list(samples_from(read_frame([file]))) == [known(FULL), sample(1)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_export_import_export_gives_equal_bytes(database, tmp_path: Path, ending: str):
    """With a store between, and whatever the order in which rows arrive."""
    first, second = (tmp_path / f"{name}.{ending}" for name in "ab")
    hostile = sample(3, certificate_issuer='=cmd|"\r\n\tKZ, \u2019', failure="@x")
    given_ = [FULL, hostile, *(sample(m, target=t) for t in "ba" for m in range(300))]
    write_samples(first, sorted(map(known, given_), key=_order))
    with open_store(database) as store:
        for batch in read_batches(first):
            store.samples.append(list(samples_from(batch))[::-1])
        write_samples(second, store.samples.read())
    assert first.read_bytes() == second.read_bytes()


def _order(sample_: Sample) -> tuple[datetime, str, str]:
    return (sample_.started_at_utc, sample_.vantage, sample_.target)


def test_the_header_is_contract_4_and_then_our_own(tmp_path: Path):
    file = tmp_path / "samples.csv"
    write_samples(file, [FULL])
    header, row = csv.reader(file.read_text().splitlines())
    assert tuple(header[: len(NAMES)]) == NAMES
    assert all(name.startswith("x_") for name in header[len(NAMES) :])
    extras = dict(zip(header, row, strict=True))
    assert extras["started_at_utc"] == "2026-10-01T15:00:00.123456Z"
    assert extras["timeline"] == "[[0.1, 1000], [9.75, 180000]]"
    assert extras["dns_answers"] == "192.0.2.1 2001:db8::1"
    assert json.loads(extras["x_cdn"]) == [list(pair) for pair in FULL.cdn]


def test_only_two_columns_and_a_value_are_needed(tmp_path: Path):
    file = tmp_path / "samples.csv"
    file.write_text(
        "target,x_note,started_at_utc,waiting_s\na,=1,2026-10-01T00:00Z,1\n"
    )
    with pytest.raises(InputError, match="2026-10-01T00:00Z"):
        read_frame([file])
    file.write_text(
        "target,x_note,started_at_utc,waiting_s\na,=1,2026-10-01 00:00:00z,1"
    )
    (read,) = samples_from(read_frame([file]))
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    assert read == Sample(started_at_utc=moment, target="a", waiting_s=1.0)


def test_a_failure_alone_is_a_sample(tmp_path: Path):
    file = tmp_path / "samples.ndjson"
    row = {"started_at_utc": "2026-10-01T00:00:00Z", "target": "a", "role": "control"}
    file.write_text("\n" + json.dumps({**row, "failure": "dns_nxdomain_error"}))
    (read,) = samples_from(read_frame([file]))
    assert (read.failure, read.role) == ("dns_nxdomain_error", Role.CONTROL)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path):
    file = tmp_path / "samples.csv"
    file.write_bytes(
        b"\xef\xbb\xbfstarted_at_utc,target,connect_s\r\n"
        b"2026-10-01T20:00:00.5+05:00,facebook,1e-1\r\n\r\n"
    )
    (read,) = samples_from(read_frame([file]))
    moment = datetime(2026, 10, 1, 15, 0, 0, 500_000, tzinfo=UTC)
    assert read == Sample(started_at_utc=moment, target="facebook", connect_s=0.1)


def test_times_are_kept_to_the_microsecond_and_finer_digits_cut_off(tmp_path: Path):
    moment = "2026-10-01T20:00:00.123456"
    texts = [f"{moment}Z", f"{moment}789Z", f"{moment}999999999+00:00"]
    rows = "".join(f"{text},a,0.1\n" for text in texts)
    (tmp_path / "s.csv").write_text(f"started_at_utc,target,connect_s\n{rows}")
    stamps = pa.array([pd.Timestamp(f"{moment}789Z").value], pa.timestamp("ns", "UTC"))
    columns = {"started_at_utc": stamps, "target": ["a"], "connect_s": [0.1]}
    pq.write_table(pa.table(columns), tmp_path / "s.parquet")
    [frame] = read_batches(tmp_path / "s.csv")
    [typed_frame] = read_batches(tmp_path / "s.parquet")
    found = {*frame["started_at_utc"], *typed_frame["started_at_utc"]}
    assert found == {pd.Timestamp(f"{moment}Z")}


def test_a_frame_has_all_columns_typed(tmp_path: Path):
    file = tmp_path / "samples.csv"
    write_samples(file, [sample()])
    frame = read_frame([file])
    assert tuple(frame.columns) == NAMES
    assert str(frame["started_at_utc"].dtype) == "datetime64[us, UTC]"
    assert all(frame[c.name].dtype == "float64" for c in COLUMNS if c.is_number)
    assert isinstance(frame["vantage"].dtype, pd.CategoricalDtype)


def test_a_sample_in_two_files_is_read_once(tmp_path: Path):
    first, second = tmp_path / "a.csv", tmp_path / "b.parquet"
    write_samples(first, [sample(0), sample(1)])
    write_samples(second, [sample(1, connect_s=9.0), sample(2)])
    frame = read_frame([first, second])
    assert frame["connect_s"].tolist() == [0.1, 0.1, 0.1]


def test_a_file_made_by_pandas_is_read(tmp_path: Path):
    frame = pd.DataFrame(
        {
            "started_at_utc": pd.date_range("2026-10-01", periods=3, tz="Asia/Almaty"),
            "target": pd.Categorical(["a", "b", "a"]),
            "http_status": [200, 301, 200],
            "failure": [None, "", None],
        }
    )
    frame.to_parquet(tmp_path / "p.parquet")
    frame.to_csv(tmp_path / "c.csv", index=False)
    read = [read_frame([tmp_path / name]) for name in ("p.parquet", "c.csv")]
    assert list(samples_from(read[0])) == list(samples_from(read[1]))
    assert [s.http_status for s in samples_from(read[0])] == [200, 301, 200]


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_half_written_remains(tmp_path: Path, ending: str):
    def breaking() -> Iterator[Sample]:
        yield sample()
        raise StoreError("away")

    file = tmp_path / f"samples.{ending}"
    file.write_text("older")
    with pytest.raises(StoreError):
        write_samples(file, breaking())
    assert [p.name for p in tmp_path.iterdir()] == [file.name]
    assert file.read_text() == "older"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be written: No such file"):
        write_samples(tmp_path / "missing" / "s.csv", [sample()])
    with pytest.raises(InputError, match="unknown ending"):
        write_samples(tmp_path / "s.xls", [sample()])


@given(st.text(alphabet="'=+-@;\t\ra\n\uff1d") | st.text())
def test_no_text_is_a_formula_and_every_text_comes_back(text: str):
    text = text.encode("utf-8", "replace").decode()
    written = disarm(text)
    assert harm.is_no_formula(written)
    assert rearm(_array(written)).to_pylist() == [text]


def _array(text: str) -> pa.Array:
    return pa.array([text], pa.string())


@given(st.floats(0, 86_400), st.integers(0, 10**12))
def test_numbers_survive_text_exactly(seconds: float, n_bytes: int):
    cells = {
        "started_at_utc": _array("2026-10-01T00:00:00Z"),
        "target": _array("a"),
        "connect_s": _array(repr(seconds)),
        "encoded_body_bytes": _array(str(n_bytes)),
    }
    batch = typed(RawBatch("x", 1, 1, cells)).to_pydict()
    assert batch["connect_s"] == [seconds]
    assert batch["encoded_body_bytes"] == [n_bytes]


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path: Path):
    file = tmp_path / "samples.csv"
    rows = "2026-10-01T20:00:00Z,facebook,0.1\n" * 100_000
    file.write_text(f"started_at_utc,target,connect_s\n{rows}")
    tracemalloc.start()
    peaks = [tracemalloc.get_traced_memory()[1] for _ in read_batches(file)]
    tracemalloc.stop()
    assert len(peaks) == 5
    assert peaks[-1] < 1.2 * peaks[1]


def in_a_spreadsheet(path: Path, between: str, mark: str) -> Path:
    """The file as a spreadsheet saves it where the comma is the decimal mark."""
    rows = list(csv.reader(path.read_text().splitlines()))
    numbers = {c.name for c in COLUMNS if c.is_number} | {"started_at_utc"}
    for row in rows[1:]:
        for place, name in enumerate(rows[0]):
            if name in numbers:
                row[place] = row[place].replace(".", mark)
    saved = path.with_suffix(".saved.csv")
    with saved.open("w", newline="") as file:
        csv.writer(file, delimiter=between, lineterminator="\r\n").writerows(rows)
    return saved


@pytest.mark.parametrize("between", [";", "\t"])
@pytest.mark.parametrize("mark", [",", "."])
def test_what_a_spreadsheet_saved_is_the_same(tmp_path: Path, between: str, mark: str):
    write_samples(tmp_path / "s.csv", [FULL, sample(1)])
    saved = in_a_spreadsheet(tmp_path / "s.csv", between, mark)
    assert list(samples_from(read_frame([saved]))) == [known(FULL), sample(1)]


@pytest.mark.parametrize("second", ["0.5", "1.234,5", "1,234,567", "1 234,5"])
def test_decimal_marks_are_not_guessed(tmp_path: Path, second: str):
    """A point may be a decimal mark or stand between thousands: nobody can know."""
    times = "2026-10-01T20:00:00Z", "2026-10-01T20:05:00Z"
    rows = [f"{t};facebook;{n}" for t, n in zip(times, ("0,25", second), strict=True)]
    (tmp_path / "s.csv").write_text(
        "\n".join(["started_at_utc;target;connect_s", *rows])
    )
    with pytest.raises(InputError, match="row 2, column connect_s: found"):
        read_frame([tmp_path / "s.csv"])
