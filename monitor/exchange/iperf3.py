"""What iperf3 prints (`iperf3 --json --reverse -c HOST`), into samples.

Only downloads over TCP are taken: without `--reverse` the home sends, and the rate of
UDP is what its sender was told to send. Whose name the host is, `--role` says.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from monitor.exchange.json_documents import documents, no_such, number_in, reading
from monitor.model import Operation, Role, Sample
from monitor.untyped import Json

PROBE: Final = "iperf3"
_ALLOWED: Final = "what the client `iperf3 --json --reverse -c HOST` prints, over TCP"


def read(path: Path, *, vantage: str, role: Role = Role.TARGET) -> Iterator[Sample]:
    """One sample per download; tests without a time (no server was reached) have none.

    Raises
    ------
    InputError : there is no download in the file, or one that cannot be.
    """
    n_tests = 0
    passed_over = "no test"
    for number, document in documents(path):
        with reading(path, number, _ALLOWED):
            reason = _unfit(document)
            sample = None if reason else _sample(document, vantage, role)
        if sample is None:
            passed_over = reason
            continue
        n_tests += 1
        yield sample
    if not n_tests:
        raise no_such(path, 1, passed_over, _ALLOWED)


def _unfit(document: Mapping[str, Json]) -> str:
    """Why a test says nothing of a download; empty: it does."""
    start = document["start"]
    if "timestamp" not in start:
        return f"a test without a time: {document.get('error', '')}"
    if "connecting_to" not in start:
        return "a test as the server saw it"
    if "error" in document:
        return ""
    test = start["test_start"]
    if test["protocol"] != "TCP":
        return f"a test over {test['protocol']}"
    if not (test["reverse"] or test.get("bidir")):
        return "an upload"
    return ""


def _sample(document: Mapping[str, Json], vantage: str, role: Role) -> Sample:
    start = document["start"]
    has_failed = "error" in document
    end = {} if has_failed else _received(document)
    return Sample(
        started_at_utc=datetime.fromtimestamp(
            number_in(start["timestamp"]["timesecs"]), UTC
        ),
        target=start["connecting_to"]["host"],
        role=role,
        vantage=vantage,
        probe=PROBE,
        response_s=end.get("seconds"),
        encoded_body_bytes=end.get("bytes"),
        goodput_bps=None if has_failed else number_in(end["bits_per_second"]),
        failed_operation=Operation.READ if has_failed else None,
        failure=f"unknown_failure: {document['error']}" if has_failed else None,
    )


def _received(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """What the home received; with `--bidir` it sends at the same time."""
    is_both_ways = bool(document["start"]["test_start"].get("bidir"))
    name = "sum_received_bidir_reverse" if is_both_ways else "sum_received"
    received: Mapping[str, Json] = document["end"][name]
    return received
