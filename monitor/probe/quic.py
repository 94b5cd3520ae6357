"""The child: one GET over HTTP/3, by qh3, which is loaded in no other module.

The library gets datagrams and instants and gives datagrams and events; socket, clock,
limits and the judgement of the certificate are ours, as over TCP. A datagram's instant
is that at which the socket was readable, before anything is decrypted.
"""

import errno
import logging
import math
import select
import socket
import ssl
from collections import deque
from collections.abc import Iterator
from typing import Final

from qh3.h3.connection import H3_ALPN, H3Connection
from qh3.h3.events import DataReceived, H3Event, HeadersReceived
from qh3.h3.exceptions import H3Error
from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnection, QuicConnectionError
from qh3.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    QuicEvent,
    StreamDataReceived,
    StreamReset,
)

from monitor.children import answer
from monitor.clock import Clock, SystemClock
from monitor.model import Operation
from monitor.probe.certificate import TrustStore, presented_chain
from monitor.probe.failure import ProbeFailedError
from monitor.probe.http import kept_headers
from monitor.probe.http3 import Http3Request, request_of, told
from monitor.probe.observation import Observation, new_observation
from monitor.probe.timing import Mark
from monitor.probe.traffic import Traffic
from monitor.probe.transfer import Limits, Meter
from monitor.untyped import Json

_H3_NO_ERROR: Final = 0x100
_CONNECTION_REFUSED: Final = 0x2
_TLS_ALERTS: Final = range(0x100, 0x200)
_DATAGRAM_BYTES: Final = 65_536
_AT_ONCE: Final = 64
"""Datagrams that are taken apart before the clock is looked at again."""
_TELL_EVERY_S: Final = 0.5


class _Connection:
    """QUIC over a connected UDP socket."""

    def __init__(self, request: Http3Request, clock: Clock, traffic: Traffic) -> None:
        family = socket.AF_INET6 if ":" in request.address else socket.AF_INET
        self._peer = (request.address, request.port)
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.connect(self._peer)
        self._clock = clock
        self._traffic = traffic
        self._most_bytes = request.limits.received_max_bytes
        self.arrived_s = clock.monotonic_s()
        self.quic = QuicConnection(configuration=_configuration(request))

    def begin(self) -> float:
        """Send the first flight; when it went [s, monotonic]."""
        self.quic.connect(self._peer, self._clock.monotonic_s())
        began_s = self._clock.monotonic_s()
        self.flush()
        return began_s

    def flush(self) -> None:
        """Send what is to be sent now."""
        for data, _ in self.quic.datagrams_to_send(self._clock.monotonic_s()):
            try:
                self._sock.send(data)
            except BlockingIOError:
                return  # as if lost on the way: it is sent again

    def next_event(self, until_s: float) -> QuicEvent:
        """The next event; raises TimeoutError at an instant [s, monotonic]."""
        while (event := self.quic.next_event()) is None:
            self._exchange(until_s)
        return event

    def end(self) -> None:
        """Say goodbye and close."""
        self.quic.close(error_code=_H3_NO_ERROR)
        try:
            self.flush()
        except OSError:
            pass
        finally:
            self._sock.close()

    def _exchange(self, until_s: float) -> None:
        self.flush()
        timer_s = self.quic.get_timer()
        now_s = self._clock.monotonic_s()
        if now_s >= until_s:
            raise TimeoutError
        wake_s = min(until_s, math.inf if timer_s is None else timer_s)
        ready, _, _ = select.select([self._sock], [], [], max(0.0, wake_s - now_s))
        now_s = self._clock.monotonic_s()
        if ready:
            self._receive(now_s)
        elif timer_s is not None and now_s >= timer_s:
            self.quic.handle_timer(now_s)

    def _receive(self, now_s: float) -> None:
        datagrams = list(self._waiting())
        if self._traffic.received_bytes > self._most_bytes:
            raise ProbeFailedError("unknown_failure: received_too_much")
        self.arrived_s = now_s
        self.quic.receive_many_datagrams(datagrams, self._peer, now_s)

    def _waiting(self) -> Iterator[bytes]:
        for _ in range(_AT_ONCE):
            try:
                data = self._sock.recv(_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            self._traffic.add_datagram(self._sock, len(data))
            yield data


def _configuration(request: Http3Request) -> QuicConfiguration:
    """A client that verifies nothing, as over TCP: see `TrustStore`."""
    return QuicConfiguration(
        is_client=True,
        alpn_protocols=H3_ALPN,
        server_name=request.server_name,
        verify_mode=ssl.CERT_NONE,
        # Longer than any silence of ours: who gives up, and when, is for us to say.
        idle_timeout=4 * max(request.stage_s, request.limits.silence_s),
    )


def attempt(
    request: Http3Request, observation: Observation, clock: Clock, trust: TrustStore
) -> Iterator[None]:
    """Handshake, request, body; a step ends whenever something new can be told."""
    observation.operation = Operation.CONNECT
    connection = _Connection(request, clock, observation.traffic)
    try:
        yield
        _shake_hands(connection, request, observation, trust)
        yield
        for _ in _Exchange(connection, request, observation, clock).steps():
            yield
    finally:
        connection.end()


def _shake_hands(
    connection: _Connection,
    request: Http3Request,
    observation: Observation,
    trust: TrustStore,
) -> None:
    observation.operation = Operation.TLS_HANDSHAKE
    observation.server_name = request.server_name
    began_s = observation.mark(Mark.TLS_START, connection.begin())
    while True:
        event = connection.next_event(began_s + request.stage_s)
        if isinstance(event, HandshakeCompleted):
            break
        if isinstance(event, ConnectionTerminated):
            raise _in_handshake(event)
    observation.mark(Mark.TLS_END, connection.arrived_s)
    connection.flush()
    observation.tls_version = "TLSv1.3"  # QUIC has no other (RFC 9001)
    leaf, others = connection.quic.get_peercert(), connection.quic.get_issuercerts()
    certificates = [*([] if leaf is None else [leaf]), *others]
    presented = presented_chain([c.public_bytes() for c in certificates])
    observation.certificate_sha256 = presented.sha256
    observation.certificate_issuer = presented.issuer
    trust.verify(presented, request.server_name)


class _Exchange:
    """The request and its answer."""

    def __init__(
        self,
        connection: _Connection,
        request: Http3Request,
        observation: Observation,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._request = request
        self._observation = observation
        self._clock = clock
        self._http = H3Connection(connection.quic)
        self._stream_id = connection.quic.get_next_available_stream_id()
        self._waiting: deque[H3Event] = deque()

    def steps(self) -> Iterator[None]:
        """Ask and read; a step ends whenever something new can be told."""
        observation = self._observation
        observation.operation = Operation.HTTP_ROUND_TRIP
        self._http.send_headers(
            self._stream_id, _head_of(self._request), end_stream=True
        )
        sent_s = observation.mark(Mark.REQUEST_START)
        self._connection.flush()
        until_s = sent_s + self._request.stage_s
        while not isinstance(event := self._next(until_s), HeadersReceived):
            pass
        self._note_head(event)
        yield
        yield from self._body(event)

    def _next(self, until_s: float) -> H3Event:
        """What comes next on our stream, until an instant [s, monotonic].

        Raises
        ------
        TimeoutError, EOFError, ConnectionResetError
            At that instant; when the connection ends; when the stream does.
        """
        while not self._waiting:
            event = self._connection.next_event(until_s)
            if isinstance(event, ConnectionTerminated):
                raise _later(event)
            if getattr(event, "stream_id", None) == self._stream_id:
                self._note(event)
            self._waiting.extend(
                of_http
                for of_http in self._http.handle_event(event)
                if getattr(of_http, "stream_id", None) == self._stream_id
            )
        return self._waiting.popleft()

    def _note(self, event: QuicEvent) -> None:
        if isinstance(event, StreamReset):
            raise ConnectionResetError(errno.ECONNRESET, "stream reset")
        marks = self._observation.marks
        if isinstance(event, StreamDataReceived) and Mark.RESPONSE_START not in marks:
            self._observation.mark(Mark.RESPONSE_START, self._connection.arrived_s)

    def _note_head(self, event: HeadersReceived) -> None:
        headers = tuple((name.lower(), value) for name, value in event.headers)
        status = dict(headers).get(b":status", b"")
        if not (status.isdigit() and len(status) == 3):
            raise ProbeFailedError("unknown_failure: invalid_http_response")
        self._observation.http_status = int(status)
        self._observation.http_version = "3"
        self._observation.cdn = kept_headers(headers)

    def _body(self, head: HeadersReceived) -> Iterator[None]:
        observation, limits = self._observation, self._request.limits
        observation.operation = Operation.READ
        began_s = observation.marks[Mark.RESPONSE_START]
        observation.meter = meter = Meter(began_s)
        told_s, is_whole = began_s, head.stream_ended
        while not is_whole and not meter.is_at(limits):
            is_whole = self._read(meter, limits)
            if self._clock.monotonic_s() - told_s >= _TELL_EVERY_S:
                told_s = self._clock.monotonic_s()
                yield
        announced = dict(head.headers).get(b"content-length", b"")
        if not meter.is_at(limits) and meter.n_bytes < _length(announced):
            raise EOFError
        observation.mark(Mark.RESPONSE_END, began_s + meter.elapsed_s)

    def _read(self, meter: Meter, limits: Limits) -> bool:
        """Count the next piece of the body; whether it was the last one."""
        silent_since_s = meter.began_s + meter.elapsed_s
        event = self._next(silent_since_s + limits.silence_s)
        if isinstance(event, DataReceived):
            meter.add(len(event.data), self._connection.arrived_s)
        return bool(getattr(event, "stream_ended", False))


def _length(announced: bytes) -> int:
    """An announced length; 0 where none is."""
    return int(announced[:18]) if announced.isdigit() else 0


def _head_of(request: Http3Request) -> list[tuple[bytes, bytes]]:
    """The request, with the pseudo-headers in a browser's order."""
    fields = {
        ":method": "GET",
        ":authority": request.authority,
        ":scheme": "https",
        ":path": request.request_target,
        **request.fields,
    }
    return [(name.lower().encode(), value.encode()) for name, value in fields.items()]


def _in_handshake(event: ConnectionTerminated) -> Exception:
    """What ended a handshake, by the names of OONI's quic-go.

    Source: ooni/probe-cli, `internal/netxlite/classify.go`, ClassifyQUICHandshakeError.
    """
    if "protocol version" in event.reason_phrase:
        return ProbeFailedError("quic_incompatible_version")
    if event.error_code == _CONNECTION_REFUSED:
        return ProbeFailedError("connection_refused")
    if event.error_code in _TLS_ALERTS:
        return ProbeFailedError("ssl_failed_handshake")
    return _later(event)


def _later(event: ConnectionTerminated) -> Exception:
    if "dle timeout" in event.reason_phrase:
        return TimeoutError()
    return EOFError()


def _work(request: Json) -> Iterator[Json]:
    logging.disable()  # the library tells of the peer's doings there
    request, clock = request_of(request), SystemClock()
    observation = new_observation(clock, "", Traffic())
    trust = TrustStore(clock)
    try:
        for _ in attempt(request, observation, clock, trust):
            yield told(observation)
    except (H3Error, QuicConnectionError):
        observation.fail(ProbeFailedError("unknown_failure: invalid_http_response"))
    except Exception as error:  # noqa: BLE001  # it is the outcome
        observation.fail(error)
    yield told(observation)


if __name__ == "__main__":
    answer(_work)
