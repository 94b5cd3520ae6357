"""Reads a home-year of samples into a frame: `load_frame` beside pandas' own reader.

    python benchmarks/read_home_year.py [rows] [database URL]

Each reader runs in a process of its own, so that its peak memory is its own. Prints the
seconds, the ratio, and the peak over a bare process that has imported the libraries.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.model import Role, Sample
from monitor.store import open_store

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SITES = ("facebook", "youtube", "telegram", "twitter", "vk", "bbc", "wikipedia", "ok")
ROWS = 950_000

ONE_STATEMENT = (
    "SELECT started_at_us, target, is_control, vantage, path, probe, domain_lookup_s,"
    " connect_s, tls_handshake_s, waiting_s, response_s, duration_s,"
    " encoded_body_bytes, goodput_bps, http_status, failed_operation, failure,"
    " remote_address, certificate_sha256, certificate_issuer, tcp_min_rtt_s,"
    " tcp_retransmits, server_name, probe_version"
    " FROM samples JOIN series ON series.id = samples.series_id"
)


def samples(n_rows: int) -> Iterator[Sample]:
    """A home as the daemon stores it: a page and a transfer per site and round."""
    for i in range(n_rows):
        site = SITES[i // 2 % len(SITES)]
        moment = BEGIN + timedelta(seconds=i * 365 * 86_400 / n_rows)
        common = {
            "started_at_utc": moment,
            "target": site,
            "role": Role.TARGET if site in SITES[:4] else Role.CONTROL,
            "domain_lookup_s": 0.011 + i * 1e-9,
            "connect_s": 0.081 + i * 1e-9,
            "tls_handshake_s": 0.091 + i * 1e-9,
            "waiting_s": 0.12 + i * 1e-9,
            "response_s": 0.4 + i * 1e-8,
            "duration_s": 0.8 + i * 1e-8,
            "encoded_body_bytes": 500_000 + i,
            "http_status": 200,
            "remote_address": f"192.0.2.{i % 40}",
            "certificate_sha256": f"{i // 300_000:064x}",
            "certificate_issuer": "CN=Example Root,O=Example,C=US",
            "tcp_min_rtt_s": 0.08,
            "tcp_retransmits": i % 3,
            "server_name": f"www.{site}.com",
            "probe_version": "1",
            "failure": "generic_timeout_error" if i % 100 == 0 else None,
        }
        if i % 2:
            yield Sample(**common, probe="download", goodput_bps=8e6 + i)
        else:
            yield Sample(**common)


def with_load_frame(url: str) -> int:
    from monitor.store.frames import load_frame

    with open_store(url) as store:
        return len(load_frame(store))


def with_pandas(url: str) -> int:
    import pandas as pd
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.connect() as connection:
        return len(pd.read_sql(sa.text(ONE_STATEMENT), connection))


def measured(reader, url: str, answers) -> None:
    import pandas as pd  # noqa: F401
    import pyarrow as pa  # noqa: F401

    bare_mib = peak_mib()
    begin_s = time.perf_counter()
    n_rows = reader(url)
    answers.put((n_rows, time.perf_counter() - begin_s, bare_mib, peak_mib()))


def peak_mib() -> float:
    # Not ru_maxrss: a child's begins at its parent's.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(name: str, reader, url: str) -> float:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    child = context.Process(target=measured, args=(reader, url, answers))
    child.start()
    n_rows, took_s, bare_mib, highest_mib = answers.get()
    child.join()
    print(
        f"{name:12} {n_rows:9,} rows {took_s:6.2f} s,"
        f" peak {highest_mib:5.0f} MiB ({bare_mib:.0f} before)"
    )
    return took_s


def main() -> None:
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/year.db"
        begin_s = time.perf_counter()
        with open_store(url) as store:
            n_new = store.samples.append(samples(n_rows))
        took_s = time.perf_counter() - begin_s
        print(f"{'append':12} {n_new:9,} rows {took_s:6.2f} s")
        ours_s = min(run("load_frame", with_load_frame, url) for _ in range(3))
        pandas_s = min(run("pandas", with_pandas, url) for _ in range(3))
        print(f"pandas takes {pandas_s / ours_s:.1f} times as long")


if __name__ == "__main__":
    main()
