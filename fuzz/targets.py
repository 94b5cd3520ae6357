"""All targets by name."""

from collections.abc import Callable
from typing import Final

from fuzz import files, wire

TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "config": files.config,
    "csv": files.csv,
    "ndjson": files.ndjson,
    "parquet": files.parquet,
    "ooni": files.ooni,
    "speedtest": files.speedtest,
    "ookla": files.ookla,
    "iperf3": files.iperf3,
    "ndt7": files.ndt7,
    "atlas": files.atlas,
    "smokeping": files.smokeping,
    "fping": files.fping,
    "prometheus": files.prometheus,
    "http": wire.http,
    "page": wire.page,
    "dns": wire.dns,
}
