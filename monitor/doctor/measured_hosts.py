"""Whether what is measured answers, and as what: one attempt each."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from monitor.doctor.finding import Finding, State
from monitor.model import TWIN, Probe, Sample, Target
from monitor.probe import Prober
from monitor.probe.exchanges import N_EXCHANGES
from monitor.probe.failure import NotTriedError
from monitor.probe.settings import latency_probe

Outcomes = Mapping[str, Sample | NotTriedError]
"""By name of the target."""


async def tried(prober: Prober, targets: Sequence[Target]) -> Outcomes:
    """One attempt at each of some targets, at once."""
    told = await asyncio.gather(*(_outcome(prober, target) for target in targets))
    names = (target.name for target in targets)
    return dict(zip(names, told, strict=True))


async def _outcome(prober: Prober, target: Target) -> Sample | NotTriedError:
    try:
        return await prober.measure(target, latency_probe(target.url))
    except NotTriedError as error:
        return error


def host_findings(
    targets: Sequence[Target], outcomes: Outcomes, *, blames_line: bool = False
) -> Iterator[Finding]:
    """A line for each target that was tried, and one more for each twin.

    Parameters
    ----------
    blames_line : the line is at fault: no other host would do better.
    """
    for name, outcome in outcomes.items():
        finding = _finding(f"target {name}", outcome)
        is_failure = isinstance(outcome, Sample)
        yield replace(finding, advice="") if blames_line and is_failure else finding
    for target in targets:
        if target.part == TWIN:
            yield from twin_findings(target, targets, outcomes)


def what_failed(outcome: Sample | NotTriedError) -> str:
    """Why there is no value."""
    if isinstance(outcome, NotTriedError):
        return f"not tried: {outcome}"
    return f"{outcome.failed_operation}: {outcome.failure}"


def _finding(check: str, outcome: Sample | NotTriedError) -> Finding:
    if isinstance(outcome, NotTriedError):
        advice = (
            "until its page names one, this target has no samples: look at the page"
            " (host_from) and the pattern (host_like)"
        )
        return Finding(check, State.WARNING, what_failed(outcome), advice)
    if outcome.failure is not None:
        advice = "if it stays so all day, put another host in its place"
        return Finding(check, State.WARNING, what_failed(outcome), advice)
    return Finding(check, State.OK, _told(outcome))


def _told(sample: Sample) -> str:
    """What an attempt that went well did and found."""
    connect = f"{1e3 * (sample.connect_s or 0.0):.0f} ms"
    if sample.probe == Probe.HTTPS:
        duration = f"{1e3 * (sample.duration_s or 0.0):.0f} ms"
        return f"HTTP status {sample.http_status} in {duration}"
    if sample.probe == Probe.TLS:
        handshake = f"{1e3 * (sample.tls_handshake_s or 0.0):.0f} ms"
        return f"handshake with {sample.server_name} in {handshake}"
    if sample.probe == Probe.MTPROTO:
        return (
            f"{len(sample.timeline)} of {N_EXCHANGES} questions answered,"
            f" {sample.tcp_retransmits or 0} segments sent again"
        )
    return f"connected in {connect}"


def twin_findings(
    twin: Target, targets: Sequence[Target], outcomes: Outcomes
) -> Iterator[Finding]:
    """Whether a twin stands at the very servers of its service."""
    address = _address(outcomes.get(twin.name))
    siblings = {
        target.name: reached
        for target in targets
        if target.service == twin.service and target.part != TWIN
        if (reached := _address(outcomes.get(target.name)))
    }
    if address is None or not siblings:
        return
    same = [name for name, reached in siblings.items() if reached == address]
    if same:
        told = f"at the same address as {', '.join(same)}"
        yield Finding(f"twin {twin.name}", State.OK, told)
        return
    yield Finding(
        f"twin {twin.name}",
        State.WARNING,
        f"at another address than {', '.join(siblings)}",
        "what differs between them may be the servers' doing; near addresses are good",
    )


def _address(outcome: Sample | NotTriedError | None) -> str | None:
    return outcome.remote_address if isinstance(outcome, Sample) else None
