"""Opens sample files: the format by the ending, decompressed, line by line, bounded."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from monitor.errors import InputError

_FORMATS: Final = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}
_CODECS: Final = {".gz": "gzip", ".zst": "zstd"}
_ALLOWED: Final = (
    "allowed: .csv, .ndjson, .jsonl (each also with .gz or .zst), .parquet"
)

LONGEST_LINE_BYTES: Final = 1_048_576
MOST_BLANK_LINES: Final = 100_000


@dataclass(frozen=True, slots=True)
class FileFormat:
    """What the ending of a file name says."""

    form: str
    codec: str | None


def file_format(path: Path) -> FileFormat:
    """The format by the ending.

    Raises
    ------
    InputError : the ending is unknown.
    """
    endings = [ending.lower() for ending in path.suffixes]
    codec = _CODECS.get(endings[-1]) if endings else None
    inner = endings[:-1] if codec else endings
    form = _FORMATS.get(inner[-1]) if inner else None
    if form is None or (codec and form == "parquet"):
        raise InputError(f"{path}: unknown ending; {_ALLOWED}")
    return FileFormat(form, codec)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Failures of the file system and of decompression as InputError."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: found no regular file; allowed: a file")
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: cannot be read: {said}") from error


def lines(path: Path, codec: str | None) -> Iterator[str]:
    """The lines with their ends, decompressed and decoded as they are asked for.

    Raises
    ------
    InputError : a line is too long or is not UTF-8, or there are too many blank ones;
        names its number.
    """
    with pa.OSFile(str(path)) as file, _plain(file, codec) as stream:
        number = n_blank = 0
        while line := stream.readline(LONGEST_LINE_BYTES + 1):
            number += 1
            # A small archive may hold hundreds of millions of them.
            n_blank = n_blank + 1 if line.isspace() else 0
            if n_blank > MOST_BLANK_LINES:
                raise InputError(
                    f"{path}: line {number}: found {n_blank} blank lines in a row;"
                    f" allowed: at most {MOST_BLANK_LINES}"
                )
            yield _decoded(path, number, line)


def _plain(file: pa.NativeFile, codec: str | None) -> io.BufferedReader:
    plain = file if codec is None else pa.CompressedInputStream(file, codec)
    return io.BufferedReader(plain, 1 << 20)


def _decoded(path: Path, number: int, line: bytes) -> str:
    if len(line) > LONGEST_LINE_BYTES:
        raise InputError(
            f"{path}: line {number}: found more than {LONGEST_LINE_BYTES} bytes;"
            " allowed: at most that"
        )
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        undecodable = line[error.start : error.start + 4]
        message = (
            f"{path}: line {number}: found the bytes {undecodable!r}; allowed: UTF-8"
        )
        raise InputError(message) from error
