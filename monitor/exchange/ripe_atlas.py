"""Results of RIPE Atlas (JSON, as its API or its page gives them), into samples.

Measurements of the kinds ping, sslcert and http have a value for us; what others say
(traceroute, dns, ntp) is passed over. Times are milliseconds, `timestamp` is UTC. Each
probe is a vantage of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from monitor.exchange.fping import PROBE as PING
from monitor.exchange.json_documents import (
    documents,
    no_such,
    number_in,
    reading,
    seconds,
)
from monitor.exchange.ooni import certificate_of
from monitor.model import Operation, Role, Sample
from monitor.untyped import Json

_ALLOWED: Final = "results of RIPE Atlas of the kinds ping, sslcert or http"
_Parts = dict[str, Json]


def read(
    path: Path, *, vantage: str | None, role: Role = Role.TARGET
) -> Iterator[Sample]:
    """One sample per result.

    Parameters
    ----------
    vantage : of the one probe in the file; None: each is `atlas-` and its number.

    Raises
    ------
    InputError : no result for us in the file, one that cannot be, or results of
        several probes for one vantage.
    """
    probes: set[Json] = set()
    others: set[str] = set()
    for number, document in documents(path):
        with reading(path, number, _ALLOWED):
            kind, probe = document["type"], number_in(document["prb_id"])
            if kind not in _KINDS:
                others.add(str(kind))
                continue
            sample = _sample(document, vantage or f"atlas-{probe}", role)
        probes.add(probe)
        if vantage is not None and len(probes) > 1:
            told = f"probes {', '.join(map(str, sorted(probes)))}"
            raise no_such(path, number, told, "one probe for one --vantage")
        yield sample
    if not probes:
        raise no_such(path, 1, ", ".join(sorted(others)) or "no result", _ALLOWED)


def _sample(document: Mapping[str, Json], vantage: str, role: Role) -> Sample:
    kind = document["type"]
    return Sample(
        started_at_utc=datetime.fromtimestamp(number_in(document["timestamp"]), UTC),
        role=role,
        vantage=vantage,
        probe=PING if kind == "ping" else f"atlas_{kind}",
        **_KINDS[kind](document),
    )


def _ping(document: Mapping[str, Json]) -> _Parts:
    parts = _named(document)
    rtts_ms = [
        number_in(r["rtt"]) for r in document.get("result") or () if r.get("rtt")
    ]
    if rtts_ms:
        return {**parts, "connect_s": median(rtts_ms) / 1000}
    return {**parts, **_failed(document, Operation.CONNECT, "timeout")}


def _sslcert(document: Mapping[str, Json]) -> _Parts:
    connect_s = seconds(document.get("ttc"))
    parts = {**_named(document), "connect_s": connect_s}
    if not document.get("cert"):
        stage = Operation.CONNECT if connect_s is None else Operation.TLS_HANDSHAKE
        return {**parts, **_failed(document, stage, "alert")}
    digest, issuer = certificate_of(PEM_cert_to_DER_cert(document["cert"][0]))
    return {
        **parts,
        "duration_s": seconds(document.get("rt")),
        "certificate_sha256": digest,
        "certificate_issuer": issuer,
    }


def _http(document: Mapping[str, Json]) -> _Parts:
    tries = document.get("result") or [{}]
    page = next((r for r in tries if "res" in r), tries[0])
    connect_s, first_s = seconds(page.get("ttc")), seconds(page.get("ttfb"))
    parts = {
        "target": urlsplit(document["uri"]).hostname,
        "remote_address": page.get("dst_addr"),
        "connect_s": connect_s,
        "waiting_s": _between(connect_s, first_s),
    }
    if "res" not in page:
        stage = Operation.CONNECT if connect_s is None else Operation.HTTP_ROUND_TRIP
        return {**parts, **_failed(page, stage, "no answer")}
    return {
        **parts,
        "duration_s": seconds(page.get("rt")),
        "http_status": page["res"],
        "encoded_body_bytes": page.get("bsize"),
    }


def _between(begin_s: float | None, end_s: float | None) -> float | None:
    return None if begin_s is None or end_s is None else max(0.0, end_s - begin_s)


_KINDS: Final[dict[str, Callable[[Mapping[str, Json]], _Parts]]] = {
    "ping": _ping,
    "sslcert": _sslcert,
    "http": _http,
}


def _named(document: Mapping[str, Json]) -> _Parts:
    address = document.get("dst_addr")
    return {"target": document.get("dst_name") or address, "remote_address": address}


def _failed(document: Mapping[str, Json], stage: Operation, otherwise: str) -> _Parts:
    """The failure in words of OONI where Atlas' own leave no doubt."""
    no_name = document.get("dnserr")
    said = str(no_name or document.get("err") or otherwise)
    failure = (
        "generic_timeout_error" if "timeout" in said else f"unknown_failure: {said}"
    )
    return {
        "failed_operation": Operation.RESOLVE if no_name else stage,
        "failure": failure,
    }
