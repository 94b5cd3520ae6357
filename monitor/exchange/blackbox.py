"""History of Prometheus' blackbox_exporter into samples, through Prometheus' HTTP API.

Reads `probe_success`, `probe_duration_seconds`, `probe_http_status_code` and the phases
of `probe_http_duration_seconds` as they were scraped: Prometheus' answers at steps of
time (`query_range`) repeat the last value for five minutes, and beyond now. Phases add
up over redirects there; a target that redirects is better probed by its last address.
"""

import asyncio
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

from monitor.errors import InputError, ServiceError
from monitor.interchange import within_limits
from monitor.interchange.cell_checks import shown
from monitor.interchange.file_columns import NUMBERS
from monitor.masking import masked, masked_in
from monitor.model import Operation, Role, Sample
from monitor.untyped import Json

_METRICS: Final = (
    '__name__=~"probe_success|probe_duration_seconds|probe_http_status_code'
    '|probe_http_duration_seconds"'
)
_PHASES: Final = {
    "resolve": "domain_lookup_s",
    "connect": "connect_s",
    "tls": "tls_handshake_s",
    "processing": "waiting_s",
    "transfer": "response_s",
}
_NAMES: Final = {
    "probe_duration_seconds": "duration_s",
    "probe_http_status_code": "http_status",
    "probe_success": "success",
}
_OWN_LABELS: Final = {"__name__", "phase"}
"""Labels that tell the values of one scrape apart."""
PROBE: Final = "blackbox"
_AT_ONCE: Final = timedelta(days=1)
"""Prometheus loads no more than 50 million points for one question."""
_MAX_ANSWER_BYTES: Final = 200_000_000
_TIMEOUT_S: Final = 60.0
_NO_ANSWER: Final = (
    KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError,
    RecursionError,
)  # fmt: skip


Key = tuple[float, str, str]
"""Of one scrape: when, of what, and by which job."""


def read(
    url: str,
    *,
    since: datetime,
    until: datetime,
    vantage: str,
    role: Role = Role.TARGET,
    match: str = "",
) -> Iterator[Sample]:
    """One sample per scrape, by time.

    Parameters
    ----------
    url : of the Prometheus server, such as http://127.0.0.1:9090.
    match : further conditions on labels, such as `region="kz"`.

    Raises
    ------
    InputError : the URL is none, the server refuses the question, or two series cannot
        be told apart.
    ServiceError : the server is out of reach or answers with something else.
    """
    if not url.startswith(("http://", "https://")):
        raise InputError(
            f"prometheus: found {masked(url)!r}; allowed: http://HOST:9090"
        )
    start = since
    while start < until:
        end = min(until, start + _AT_ONCE)
        answer = asyncio.run(_asked(url, start, end, match))
        samples = samples_of(answer, vantage=vantage, role=role)
        # Some servers count the moment at which the range begins, some do not.
        yield from (s for s in samples if start <= s.started_at_utc < end)
        start = end


async def _asked(url: str, start: datetime, end: datetime, match: str) -> bytes:
    length_s = math.ceil((end - start).total_seconds()) + 1
    labels = f"{_METRICS},{match}" if match else _METRICS
    data = {"query": f"{{{labels}}}[{length_s}s]", "time": str(end.timestamp())}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                f"{url.rstrip('/')}/api/v1/query",
                data=data,
                # Where the owner said, and nowhere that it leads to.
                allow_redirects=False,
            ) as reply,
        ):
            return await _body(reply)
    except (aiohttp.ClientError, TimeoutError) as error:
        said = str(error) or "no reply"
        raise ServiceError(f"prometheus {masked(url)}: {masked_in(said)}") from None


async def _body(reply: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in reply.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError("the answer is too long")
    return bytes(body)


def samples_of(
    answer: bytes, *, vantage: str, role: Role = Role.TARGET
) -> list[Sample]:
    """The samples of one answer of series with their values, by time and target.

    Raises
    ------
    InputError : the server refused the question, or two series cannot be told apart.
    ServiceError : it is no such answer.
    """
    rows: dict[Key, dict[str, float]] = {}
    labels_of: dict[tuple[str, str], dict[str, str]] = {}
    try:
        document = json.loads(answer)
        if document["status"] != "success":
            raise InputError(f"prometheus: {shown(document.get('error'))}")
        for series in document["data"]["result"]:
            _collect(series, rows, labels_of)
        samples = [
            _sample(key, row, vantage, role) for key, row in sorted(rows.items())
        ]
    except _NO_ANSWER as error:
        raise ServiceError(
            f"prometheus: no answer of its API ({error!r:.200})"
        ) from None
    return list(within_limits("prometheus", filter(_says_something, samples)))


def _says_something(sample: Sample) -> bool:
    values = (getattr(sample, name) for name in NUMBERS)
    return sample.failure is not None or any(v is not None for v in values)


def _collect(
    series: Mapping[str, Json],
    rows: dict[Key, dict[str, float]],
    labels_of: dict[tuple[str, str], dict[str, str]],
) -> None:
    labels = series["metric"]
    name = _NAMES.get(labels["__name__"]) or _PHASES.get(labels.get("phase", ""))
    if name is None:
        return
    # By custom the target is in `instance`; some set-ups keep it in `target`.
    instance = labels.get("target") or labels["instance"]
    job = "/".join(labels[n] for n in ("job", "module") if n in labels)
    series_labels = {n: v for n, v in labels.items() if n not in _OWN_LABELS}
    other = labels_of.setdefault((instance, job), series_labels)
    if other != series_labels:
        raise _alike(instance, other, series_labels)
    for at_s, value in series["values"]:
        rows.setdefault((float(at_s), instance, job), {})[name] = float(value)


def _alike(
    instance: str, first: Mapping[str, str], second: Mapping[str, str]
) -> InputError:
    """Two series that would be one and the same site and probe."""
    name = next(n for n in sorted({*first, *second}) if first.get(n) != second.get(n))
    told = " and ".join(shown(labels.get(name, "")) for labels in (first, second))
    return InputError(
        f"prometheus: {shown(instance)}: found series with the labels {name} {told};"
        f" allowed: one; import each by itself, with --match '{name}=\"...\"' and a"
        " --vantage of its own"
    )


def _sample(key: Key, row: Mapping[str, float], vantage: str, role: Role) -> Sample:
    at_s, instance, job = key
    has_failed = row.get("success") == 0.0
    times: dict[str, Json] = {n: row[n] for n in _PHASES.values() if row.get(n)}
    return Sample(
        started_at_utc=datetime.fromtimestamp(at_s, UTC),
        target=instance.split("://", 1)[-1].rstrip("/"),
        role=role,
        vantage=vantage,
        probe=f"{PROBE}:{job}" if job else PROBE,
        duration_s=row.get("duration_s"),
        http_status=int(row.get("http_status", 0)) or None,
        failed_operation=_stopped_at(times) if has_failed else None,
        failure="unknown_failure: probe_success 0" if has_failed else None,
        **times,
    )


def _stopped_at(times: Mapping[str, float]) -> Operation:
    """The step after the last one that took any time."""
    if "waiting_s" in times:
        return Operation.READ
    if "tls_handshake_s" in times:
        return Operation.HTTP_ROUND_TRIP
    if "connect_s" in times:
        return Operation.TLS_HANDSHAKE
    return Operation.CONNECT if "domain_lookup_s" in times else Operation.RESOLVE
