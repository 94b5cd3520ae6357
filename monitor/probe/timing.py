"""Marks on the monotonic clock to durations, and the bounded curve of a transfer.

Pure: seconds and bytes in, seconds, bytes and bits per second out. All phases are
defined here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CURVE_POINTS = 64
"""Most points that are kept of one transfer."""


class Mark(StrEnum):
    """Instants of one probe, in the order in which they come."""

    START = "start"
    LOOKUP_START = "lookup_start"
    LOOKUP_END = "lookup_end"
    CONNECT_START = "connect_start"
    CONNECT_END = "connect_end"
    TLS_START = "tls_start"
    TLS_END = "tls_end"
    REQUEST_START = "request_start"
    RESPONSE_START = "response_start"
    RESPONSE_END = "response_end"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Durations of the steps of one probe [s]; None where a step did not end."""

    domain_lookup_s: float | None
    connect_s: float | None
    tls_handshake_s: float | None
    waiting_s: float | None
    response_s: float | None
    duration_s: float | None


def phases(marks: Mapping[Mark, float]) -> Phases:
    """Durations between marks; `marks` are seconds on one monotonic clock.

    Notes
    -----
    `domain_lookup_s` is from the first query sent to the arrival of the answer that was
    used. `connect_s` is TCP's handshake alone (by the kernel's clock where it tells, so
    that a busy machine adds nothing), `tls_handshake_s` TLS's alone (the W3C's
    connectEnd includes it). `waiting_s` is from the request to the arrival of the first
    byte of the answer, `response_s` from there to the arrival of the last byte; if the
    answer broke off, to the moment when that was known, so that a freeze shows.
    """

    def between(first: Mark, second: Mark) -> float | None:
        if first not in marks or second not in marks:
            return None
        return marks[second] - marks[first]

    return Phases(
        domain_lookup_s=between(Mark.LOOKUP_START, Mark.LOOKUP_END),
        connect_s=between(Mark.CONNECT_START, Mark.CONNECT_END),
        tls_handshake_s=between(Mark.TLS_START, Mark.TLS_END),
        waiting_s=between(Mark.REQUEST_START, Mark.RESPONSE_START),
        response_s=between(Mark.RESPONSE_START, Mark.RESPONSE_END),
        duration_s=between(Mark.START, Mark.END),
    )


def goodput_bps(body_bytes: int, response_s: float | None) -> float | None:
    """Rate of a transfer: 8 x body bytes / (last byte - first byte) [bit/s].

    Parameters
    ----------
    body_bytes : bytes of the body before decompression [bytes].
    response_s : first to last byte of the answer [s].

    Notes
    -----
    This is curl's figure (size_download over time_total - time_starttransfer), but that
    the first byte is the wire's: curl sees it when the first TLS record is whole, which
    at 128 kbit/s may be half a second later. The bytes that came together with the
    first one are counted, as in curl: of a 500 kB object they are at most 3 %. None
    without a body, or when all of it came at once. A frozen transfer's `response_s`
    runs until it was given up, so its rate is low.
    """
    if not body_bytes or not response_s:
        return None
    return 8 * body_bytes / response_s


class Curve:
    """Cumulative bytes over time, thinned as it grows: bounded for any transfer.

    The first and the last point are always kept. Whenever there would be more than
    `CURVE_POINTS`, every second one goes and the spacing of new ones doubles.
    """

    __slots__ = ("_points", "_spacing_s")

    def __init__(self) -> None:
        self._points: list[tuple[float, int]] = []
        self._spacing_s = 0.0

    def add(self, elapsed_s: float, total_bytes: int) -> None:
        """Note that `total_bytes` had arrived after `elapsed_s`."""
        points = self._points
        if len(points) > 1 and elapsed_s - points[-2][0] < self._spacing_s:
            points[-1] = (elapsed_s, total_bytes)
            return
        points.append((elapsed_s, total_bytes))
        if len(points) > CURVE_POINTS:
            self._thin()

    def points(self) -> tuple[tuple[float, int], ...]:
        """The curve: (seconds since the first response byte, bytes), microseconds."""
        return tuple((round(elapsed, 6), total) for elapsed, total in self._points)

    def _thin(self) -> None:
        points = self._points
        self._spacing_s = 2 * (points[-1][0] - points[0][0]) / CURVE_POINTS
        last = points[-1]
        kept = points[::2]
        self._points = kept if kept[-1] == last else [*kept, last]
