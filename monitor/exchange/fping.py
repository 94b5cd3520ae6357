"""Logs of fping, and SmokePing's archive as `rrdtool fetch` prints it, into samples.

fping: the lines of `fping -D -l HOST...` (time, host, number, bytes, milliseconds).
SmokePing: the table of `rrdtool fetch HOST.rrd AVERAGE` with its columns `loss` and
`median` [s]; the name of the host is that of the file. Round trips become `connect_s`.
"""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from monitor.exchange.bounded_lines import numbered_lines, refused
from monitor.model import Operation, Role, Sample

PROBE: Final = "ping"
_REPLY: Final = re.compile(
    r"\[(?P<at>\d{9,11}\.\d+)\]\s+(?P<host>\S+)\s*:\s*\[\d+\],\s"
    r"(?:(?:\d+ bytes, )?(?P<ms>\d+(?:\.\d+)?) ms|timed out)",
    re.ASCII,
)
_FETCHED: Final = re.compile(r"(\d{9,11}):\s+(.*)", re.ASCII)


def read_fping(
    path: Path, *, vantage: str, role: Role = Role.TARGET
) -> Iterator[Sample]:
    """One sample per echo request; other lines (statistics) are passed over.

    Raises
    ------
    InputError : there is not one line of `fping -D -l` in the file.
    """
    n_found = 0
    for _, line in numbered_lines(path):
        match = _REPLY.match(line)
        if match is not None:
            n_found += 1
            moment = datetime.fromtimestamp(float(match["at"]), UTC)
            rtt_s = None if match["ms"] is None else float(match["ms"]) / 1000
            yield _sample(moment, match["host"], vantage, role, rtt_s)
    if not n_found:
        raise refused(path, 1, "no reply of fping", "the lines of `fping -D -l HOST`")


def read_smokeping(
    path: Path, *, vantage: str, role: Role = Role.TARGET
) -> Iterator[Sample]:
    """One sample per step of the archive; steps without data are gaps.

    Raises
    ------
    InputError : the file is no output of `rrdtool fetch` on an archive of SmokePing.
    """
    names: list[str] = []
    for number, line in numbered_lines(path):
        match = _FETCHED.match(line.strip())
        if match is None:
            names = names or line.split()
            continue
        if not {"loss", "median"} <= set(names):
            raise refused(path, number, " ".join(names), "columns loss and median")
        row = dict(zip(names, _numbers(path, number, match[2]), strict=False))
        moment = datetime.fromtimestamp(int(match[1]), UTC)
        yield from _step(moment, path.stem, vantage, role, row)
    if "median" not in names:
        raise refused(path, 1, " ".join(names), "the output of `rrdtool fetch`")


def _numbers(path: Path, line: int, text: str) -> list[float]:
    try:
        # rrdtool writes the comma where the locale does, and nothing else with it.
        return [float(word.replace(",", ".")) for word in text.split()]
    except ValueError:
        raise refused(
            path, line, text, "numbers such as 1.2310000000e-02, or nan"
        ) from None


def _step(
    moment: datetime, host: str, vantage: str, role: Role, row: dict[str, float]
) -> Iterator[Sample]:
    loss, median_s = row.get("loss", math.nan), row.get("median", math.nan)
    if math.isfinite(median_s) and median_s >= 0:
        yield _sample(moment, host, vantage, role, median_s)
    elif math.isfinite(loss) and loss > 0:
        yield _sample(moment, host, vantage, role, None)


def _sample(
    moment: datetime, host: str, vantage: str, role: Role, rtt_s: float | None
) -> Sample:
    is_lost = rtt_s is None
    return Sample(
        started_at_utc=moment,
        target=host,
        role=role,
        vantage=vantage,
        probe=PROBE,
        connect_s=rtt_s,
        failed_operation=Operation.CONNECT if is_lost else None,
        failure="generic_timeout_error" if is_lost else None,
    )
