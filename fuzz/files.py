"""Files that somebody hands to the program: read, or refused with an InputError.

What is read must also be good for the next step: an accepted configuration can be
probed with, accepted samples survive an export and an import unchanged.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from monitor.config import Config, effective, load
from monitor.errors import InputError, ServiceError
from monitor.exchange import Provenance, blackbox, reader
from monitor.interchange import NAMES, read_frame, samples_from, write_samples
from monitor.model import Sample
from monitor.probe.lookup import split_resolver
from monitor.probe.url import endpoint_of

_MOST_SAMPLES = 200


def config(data: bytes) -> None:
    """The text of config.yaml."""
    try:
        found = load(_file("config.yaml", data))
    except InputError:
        return
    effective(found)
    _can_be_probed_with(found)


def _can_be_probed_with(found: Config) -> None:
    for target in found.all_targets():
        endpoint_of(target.url)
        if target.download_url:
            endpoint_of(target.download_url)
    for address in found.probing.block_page_addresses:
        ip_address(address)
    for resolver in found.probing.resolvers:
        host, port = split_resolver(resolver)
        ip_address(host)
        assert 0 < port < 65536, resolver


def csv(data: bytes) -> None:
    """Samples as CSV."""
    _own(data, "csv", then="ndjson")


def ndjson(data: bytes) -> None:
    """Samples as NDJSON."""
    _own(data, "ndjson", then="csv")


def parquet(data: bytes) -> None:
    """Samples as Parquet."""
    _own(data, "parquet", then="ndjson")


def ooni(data: bytes) -> None:
    """OONI measurements, one per line."""
    _foreign(data, "ooni", "measurements.jsonl")


def speedtest(data: bytes) -> None:
    """The CSV of Speedtest Tracker."""
    _foreign(data, "speedtest-tracker", "results.csv")


def ookla(data: bytes) -> None:
    """What Ookla's own program prints."""
    _foreign(data, "ookla", "speedtest.json")


def iperf3(data: bytes) -> None:
    """What iperf3 prints."""
    _foreign(data, "iperf3", "iperf3.json")


def ndt7(data: bytes) -> None:
    """What ndt7-client prints."""
    _foreign(data, "ndt7", "ndt7.json")


def atlas(data: bytes) -> None:
    """Results of RIPE Atlas."""
    _foreign(data, "ripe-atlas", "atlas.json")


def smokeping(data: bytes) -> None:
    """What `rrdtool fetch` prints of SmokePing's archive."""
    _foreign(data, "smokeping", "youtube.txt")


def fping(data: bytes) -> None:
    """What `fping -D -l` prints."""
    _foreign(data, "fping", "fping.log")


def prometheus(data: bytes) -> None:
    """An answer of Prometheus to `query_range`."""
    try:
        samples = blackbox.samples_of(data, vantage="home")
    except (InputError, ServiceError):
        return
    _survive(samples[:_MOST_SAMPLES], "ndjson")


def _own(data: bytes, ending: str, *, then: str) -> None:
    try:
        frame = read_frame([_file(f"samples.{ending}", data)])
    except InputError:
        return
    _survive(samples_from(frame[:_MOST_SAMPLES]), then)


def _foreign(data: bytes, form: str, name: str) -> None:
    # A zone in which some times were shown twice, and some never.
    provenance = Provenance(
        vantage="home",
        zone=ZoneInfo("Europe/Berlin"),
        measured=datetime(2026, 10, 20, tzinfo=UTC),
    )
    read = reader(form, provenance)
    try:
        samples = list(islice(read(_file(name, data)), _MOST_SAMPLES))
    except InputError:
        return
    _survive(samples, "ndjson")


def _survive(found: Iterable[Sample], ending: str) -> None:
    """Samples are the same after an export and an import."""
    samples = list(found)
    if not samples:
        return
    file = _folder() / f"again.{ending}"
    write_samples(file, samples)
    again = [_facts(sample) for sample in samples_from(read_frame([file]))]
    first = {_identity(s): s for s in reversed(samples)}
    assert again == [_facts(s) for s in samples if first[_identity(s)] is s]


def _identity(s: Sample) -> tuple[object, ...]:
    names = s.vantage, s.target, s.path, s.probe, s.server_name, s.transport
    return *names, s.started_at_utc


def _facts(sample: Sample) -> list[object]:
    """What the interchange format carries; an empty text is none there."""
    values = [getattr(sample, name) for name in NAMES]
    return [None if value == "" else value for value in values]


def _file(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


@cache
def _temporary() -> TemporaryDirectory[str]:
    """One folder for the whole run, removed at its end."""
    return TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True)


def _folder() -> Path:
    return Path(_temporary().name)
