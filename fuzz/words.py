"""Words that a fuzzer would hardly guess: names of keys, columns and headers."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import get_type_hints

from monitor.config import Config
from monitor.interchange import COLUMNS

_MORE = {
    "config": "http:// https:// tcp:// 10s 24h 2MB kB GB null true ~ ipv4 !! &a *a ?"
    " | postgresql:// sqlite:/// 127.0.0.1 ::1 Asia/Almaty extended require ru",
    "prometheus": "status success error data result metric values __name__ instance"
    " phase target NaN +Inf 1e400 probe_success probe_duration_seconds"
    " probe_http_status_code probe_http_duration_seconds resolve connect tls",
    "ooni": "test_name web_connectivity test_keys queries tcp_connect tls_handshakes"
    " requests failure status t0 input response code peer_certificates data ip"
    " measurement_start_time server_name http_experiment_failure null NaN Infinity",
    "speedtest": "Download Ping Created\\x20at",
    "ookla": "type result log level timestamp ping latency download bandwidth bytes"
    " elapsed server ip error",
    "iperf3": "start timestamp timesecs connecting_to host test_start protocol TCP"
    " reverse bidir end sum_received seconds bytes bits_per_second error",
    "ndt7": "Key error Value Test download Failure ServerFQDN Download Throughput Unit"
    " Mbit/s Latency ms ServerIP",
    "atlas": "type ping sslcert http prb_id timestamp dst_name dst_addr result rtt ttc"
    " rt cert res ttfb bsize uri err dnserr alert",
    "smokeping": "loss median nan inf -nan 1e400 :",
    "fping": "[ ] : timed\\x20out bytes, ms",
    "http": "HTTP/1.1\\x20 HTTP/1.0\\x20 200 204 304 206 100 101 \\x0d\\x0a Connection:"
    " Content-Length: Transfer-Encoding: chunked Content-Encoding: gzip Location:"
    " Content-Type: text/html Content-Range: bytes 0\\x0d\\x0a\\x0d\\x0a <base <script"
    " href= src= <img Server:",
    "dns": "\\x03www\\x07example\\x03org\\x00 \\xc0\\x0c \\x00\\x01\\x00\\x01"
    " \\x00\\x1c\\x00\\x01 \\x00\\x05\\x00\\x01 \\x81\\x80 \\x83\\x80 \\x00\\x29",
}


def of(target: str) -> tuple[str, ...]:
    """Words for one target, in libFuzzer's notation."""
    words = _MORE.get(target, "").split()
    if target == "config":
        words += dict.fromkeys(_keys(Config))
    if target in {"csv", "ndjson", "parquet"}:
        words += [column.name for column in COLUMNS]
        words += [choice for column in COLUMNS for choice in column.choices]
    return tuple(words)


def _keys(section: type) -> Iterator[str]:
    kinds = get_type_hints(section)
    for key in filter(attrgetter("init"), fields(section)):
        kind = kinds[key.name]
        yield key.name
        for part in (kind, *getattr(kind, "__args__", ())):
            if is_dataclass(part):
                yield from _keys(part)
