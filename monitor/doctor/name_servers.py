"""Whether the resolver that the probes ask answers, and not from a cache of its own."""

import asyncio
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from monitor.clock import Clock
from monitor.doctor.finding import Finding, State
from monitor.model import AddressFamily
from monitor.probe.failure import ProbeFailedError
from monitor.probe.lookup import look_up, split_resolver
from monitor.probe.traffic import Traffic
from monitor.reason import phrase

_PATIENCE_S: Final = 5.0
_CHECK: Final = phrase("resolver")


async def answering(
    resolvers: Sequence[str], host: str, clock: Clock
) -> tuple[bool, ...]:
    """Whether each of some resolvers answers, asked at once.

    Parameters
    ----------
    host : the name that each of them is asked for; any answer is one.
    """
    return tuple(await asyncio.gather(*(_answers(r, host, clock) for r in resolvers)))


def has_next_resolver(answers: Sequence[bool]) -> bool:
    """Whether another one answers while the first does not."""
    return any(answers) and not answers[0]


def resolver_findings(
    resolvers: Sequence[str], answers: Sequence[bool]
) -> Iterator[Finding]:
    """Whether name lookups reach a resolver that does not answer from this machine.

    Parameters
    ----------
    resolvers : in their order; the probes ask the first one alone.
    answers : whether each of them answers.
    """
    if not resolvers:
        yield Finding(
            _CHECK,
            State.BAD,
            phrase("no name server in /etc/resolv.conf"),
            phrase("name one under probing.resolvers in the configuration"),
        )
        return
    first = resolvers[0]
    if not answers[0]:
        yield _silent(resolvers, answers)
    elif ip_address(split_resolver(first)[0].split("%")[0]).is_loopback:
        yield Finding(
            _CHECK,
            State.WARNING,
            phrase(
                "{server} is on this machine and may answer from its cache",
                server=first,
            ),
            phrase(
                "to time real lookups, put your router's or provider's resolver under"
                " probing.resolvers"
            ),
        )
    else:
        told = phrase("{n} configured, first is used and answers", n=len(resolvers))
        yield Finding(_CHECK, State.OK, told)


def _silent(resolvers: Sequence[str], answers: Sequence[bool]) -> Finding:
    others = [r for r, is_there in zip(resolvers, answers, strict=True) if is_there]
    if not others:
        told = phrase(
            "{server}, the first of {n}, does not answer",
            server=resolvers[0],
            n=len(resolvers),
        )
        advice = phrase(
            "without names nothing is measured: look at the line and the router"
        )
        return Finding(_CHECK, State.BAD, told, advice)
    return Finding(
        _CHECK,
        State.BAD,
        phrase(
            "{server}, the first of {n}, does not answer; {other} does",
            server=resolvers[0],
            n=len(resolvers),
            other=others[0],
        ),
        phrase(
            "other programs go on with the next one after some seconds, the probes ask"
            " the first one alone: take it out of /etc/resolv.conf, or put {other}"
            " under probing.resolvers",
            other=others[0],
        ),
    )


async def _answers(resolver: str, host: str, clock: Clock) -> bool:
    """Whether a resolver says anything; also that there is no such name."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await look_up(host, AddressFamily.ANY, resolver, clock, Traffic())
    except ProbeFailedError:
        return True
    except (OSError, TimeoutError):
        return False
    return True
