"""One sample as a HAR 1.2 document, for the network tools of a browser.

No cookies, no bodies, no addresses. HAR counts milliseconds, its `connect` includes the
TLS handshake, and -1 says that a step does not apply.
"""

import json
from typing import Final

from monitor.model import Sample

_NOT_APPLICABLE: Final = -1


def har(sample: Sample, *, software_version: str) -> dict[str, object]:
    """The document of one sample."""
    url = sample.url or f"https://{sample.server_name or sample.target}/"
    started = sample.started_at_utc.isoformat(timespec="milliseconds")
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "monitor", "version": software_version},
            "entries": [
                {
                    "startedDateTime": started,
                    "time": _time_ms(sample),
                    "request": _request(url, sample),
                    "response": _response(sample),
                    "cache": {},
                    "timings": _timings(sample),
                    "comment": _comment(sample),
                }
            ],
        }
    }


def text(sample: Sample, *, software_version: str) -> str:
    """The document of one sample as JSON."""
    document = har(sample, software_version=software_version)
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _request(url: str, sample: Sample) -> dict[str, object]:
    return {
        "method": "GET",
        "url": url,
        "httpVersion": sample.http_version or "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "queryString": [],
        "headersSize": _NOT_APPLICABLE,
        "bodySize": 0,
    }


def _response(sample: Sample) -> dict[str, object]:
    n_bytes = sample.encoded_body_bytes
    return {
        "status": sample.http_status or 0,
        "statusText": "",
        "httpVersion": sample.http_version or "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": {"size": n_bytes or 0, "mimeType": "x-unknown"},
        "redirectURL": "",
        "headersSize": _NOT_APPLICABLE,
        "bodySize": _NOT_APPLICABLE if n_bytes is None else n_bytes,
        # What browsers write, too, when there was no whole answer.
        **({"_error": sample.failure} if sample.failure else {}),
    }


def _timings(sample: Sample) -> dict[str, float]:
    connect = sample.connect_s
    if connect is not None:
        connect += sample.tls_handshake_s or 0.0
    return {
        "blocked": _NOT_APPLICABLE,
        "dns": _ms(sample.domain_lookup_s),
        "connect": _ms(connect),
        "ssl": _ms(sample.tls_handshake_s),
        "send": 0,
        "wait": max(0, _ms(sample.waiting_s)),
        "receive": max(0, _ms(sample.response_s)),
    }


def _time_ms(sample: Sample) -> float:
    """The sum of the steps, as HAR defines it; `ssl` is in `connect` already."""
    steps = _timings(sample)
    return sum(ms for name, ms in steps.items() if ms > 0 and name != "ssl")


def _ms(seconds: float | None) -> float:
    return _NOT_APPLICABLE if seconds is None else 1000 * seconds


def _comment(sample: Sample) -> str:
    parts = [f"{sample.probe} probe of {sample.target} by monitor"]
    if sample.failure:
        parts.append(f"{sample.failed_operation}: {sample.failure}")
    return "; ".join(parts)
