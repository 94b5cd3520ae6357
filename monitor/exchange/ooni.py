"""OONI measurements: samples out as JSONL of our own test, web_connectivity in.

Written after OONI's data formats df-000 to df-008 (version 0.2.0). What leaves has no
address of the household and none of servers, says AS0 and ZZ, and is never uploaded;
our own values stand under keys that begin with `x_`, which the format allows anywhere.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.exchange.bounded_lines import utc
from monitor.exchange.json_documents import documents, no_such, reading
from monitor.interchange.writing import replacing
from monitor.model import Operation, Role, Sample
from monitor.probe.lookup import without_home
from monitor.untyped import Json

TEST_NAME: Final = "monitor_page"
SOFTWARE_NAME: Final = "monitor"
_UTC: Final = ZoneInfo("UTC")
_TAKEN: Final = "web_connectivity"
_FORMAT: Final = "0.2.0"
_TIME: Final = "%Y-%m-%d %H:%M:%S"
_EXTRAS: Final = (
    "role",
    "path",
    "probe",
    "goodput_bps",
    "encoded_body_bytes",
    "tcp_min_rtt_s",
    "tcp_retransmits",
    "waiting_s",
    "response_s",
)


def measurement(sample: Sample, *, software_version: str) -> dict[str, Json]:
    """One sample as a measurement of our own test, without any address."""
    started = sample.started_at_utc.strftime(_TIME)
    return {
        "annotations": {},
        "data_format_version": _FORMAT,
        "extensions": {"dnst": 0, "httpt": 0, "tcpconnect": 0, "tlshandshake": 0},
        "input": f"https://{sample.server_name or sample.target}/",
        "measurement_start_time": started,
        "probe_asn": "AS0",
        "probe_cc": "ZZ",
        "probe_ip": "127.0.0.1",
        "report_id": "",
        "software_name": SOFTWARE_NAME,
        "software_version": software_version,
        "test_keys": _test_keys(sample),
        "test_name": TEST_NAME,
        "test_runtime": sample.duration_s or 0.0,
        "test_start_time": started,
        "test_version": "0.1.0",
    }


def _test_keys(sample: Sample) -> dict[str, Json]:
    marks = _marks(sample)
    extras = {name: getattr(sample, name) for name in _EXTRAS}
    return {
        "failure": sample.failure,
        "failed_operation": sample.failed_operation,
        "queries": _event(sample, Operation.RESOLVE, marks, {"query_type": "A"}),
        "tcp_connect": _event(sample, Operation.CONNECT, marks, {"port": 443}),
        "tls_handshakes": _event(
            sample,
            Operation.TLS_HANDSHAKE,
            marks,
            {"server_name": sample.server_name or ""},
        ),
        "requests": _event(
            sample,
            Operation.HTTP_ROUND_TRIP,
            marks,
            {"response": {"code": sample.http_status or 0, "body_is_truncated": True}},
        ),
        **{f"x_{name}": value for name, value in extras.items() if value is not None},
        "x_started_at_utc": sample.started_at_utc.isoformat(),
        "x_target": sample.target,
        "x_vantage": sample.vantage,
    }


def _marks(sample: Sample) -> dict[Operation, tuple[float, float]]:
    """Begin and end of each step that was measured [s since the start]."""
    steps = (
        (Operation.RESOLVE, sample.domain_lookup_s),
        (Operation.CONNECT, sample.connect_s),
        (Operation.TLS_HANDSHAKE, sample.tls_handshake_s),
        (Operation.HTTP_ROUND_TRIP, sample.waiting_s),
    )
    marks, now_s = {}, 0.0
    for operation, length_s in steps:
        if length_s is not None:
            marks[operation] = (now_s, now_s + length_s)
            now_s += length_s
    return marks


def _event(
    sample: Sample,
    operation: Operation,
    marks: Mapping[Operation, tuple[float, float]],
    more: Mapping[str, Json],
) -> list[dict[str, Json]]:
    has_failed = sample.failed_operation == operation
    if operation not in marks and not has_failed:
        return []
    t0, t = marks.get(operation, (0.0, sample.duration_s or 0.0))
    failure = sample.failure if has_failed else None
    return [{"failure": failure, "t0": t0, "t": t, "transaction_id": 1, **more}]


def write(path: Path, samples: Iterable[Sample], *, software_version: str) -> int:
    """How many measurements were written, one per line; the file appears whole.

    Raises
    ------
    InputError : the file cannot be written.
    """
    n_written = 0
    with replacing(path) as partial, partial.open("w", encoding="utf-8") as file:
        for sample in samples:
            document = measurement(sample, software_version=software_version)
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
            n_written += 1
    return n_written


def read(path: Path, *, vantage: str, role: Role = Role.TARGET) -> Iterator[Sample]:
    """One sample per web_connectivity measurement; other tests are passed over.

    Messengers and speed tests of OONI time no step that could be compared.

    Raises
    ------
    InputError : the file holds something else, or none of web_connectivity.
    """
    n_samples = 0
    others: dict[str, None] = {}
    for number, document in documents(path):
        with reading(path, number, _TAKEN):
            name = document["test_name"]
            if name != _TAKEN:
                others[str(name)] = None
                continue
            sample = _sample(document, vantage, role)
        n_samples += 1
        yield sample
    if not n_samples:
        told = f"only {', '.join(others)}" if others else "no measurement"
        raise no_such(path, 1, told, f"OONI's {_TAKEN}; the others time no page")


def _sample(document: Mapping[str, Json], vantage: str, role: Role) -> Sample:
    host = urlsplit(str(document["input"])).hostname or str(document["input"])
    keys = _first_page(document["test_keys"] or {}, host)
    lookup = _first_well(keys.get("queries"))
    connect = _first_well(keys.get("tcp_connect"))
    handshake = _first_well(keys.get("tls_handshakes"))
    request = (keys.get("requests") or [{}])[0]
    operation, failure = _failure(keys, request)
    digest, issuer = _certificate(handshake)
    return Sample(
        # The format says that it is UTC.
        started_at_utc=utc(document["measurement_start_time"], _UTC),
        target=host,
        role=role,
        vantage=vantage,
        probe="ooni",
        domain_lookup_s=_length_s(lookup),
        connect_s=_length_s(connect),
        tls_handshake_s=_length_s(handshake),
        waiting_s=_length_s(request),
        duration_s=_span_s(lookup, connect, handshake, request),
        http_status=(request.get("response") or {}).get("code") or None,
        failed_operation=operation,
        failure=failure,
        remote_address=connect.get("ip"),
        server_name=handshake.get("server_name"),
        certificate_sha256=digest,
        certificate_issuer=issuer,
        resolver=_resolver(document, keys),
        dns_answers=_answers(keys),
    )


def _resolver(document: Mapping[str, Json], keys: Mapping[str, Json]) -> str | None:
    """Whom the first lookup asked; OONI knows the system's own by its outer address."""
    if not keys["queries"]:
        return None
    asked = keys["queries"][0].get("resolver_address")
    return without_home(
        asked or keys.get("client_resolver") or document.get("resolver_ip") or None
    )


def _answers(keys: Mapping[str, Json]) -> tuple[str, ...]:
    """The addresses that the lookups gave, in their order."""
    answers = [
        answer for event in keys["queries"] for answer in event.get("answers") or ()
    ]
    addresses = (answer.get("ipv4") or answer.get("ipv6") for answer in answers)
    return tuple(dict.fromkeys(str(address) for address in addresses if address))


def _first_page(keys: Mapping[str, Json], host: str) -> dict[str, Json]:
    """The steps towards the page that was asked for, as our own probe takes them.

    A measurement also holds what came after it (redirects, tagged `depth=1` and more,
    the last one first) and beside it: handshakes that only check an address
    (`fetch_body=false`) and lookups of a public resolver's own name.
    """
    requests = {
        name: [event for event in keys.get(name) or [] if _is_own(event)]
        for name in ("queries", "tcp_connect", "tls_handshakes", "requests")
    }
    asked = [event for event in requests["queries"] if event.get("hostname") == host]
    return {
        **keys,
        **requests,
        # A name in another spelling is still the one that was asked for.
        "queries": asked or requests["queries"],
        "requests": requests["requests"][-1:],
    }


def _is_own(event: Mapping[str, Json]) -> bool:
    tags = [str(tag) for tag in event.get("tags") or ()]
    depths = [tag for tag in tags if tag.startswith("depth=")]
    is_first = not depths or "depth=0" in depths
    return is_first and "fetch_body=false" not in tags


def _first_well(events: Iterable[Mapping[str, Json]] | None) -> Mapping[str, Json]:
    for event in events or ():
        if _event_failure(event) is None:
            return event
    return {}


def _event_failure(event: Mapping[str, Json]) -> str | None:
    # A connection tells its failure in a status of its own.
    failure = (event.get("status") or event).get("failure")
    return None if failure is None else str(failure)


def _span_s(*events: Mapping[str, Json] | None) -> float | None:
    """From the beginning of the first step to the end of the last [s]."""
    marks = [e for e in events if e and _length_s(e) is not None]
    if not marks:
        return None
    return float(max(e["t"] for e in marks) - min(e["t0"] for e in marks))


def _length_s(event: Mapping[str, Json]) -> float | None:
    if event.get("t") is None or event.get("t0") is None:
        return None
    length_s = float(event["t"]) - float(event["t0"])
    return length_s if length_s >= 0 else None


_STEPS: Final = (
    (Operation.RESOLVE, "queries"),
    (Operation.CONNECT, "tcp_connect"),
    (Operation.TLS_HANDSHAKE, "tls_handshakes"),
)


def _failure(
    keys: Mapping[str, Json], request: Mapping[str, Json]
) -> tuple[Operation | None, str | None]:
    """The first step of which no attempt went well; none when a page was got."""
    if request and request.get("failure") is None:
        return None, None
    for operation, name in _STEPS:
        events = keys.get(name) or []
        failures = [_event_failure(event) for event in events]
        if failures and None not in failures:
            return operation, failures[0]
    failure = request.get("failure") or keys.get("http_experiment_failure")
    return (Operation.HTTP_ROUND_TRIP, str(failure)) if failure else (None, None)


def _certificate(handshake: Mapping[str, Json]) -> tuple[str | None, str | None]:
    certificates = handshake.get("peer_certificates") or []
    if not certificates:
        return None, None
    return certificate_of(base64.b64decode(certificates[0]["data"]))


def certificate_of(der: bytes) -> tuple[str, str]:
    """SHA-256 [hex] and issuer of a certificate; raises ValueError."""
    from cryptography.x509 import load_der_x509_certificate

    issuer = load_der_x509_certificate(der).issuer.rfc4514_string()
    return hashlib.sha256(der).hexdigest(), issuer
