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
from monitor.reason import Reason, phrase

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
        finding = _finding(phrase("target {name}", name=name), outcome)
        is_failure = isinstance(outcome, Sample)
        yield replace(finding, remedy=None) if blames_line and is_failure else finding
    for target in targets:
        if target.part == TWIN:
            yield from twin_findings(target, targets, outcomes)


def what_failed(outcome: Sample | NotTriedError) -> Reason:
    """Why there is no value."""
    if isinstance(outcome, NotTriedError):
        return phrase("not tried: {why:reasons}", why=(outcome.reason,))
    return phrase(
        "{stage:stage}: {failure}",
        stage=str(outcome.failed_operation),
        failure=str(outcome.failure),
    )


def _finding(title: Reason, outcome: Sample | NotTriedError) -> Finding:
    if isinstance(outcome, NotTriedError):
        advice = phrase(
            "until its page names one, this target has no samples: look at the page"
            " (host_from) and the pattern (host_like)"
        )
        return Finding(title, State.WARNING, what_failed(outcome), advice)
    if outcome.failure is not None:
        advice = phrase("if it stays so all day, put another host in its place")
        return Finding(title, State.WARNING, what_failed(outcome), advice)
    return Finding(title, State.OK, _told(outcome))


def _told(sample: Sample) -> Reason:
    """What an attempt that went well did and found."""
    if sample.probe == Probe.HTTPS:
        return phrase(
            "HTTP status {status} in {ms:.0f} ms",
            status=str(sample.http_status),
            ms=_ms(sample.duration_s),
        )
    if sample.probe == Probe.TLS:
        return phrase(
            "handshake with {name} in {ms:.0f} ms",
            name=str(sample.server_name),
            ms=_ms(sample.tls_handshake_s),
        )
    if sample.probe == Probe.MTPROTO:
        return phrase(
            "{answered} of {asked} questions answered, {again} segments sent again",
            answered=len(sample.timeline),
            asked=N_EXCHANGES,
            again=sample.tcp_retransmits or 0,
        )
    return phrase("connected in {ms:.0f} ms", ms=_ms(sample.connect_s))


def _ms(duration_s: float | None) -> float:
    return 1e3 * (duration_s or 0.0)


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
    title = phrase("twin {name}", name=twin.name)
    if same:
        told = phrase("at the same address as {hosts}", hosts=", ".join(same))
        yield Finding(title, State.OK, told)
        return
    yield Finding(
        title,
        State.WARNING,
        phrase("at another address than {hosts}", hosts=", ".join(siblings)),
        phrase(
            "what differs between them may be the servers' doing; near addresses are"
            " good"
        ),
    )


def _address(outcome: Sample | NotTriedError | None) -> str | None:
    return outcome.remote_address if isinstance(outcome, Sample) else None
