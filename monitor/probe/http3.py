"""A GET over HTTP/3, made by a child: this side asks, waits and fills the observation.

QUIC in Python takes the CPU for tens of milliseconds at a time, and its library is code
that strangers talk to. So it runs in a process of its own with limits of time, CPU and
memory (`monitor.probe.quic`), which is never loaded here. Both processes read the same
monotonic clock.
"""

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Final, cast

from monitor import children
from monitor.model import Operation
from monitor.probe.failure import NotTriedError
from monitor.probe.observation import Observation
from monitor.probe.timing import Mark
from monitor.probe.transfer import Limits, Meter
from monitor.reason import phrase
from monitor.untyped import Json

LIBRARY: Final = "qh3"
MODULE: Final = "monitor.probe.quic"
KILLED: Final = "unknown_failure: probe_process_ended"
"""The child was ended at a limit: this says more about us than about the net."""
_START_S: Final = 20.0
"""Python and its modules, on a slow and busy machine."""
_CPU_S: Final = 30.0
_MEMORY_BYTES: Final = 256 << 20
_TOLD: Final = (
    *("failure", "server_name", "tls_version", "certificate_sha256"),
    *("certificate_issuer", "http_status", "http_version"),
)
"""Plain fields of an observation that the child fills in."""
_ITS_OWN: Final = frozenset(
    {
        Mark.TLS_START,
        Mark.TLS_END,
        Mark.REQUEST_START,
        Mark.RESPONSE_START,
        Mark.RESPONSE_END,
    }
)
"""Instants that the child notes."""


def is_installed() -> bool:
    """Whether the extra `monitor[quic]` is there; nothing is loaded."""
    return find_spec(LIBRARY) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Http3Request:
    """What the child is to do: one GET at one address.

    Attributes
    ----------
    fields : of the request, in their order; the pseudo-headers come from the rest.
    limits : as of a transfer over TCP; `stage_s` for the handshake and the head each.
    """

    address: str
    port: int
    server_name: str
    authority: str
    request_target: str
    fields: dict[str, str]
    stage_s: float
    limits: Limits


def request_of(request: Json) -> Http3Request:
    """What was asked, from its JSON."""
    values = cast("dict[str, Any]", request)
    return Http3Request(**values | {"limits": Limits(**values["limits"])})


async def get(request: Http3Request, observation: Observation) -> None:
    """Make the GET and note what came of it.

    Raises
    ------
    NotTriedError
        If the child could not be started, or ended before it sent anything.
    """
    limits = children.Limits(
        time_s=_START_S
        + 2 * request.stage_s
        + request.limits.max_s
        + request.limits.silence_s,
        memory_bytes=_MEMORY_BYTES,
        cpu_s=_CPU_S,
    )
    answers: list[Json] = []
    try:
        trouble = await children.run_beside(MODULE, asdict(request), limits, answers)
    finally:
        if answers:
            hear(observation, answers[-1])
    if trouble and not answers:
        raise NotTriedError(phrase("the process for HTTP/3 {trouble}", trouble=trouble))
    if trouble:
        observation.failure = KILLED
        observation.note(f"the process for HTTP/3 {trouble}")


def told(observation: Observation) -> Json:
    """What the child knows so far, as JSON has it."""
    meter = observation.meter
    return {
        **{name: getattr(observation, name) for name in _TOLD},
        "operation": observation.operation,
        "marks": {mark: s for mark, s in observation.marks.items() if mark in _ITS_OWN},
        "cdn": observation.cdn,
        "began_s": None if meter is None else meter.began_s,
        "n_bytes": None if meter is None else meter.n_bytes,
        "timeline": () if meter is None else meter.curve.points(),
        "received_bytes": observation.traffic.received_bytes,
    }


def hear(observation: Observation, answer: Json) -> None:
    """Note what a child has told."""
    values = cast("dict[str, Any]", answer)
    for name in _TOLD:
        setattr(observation, name, values[name])
    observation.operation = Operation(values["operation"])
    for mark, at_s in values["marks"].items():
        observation.mark(Mark(mark), at_s)
    observation.cdn = tuple((name, value) for name, value in values["cdn"])
    observation.traffic.received_bytes += values["received_bytes"]
    if values["n_bytes"] is not None:
        observation.meter = meter = Meter(values["began_s"])
        meter.n_bytes = values["n_bytes"]
        for elapsed_s, n_bytes in values["timeline"]:
            meter.curve.add(elapsed_s, n_bytes)
