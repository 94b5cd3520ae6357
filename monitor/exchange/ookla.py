"""What Ookla's own program prints (`speedtest --format=json`), into samples.

`bandwidth` is bytes per second, `latency` milliseconds, `timestamp` has its zone. What
names the household (address, provider, interface, link to the result) stays out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from monitor.exchange.bounded_lines import utc
from monitor.exchange.json_documents import (
    documents,
    no_such,
    number_in,
    reading,
    seconds,
)
from monitor.exchange.speedtest_tracker import TARGET
from monitor.model import Operation, Role, Sample
from monitor.untyped import Json

_ALLOWED: Final = "what `speedtest --format=json` of Ookla prints"


def read(path: Path, *, vantage: str) -> Iterator[Sample]:
    """One sample per test; one that failed has a time in its log line only.

    Raises
    ------
    InputError : there is no result in the file, or one that cannot be.
    """
    n_tests = 0
    for number, document in documents(path):
        with reading(path, number, _ALLOWED):
            sample = _sample(document, vantage)
        if sample is not None:
            n_tests += 1
            yield sample
    if not n_tests:
        raise no_such(path, 1, "no result", _ALLOWED)


def _sample(document: Mapping[str, Json], vantage: str) -> Sample | None:
    """A result, or an error with its time; None: what else the program logs."""
    if document.get("type") == "result":
        return _result(document, vantage)
    if document.get("type") == "log" and document.get("level") == "error":
        return Sample(
            started_at_utc=utc(document["timestamp"]),
            target=TARGET,
            role=Role.CONTROL,
            vantage=vantage,
            probe="speedtest",
            failed_operation=Operation.READ,
            failure="unknown_failure: speedtest",
        )
    if "error" in document or document.get("type") in ("log", "testStart", "ping"):
        return None
    if document.get("type") in ("download", "upload"):
        return None
    raise ValueError("no `type` of this program")


def _result(document: Mapping[str, Json], vantage: str) -> Sample:
    download = document["download"]
    return Sample(
        started_at_utc=utc(document["timestamp"]),
        target=TARGET,
        role=Role.CONTROL,
        vantage=vantage,
        probe="speedtest",
        connect_s=seconds(document["ping"]["latency"]),
        goodput_bps=8 * number_in(download["bandwidth"]),
        encoded_body_bytes=download.get("bytes"),
        response_s=seconds(download.get("elapsed")),
        remote_address=(document.get("server") or {}).get("ip"),
    )
