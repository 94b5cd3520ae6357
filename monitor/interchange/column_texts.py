"""What the columns of sample files mean, and in which unit, for files that say so."""

from typing import Final

MEANINGS: Final = {
    "started_at_utc": "wall clock when the attempt began",
    "target": "name of the measured site",
    "role": "target, or control: a site that nobody has a reason to slow down",
    "vantage": "measuring point: a home and its line",
    "path": "how the site was reached: direct, or the name of a proxy or tunnel",
    "probe": "kind of active measurement",
    "domain_lookup_s": "name lookup: query sent to answer received",
    "connect_s": "TCP handshake only",
    "tls_handshake_s": "TLS handshake only (W3C connectEnd includes it)",
    "waiting_s": "request sent to first response byte",
    "response_s": "first to last response byte",
    "duration_s": "whole attempt",
    "encoded_body_bytes": "body bytes read, before decompression",
    "goodput_bps": "bit/s of the throughput transfer (probe download)",
    "http_status": "status code of the answer",
    "failed_operation": (
        "step that failed: resolve, connect, tls_handshake, http_round_trip, read"
    ),
    "failure": "name of the failure, OONI df-007; empty when nothing failed",
    "remote_address": "address that was connected to",
    "certificate_sha256": (
        "SHA-256 fingerprint of the server's certificate, also of a refused one"
    ),
    "certificate_issuer": "its issuer",
    "tcp_min_rtt_s": "the kernel's smallest round trip of the connection",
    "tcp_retransmits": "segments that we sent again; on a download it says little",
    "server_name": "host name asked for (SNI)",
    "probe_version": "version of the program that measured",
    "transport": "what carried the bytes: tcp or quic; each has series of its own",
    "service": "the service that the site belongs to, where several sites are of one",
    "part": "what the site is to its service, such as page, media, api, messaging",
    "block": "id that joins the rows measured to be compared with each other",
    "tcp_rcv_rtt_s": (
        "the receiver's estimate of the round trip, when the connection ended"
    ),
    "tcp_rcv_ooopack": "segments that arrived out of order: holes seen by the receiver",
    "tcp_segs_in": "segments that arrived, acknowledgements included",
    "timeline": (
        "bounded curve of the transfer: (seconds since the first response byte, "
        "cumulative body bytes)"
    ),
    "resolver": (
        "who was asked for the name, also when it did not answer: an address; "
        "hosts for this machine's hosts file, localhost for a name of this "
        "machine, system where the operating system resolved, private for a "
        "resolver inside the home, whose address is not stored"
    ),
    "dns_answers": "all addresses in the answer, in its order, at most 16",
    "round_id": "the round it belongs to",
    "sequence": "its place in the round's random order, from 0",
    "url": "what was asked for",
    "http_version": "protocol versions agreed on",
    "tls_version": "protocol versions agreed on",
    "cdn": "response headers that tell which cache answered",
    "tcp_rtt_s": "the kernel's smoothed round trip",
}
"""Field -> its line in docs/glossary.md, plainly written."""

_UNITS: Final = {"_s": "s", "_bps": "bit/s", "_bytes": "bytes", "_utc": "UTC"}
_OTHERS: Final = {
    "tcp_retransmits": "segments",
    "tcp_rcv_ooopack": "segments",
    "tcp_segs_in": "segments",
    "timeline": "[s, bytes]",
}


def unit(name: str) -> str | None:
    """The unit of a field; None: it has none."""
    endings = (unit for ending, unit in _UNITS.items() if name.endswith(ending))
    return _OTHERS.get(name) or next(endings, None)
