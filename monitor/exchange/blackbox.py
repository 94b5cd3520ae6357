"""History of Prometheus' blackbox_exporter into samples, through Prometheus' HTTP API.

Reads `probe_success`, `probe_duration_seconds`, `probe_http_status_code` and the phases
of `probe_http_duration_seconds` over a range. Phases add up over redirects there; a
target that redirects is better probed by its last address.
"""

import asyncio
import json
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

_QUERY: Final = (
    '{__name__=~"probe_success|probe_duration_seconds|probe_http_status_code'
    '|probe_http_duration_seconds"}'
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
_MAX_POINTS: Final = 5000
"""Prometheus refuses more than 11,000 points of a series in one answer."""
_MAX_ANSWER_BYTES: Final = 200_000_000
_TIMEOUT_S: Final = 60.0
_NO_ANSWER: Final = (
    KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError,
    RecursionError,
)  # fmt: skip


def read(
    url: str,
    *,
    since: datetime,
    until: datetime,
    step: timedelta,
    vantage: str,
    role: Role = Role.TARGET,
) -> Iterator[Sample]:
    """One sample per target and step, by time.

    Parameters
    ----------
    url : of the Prometheus server, such as http://127.0.0.1:9090.
    step : the interval at which the exporter is scraped.

    Raises
    ------
    InputError : the URL is none, or the server refuses the question.
    ServiceError : the server is out of reach or answers with something else.
    """
    if not url.startswith(("http://", "https://")):
        raise InputError(
            f"prometheus: found {masked(url)!r}; allowed: http://HOST:9090"
        )
    start = since
    while start < until:
        end = min(until, start + _MAX_POINTS * step)
        answer = asyncio.run(_asked(url, start, end - step / 1000, step))
        yield from samples_of(answer, vantage=vantage, role=role)
        start = end


async def _asked(url: str, start: datetime, end: datetime, step: timedelta) -> bytes:
    data = {
        "query": _QUERY,
        "start": str(start.timestamp()),
        "end": str(end.timestamp()),
        "step": str(step.total_seconds()),
    }
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                f"{url.rstrip('/')}/api/v1/query_range",
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
    """The samples of one answer of `query_range`, by time and target.

    Raises
    ------
    InputError : the server refused the question.
    ServiceError : it is no such answer.
    """
    rows: dict[tuple[float, str], dict[str, float]] = {}
    try:
        document = json.loads(answer)
        if document["status"] != "success":
            raise InputError(f"prometheus: {shown(document.get('error'))}")
        for series in document["data"]["result"]:
            _collect(series, rows)
        samples = [
            _sample(at_s, instance, row, vantage, role)
            for (at_s, instance), row in sorted(rows.items())
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
    series: Mapping[str, Json], rows: dict[tuple[float, str], dict[str, float]]
) -> None:
    labels = series["metric"]
    name = _NAMES.get(labels["__name__"]) or _PHASES.get(labels.get("phase", ""))
    if name is None:
        return
    # By custom the target is in `instance`; some set-ups keep it in `target`.
    instance = labels.get("target") or labels["instance"]
    for at_s, value in series["values"]:
        rows.setdefault((float(at_s), instance), {})[name] = float(value)


def _sample(
    at_s: float, instance: str, row: Mapping[str, float], vantage: str, role: Role
) -> Sample:
    has_failed = row.get("success") == 0.0
    times: dict[str, Json] = {n: row[n] for n in _PHASES.values() if row.get(n)}
    return Sample(
        started_at_utc=datetime.fromtimestamp(at_s, UTC),
        target=instance.split("://", 1)[-1].rstrip("/"),
        role=role,
        vantage=vantage,
        probe="blackbox",
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
