"""What one probe has seen so far, and the sample that it becomes."""

import socket
from dataclasses import dataclass, field
from datetime import datetime

from monitor import __version__
from monitor.clock import Clock
from monitor.model import PAIR_PROBES, Operation, Probe, Sample, Target, Transport
from monitor.probe.failure import failure_name
from monitor.probe.kernel import TcpFigures, tcp_figures
from monitor.probe.lookup import without_home
from monitor.probe.timing import Mark, goodput_bps, phases
from monitor.probe.traffic import Traffic
from monitor.probe.transfer import Meter

Trace = list[tuple[float, str]]
"""Events of one probe for `--debug`: (seconds since its start, what happened)."""

_GOOD_STATUS = frozenset({200, 206})
_TRANSFERS = PAIR_PROBES | {Probe.DOWNLOAD, Probe.SNI_SWAP}


@dataclass(slots=True, kw_only=True)
class Observation:
    """Facts of one attempt, filled in step by step; everything may stay unknown."""

    clock: Clock
    started_at_utc: datetime
    url: str
    trace: Trace | None = None
    operation: Operation = Operation.RESOLVE
    transport: Transport = Transport.TCP
    failure: str | None = None
    marks: dict[Mark, float] = field(default_factory=dict)
    resolver: str | None = None
    dns_answers: tuple[str, ...] = ()
    remote_address: str | None = None
    other_name: str | None = None
    """Asked for in TLS instead of the host's name; None: that."""
    server_name: str | None = None
    tls_version: str | None = None
    certificate_sha256: str | None = None
    certificate_issuer: str | None = None
    http_status: int | None = None
    http_version: str | None = None
    cdn: tuple[tuple[str, str], ...] = ()
    tcp: TcpFigures = field(default_factory=TcpFigures)
    body: bytearray | None = None
    """Gets the bytes of the body; None: they are only counted."""
    meter: Meter | None = None
    traffic: Traffic = field(default_factory=Traffic)

    def mark(self, mark: Mark, at_s: float | None = None) -> float:
        """Note an instant: now, or `at_s` on the monotonic clock."""
        instant_s = self.clock.monotonic_s() if at_s is None else at_s
        self.marks[mark] = instant_s
        self.note(mark.value, instant_s)
        return instant_s

    def note(self, event: str, at_s: float | None = None) -> None:
        """Add an event to the trace, if anybody wants one."""
        if self.trace is not None:
            instant_s = self.clock.monotonic_s() if at_s is None else at_s
            self.trace.append((instant_s - self.marks[Mark.START], event))

    def connection_ends(self, sock: socket.socket, read_bytes: int = 0) -> None:
        """Note what the kernel knows of a connection that is about to be closed."""
        self.tcp = tcp_figures(sock)
        self.traffic.add_connection(sock, read_bytes)

    def fail(self, error: Exception) -> None:
        """Note what stopped the probe, in the step that it was in."""
        self.failure = failure_name(error, self.operation)
        self.note(f"{self.operation} failed: {self.failure} ({error!r:.200})")
        if self.operation is Operation.READ:
            self.mark(Mark.RESPONSE_END)

    def sample(self, target: Target, probe: str, vantage: str) -> Sample:
        """The finished record."""
        spans = phases(self.marks)
        meter = self.meter
        body_bytes = None if meter is None else meter.n_bytes
        is_throughput = probe in _TRANSFERS and self.http_status in _GOOD_STATUS
        return Sample(
            started_at_utc=self.started_at_utc,
            target=target.name,
            role=target.role,
            vantage=vantage,
            probe=probe,
            domain_lookup_s=spans.domain_lookup_s,
            connect_s=spans.connect_s,
            tls_handshake_s=spans.tls_handshake_s,
            waiting_s=spans.waiting_s,
            response_s=spans.response_s,
            duration_s=spans.duration_s,
            encoded_body_bytes=body_bytes,
            goodput_bps=(
                goodput_bps(body_bytes or 0, spans.response_s)
                if is_throughput
                else None
            ),
            http_status=self.http_status,
            failed_operation=None if self.failure is None else self.operation,
            failure=self.failure,
            remote_address=self.remote_address,
            certificate_sha256=self.certificate_sha256,
            certificate_issuer=self.certificate_issuer,
            tcp_min_rtt_s=self.tcp.tcp_min_rtt_s,
            tcp_retransmits=self.tcp.tcp_retransmits,
            server_name=self.server_name,
            probe_version=__version__,
            transport=self.transport,
            service=target.service,
            part=target.part,
            tcp_rcv_rtt_s=self.tcp.tcp_rcv_rtt_s,
            tcp_rcv_ooopack=self.tcp.tcp_rcv_ooopack,
            tcp_segs_in=self.tcp.tcp_segs_in,
            timeline=() if meter is None else meter.curve.points(),
            resolver=without_home(self.resolver),
            dns_answers=self.dns_answers,
            url=self.url,
            http_version=self.http_version,
            tls_version=self.tls_version,
            cdn=self.cdn,
            tcp_rtt_s=self.tcp.tcp_rtt_s,
        )


def new_observation(
    clock: Clock, url: str, traffic: Traffic, trace: Trace | None = None
) -> Observation:
    """An observation that begins now; `url` is what may be stored of the address."""
    observation = Observation(
        clock=clock,
        started_at_utc=clock.now_utc(),
        url=url,
        trace=trace,
        traffic=traffic,
    )
    observation.mark(Mark.START)
    return observation
