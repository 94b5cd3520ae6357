"""What M-Lab's ndt7-client prints (`ndt7-client -format json`), into one sample.

Its document says no time at all, so a file holds one test and whoever imports it says
when that was. `Unit` is in the document. What names the household stays out.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from monitor.errors import InputError
from monitor.exchange.json_documents import (
    documents,
    no_such,
    number_in,
    reading,
    seconds,
)
from monitor.model import Operation, Role, Sample
from monitor.untyped import Json

TARGET: Final = "ndt"
"""The line itself, to the nearest server of M-Lab: a control."""
_BPS: Final = {"Mbit/s": 1e6}
_ALLOWED: Final = "what `ndt7-client -format json` prints"


def read(path: Path, *, vantage: str, measured: datetime | None) -> Iterator[Sample]:
    """The download of one test.

    Parameters
    ----------
    measured : when, with its zone; the file does not say it.

    Raises
    ------
    InputError : there is no test in the file, or more than one, or nobody said when.
    """
    results: list[Sample] = []
    if measured is None:
        raise InputError(
            f"{path}: ndt7-client writes no time; give it: --at 2026-10-20T20:15"
        )
    for number, document in documents(path):
        with reading(path, number, _ALLOWED):
            results += _results(document, vantage, measured)
    if not results:
        raise no_such(path, 1, "no download", _ALLOWED)
    if len(results) > 1:
        raise no_such(path, 1, f"{len(results)} downloads", "one test in a file")
    yield results[0]


def _results(
    document: Mapping[str, Json], vantage: str, measured: datetime
) -> Iterator[Sample]:
    if "ServerFQDN" in document and document.get("Download"):
        yield _summary(document, vantage, measured)
    elif document.get("Key") == "error" and document["Value"]["Test"] == "download":
        yield Sample(
            started_at_utc=measured,
            target=TARGET,
            role=Role.CONTROL,
            vantage=vantage,
            probe="ndt7",
            failed_operation=Operation.READ,
            failure=f"unknown_failure: {document['Value']['Failure']}",
        )
    elif "Key" not in document and "ServerFQDN" not in document:
        raise ValueError("no event of ndt7-client")


def _summary(document: Mapping[str, Json], vantage: str, measured: datetime) -> Sample:
    download = document["Download"]
    # Before 0.6 the rate stood in `Download` itself.
    rate = download.get("Throughput", download)
    latency = download.get("Latency") or {}
    return Sample(
        started_at_utc=measured,
        target=TARGET,
        role=Role.CONTROL,
        vantage=vantage,
        probe="ndt7",
        goodput_bps=number_in(rate["Value"]) * _BPS[rate["Unit"]],
        tcp_min_rtt_s=seconds(latency["Value"])
        if latency.get("Unit") == "ms"
        else None,
        remote_address=document.get("ServerIP") or None,
    )
