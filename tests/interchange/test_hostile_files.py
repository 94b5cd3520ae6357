"""What a sample file may not hold is said with its place and with what is allowed."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from monitor.errors import InputError
from monitor.interchange import read_batches, read_frame

HEADER = "started_at_utc,target,connect_s"
GOOD = "2026-10-01T20:00:00+05:00,facebook,0.1"


def refused(path: Path, content: str | bytes) -> str:
    """The message about a file with this content."""
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read_frame([path])
    message = str(caught.value)
    assert str(path) in message
    assert message.isprintable()
    return message.removeprefix(str(path)).lstrip(": ")


def row(column: str, cell: str) -> str:
    """A CSV file whose second row has this cell."""
    cells = dict.fromkeys([*HEADER.split(","), column])
    good = {**cells, **dict(zip(HEADER.split(","), GOOD.split(","), strict=True))}
    rows = [good, {**good, column: cell}]
    lines = [",".join(cells), *(",".join(r[n] or "" for n in cells) for r in rows)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("connect_s", "-0.1"),
        ("connect_s", "nan"),
        ("connect_s", "inf"),
        ("connect_s", "1e400"),
        ("connect_s", "fast"),
        ("connect_s", " 1"),
        ("connect_s", "0x1p3"),
        ("connect_s", "1_000"),
        ("connect_s", "86401"),
        ("duration_s", "'1"),
        ("goodput_bps", "1e13"),
        ("encoded_body_bytes", "1.5"),
        ("encoded_body_bytes", "-1"),
        ("http_status", "99999"),
        ("http_status", "99"),
        ("tcp_retransmits", "1e10"),
        ("role", "victim"),
        ("failed_operation", "proxy"),
        ("target", ""),
        ("target", " facebook"),
        ("target", "face\x1b[31mbook"),
        ("target", "f" * 256),
        ("path", "a\tb"),
        ("failure", "\x00"),
        ("certificate_issuer", "C" * 10_001),
        ("started_at_utc", ""),
        ("started_at_utc", "yesterday"),
        ("started_at_utc", "2026-10-01T20:00:00"),
        ("started_at_utc", "2026-10-01"),
        ("started_at_utc", "2026-02-30T20:00:00Z"),
        ("started_at_utc", "2026-10-01T25:00:00Z"),
        ("started_at_utc", "2026-10-01T20:00:00.Z"),
        ("started_at_utc", "2016-12-31T23:59:60Z"),
        ("started_at_utc", "1999-12-31T23:59:59Z"),
        ("started_at_utc", "2100-01-01T00:00:00Z"),
        ("started_at_utc", "9999-12-31T23:59:59Z"),
        ("started_at_utc", "1760000000"),
    ],
)
def test_a_bad_cell_is_named_with_its_place(tmp_path: Path, column: str, cell: str):
    message = refused(tmp_path / "s.csv", row(column, cell))
    shown = repr(cell)[:60] if cell else "nothing"
    assert message.startswith(f"row 2, column {column}: found {shown}")
    assert "; allowed: " in message
    assert len(message) < 300


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_an_archive_of_blank_lines_is_not_read_for_ever(tmp_path: Path, ending: str):
    blank = b"\n" * 3_000_000
    packed = gzip.compress(f"{HEADER}\n".encode() * (ending == "csv") + blank)
    said = refused(tmp_path / f"s.{ending}.gz", packed)
    assert "found 100001 blank lines in a row" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        (f"{HEADER}\n", "found no rows"),
        (f"{HEADER};x\n{GOOD}\n", "unknown column 'connect_s;x'"),
        (f"{HEADER.replace(',', ';', 1)},x_a\n", "stands one mark: a comma, a"),
        (f"{HEADER.replace(',', ';')}\n", "found no rows"),
        (f"{HEADER};x_a\n{GOOD};1\n".replace(",", ";") + GOOD, "row 2: found 1 cells"),
        (f"{HEADER},speed\n{GOOD},1\n", "unknown column 'speed'; allowed: started"),
        (f"{HEADER},\n{GOOD},\n", "unknown column ''"),
        (f"{HEADER},connect_s\n{GOOD},1\n", "column connect_s is there twice"),
        ("target,connect_s\nfacebook,1\n", "column started_at_utc is missing"),
        ("started_at_utc\n2026-10-01T20:00:00Z\n", "column target is missing"),
        (f"{HEADER}\n{GOOD}\n{GOOD},9\n", "row 2: found 4 cells; allowed: 3"),
        (f"{HEADER}\n{GOOD}\na,b\n", "row 2: found 2 cells; allowed: 3"),
        (f"{HEADER}\n{GOOD[:-3]}\n", "row 1: found neither a measured value nor"),
        (f"{HEADER}\n{GOOD}\n" + 'a,"b', "row 2: no CSV"),
        (f'{HEADER}\n{GOOD}\na,"b"c,1\n', "row 2: no CSV"),
        (f"{HEADER}\n{GOOD}\n".replace("\n", "\r"), "no CSV"),
        (f"{HEADER}\n{GOOD}\na,{'b' * 140_000},1\n", "row 2: no CSV: field larger"),
        (f"{HEADER}\n{'b' * 1_100_000}\n", "line 2: found more than 1048576 bytes"),
        (f'{HEADER}\n"' + "\n".join(["b" * 99_000] * 12), "row"),
        (f"{HEADER}\n".encode() + b"\xff\xfe,a,1\n", r"line 2: found the bytes b'\xff"),
        (HEADER.encode("utf-16"), "line 1: found the bytes"),
        (b"PK\x03\x04\x00\x00", "unknown column"),
    ],
)
def test_a_file_that_is_no_table_of_samples_is_refused(tmp_path: Path, content, said):
    assert said in refused(tmp_path / "s.csv", content)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"connect_s": "0.1"}, "row 2, column connect_s: found '0.1'"),
        ({"connect_s": True}, "row 2, column connect_s: found True"),
        ({"connect_s": [1]}, "row 2, column connect_s: found [1]"),
        ({"connect_s": -1}, "row 2, column connect_s: found -1"),
        ({"encoded_body_bytes": 2**60}, "row 2, column encoded_body_bytes: found 1152"),
        (
            {"encoded_body_bytes": 10**400},
            "row 2, column encoded_body_bytes: found 1000",
        ),
        ({"target": 5}, "row 2, column target: found 5"),
        ({"target": None}, "row 2, column target: found nothing"),
        ({"failure": "\ud800"}, "row 2, column failure: found '\\ud800'"),
        ({"started_at_utc": 1_760_000_000}, "row 2, column started_at_utc: found 176"),
        ({"speed": 1}, "row 2: unknown column 'speed'"),
    ],
)
def test_a_bad_json_value_is_named(tmp_path: Path, change: dict, said: str):
    good = {"started_at_utc": "2026-10-01T20:00:00Z", "target": "a", "connect_s": 1}
    lines = [json.dumps(good), json.dumps({**good, **change})]
    assert refused(tmp_path / "s.ndjson", "\n".join(lines)).startswith(said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "row 1: no JSON"),
        ("[1]", "row 1: found [1]; allowed: a JSON object"),
        ('{"target": "a", "target": "b"}', "a name is there twice"),
        ('{"connect_s": NaN}', "NaN is no number"),
        ('{"connect_s": ' + "9" * 5000 + "}", "row 1: no JSON"),
        ('{"x_deep": ' + "[" * 100_000 + "}", "row 1: no JSON"),
        ('{"target": "a"}', "row 1: column started_at_utc is missing"),
        ("", "found no rows"),
    ],
)
def test_a_line_that_is_no_sample_is_refused(tmp_path: Path, line: str, said: str):
    assert said in refused(tmp_path / "s.jsonl", line)


ROWS = f"{HEADER}\n" + f"{GOOD}\n" * 3000


@pytest.mark.parametrize("cut", [-1, -9, 40])
@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_truncated_archive_is_refused(tmp_path: Path, ending: str, cut: int):
    packed = {"gz": gzip.compress, "zst": zstandard.compress}[ending](ROWS.encode())
    assert "cannot be read" in refused(tmp_path / f"s.csv.{ending}", packed[:cut])


@pytest.mark.parametrize("name", ["s.csv.gz", "s.csv.zst", "s.parquet"])
def test_what_is_not_what_its_ending_says_is_refused(tmp_path: Path, name: str):
    assert "cannot be read" in refused(tmp_path / name, ROWS)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_bomb_is_given_up_in_bounded_memory(tmp_path: Path, ending: str):
    """300 MB of one letter in a few kilobytes, unpacked piece by piece."""
    bomb = tmp_path / f"s.csv.{ending}"
    with pa.CompressedOutputStream(
        str(bomb), {"gz": "gzip"}.get(ending, "zstd")
    ) as out:
        out.write(f"{HEADER}\n".encode())
        for _ in range(30):
            out.write(b"a" * 10_000_000)
    before = pa.total_allocated_bytes()
    with pytest.raises(InputError, match="line 2: found more than 1048576 bytes"):
        next(read_batches(bomb))
    assert pa.total_allocated_bytes() - before < 50_000_000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.csv", "there is no such file"),
        ("s.xlsx", "unknown ending; allowed: .csv"),
        ("s", "unknown ending"),
        ("s.gz", "unknown ending"),
        ("s.parquet.gz", "unknown ending"),
    ],
)
def test_a_file_that_cannot_be_one_is_refused(tmp_path: Path, name: str, said: str):
    with pytest.raises(InputError, match=said):
        read_frame([tmp_path / name])


def test_a_folder_or_a_pipe_is_refused(tmp_path: Path):
    (tmp_path / "s.csv").mkdir()
    with pytest.raises(InputError, match="found no regular file"):
        read_frame([tmp_path / "s.csv"])


def test_only_the_rows_before_a_bad_one_are_handed_on(tmp_path: Path):
    """All or nothing is the caller's: it reads once to check and once to store."""
    file = tmp_path / "s.csv"
    file.write_text(ROWS * 1 + f"{GOOD}\n" * 20_000 + "a,b,c\n")
    found = read_batches(file)
    assert len(next(found)) == 20_000
    with pytest.raises(InputError, match="row 23001, column started_at_utc"):
        next(found)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("connect_s", [True, False], "column connect_s: found the type bool"),
        ("connect_s", ["0.1", "x"], "row 2, column connect_s: found 'x'"),
        ("connect_s", [0.1, -1.0], "row 2, column connect_s: found -1.0"),
        ("target", [1, 2], "column target: found the type int64"),
        (
            "started_at_utc",
            pd.to_datetime(["2026-10-01", "2026-10-02"]),
            "column started_at_utc: found the type timestamp",
        ),
        (
            "started_at_utc",
            pa.array([2**62] * 2, pa.timestamp("ms", "UTC")),
            "row 1, column started_at_utc: found",
        ),
    ],
)
def test_a_bad_parquet_column_is_named(tmp_path: Path, column: str, values, said: str):
    good = {
        "started_at_utc": pd.to_datetime(["2026-10-01T00:00:00Z"] * 2),
        "target": ["a", "b"],
        "connect_s": [0.1, 0.2],
    }
    pq.write_table(pa.table({**good, column: values}), tmp_path / "p.parquet")
    content = (tmp_path / "p.parquet").read_bytes()
    assert refused(tmp_path / "s.parquet", content).startswith(said)
