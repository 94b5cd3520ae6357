"""Whether what offers HTTP/3 answers by it from here."""

import asyncio
from collections.abc import Sequence

from monitor.config import Config
from monitor.doctor.finding import Finding, State
from monitor.model import Probe, Sample, Target
from monitor.probe import Prober
from monitor.probe.failure import NotTriedError
from monitor.probe.http3 import is_installed
from monitor.reason import Reason, phrase

_CHECK = phrase("HTTP/3")


async def quic_finding(
    prober: Prober, config: Config, targets: Sequence[Target]
) -> Finding | None:
    """What became of one page of each site that offers it; None: nobody wants it.

    Parameters
    ----------
    prober : has asked each of the targets over TCP.
    """
    names = config.quic.targets
    if names == ():
        return None
    if not is_installed():
        return _missing(is_asked_for=names is not None)
    asked = [t for t in targets if names is None or t.name in names]
    offering = [t for t in asked if prober.offers_page(t)]
    if not offering:
        told = phrase("no page that is measured offers it")
        return Finding(_CHECK, State.OK, told)
    outcomes = await asyncio.gather(*(_failure(prober, t) for t in offering))
    return _told([t.name for t in offering], outcomes)


def _missing(*, is_asked_for: bool) -> Finding:
    """Without the extra: of no weight, unless the configuration asks for it."""
    told = phrase("not measured: the extra monitor[quic] is not installed")
    if not is_asked_for:
        return Finding(_CHECK, State.OK, told)
    return Finding(
        _CHECK,
        State.WARNING,
        phrase("{told:reasons}, and quic.targets names sites", told=(told,)),
        phrase("pip install qh3, or take quic out of the configuration"),
    )


async def _failure(prober: Prober, target: Target) -> Reason | None:
    try:
        sample: Sample = await prober.measure_over_quic(target, Probe.HTTPS)
    except NotTriedError as error:
        return error.reason
    if sample.failure is None:
        return None
    return phrase(
        "{site} ({stage:stage}: {failure})",
        site=target.name,
        stage=str(sample.failed_operation),
        failure=sample.failure,
    )


def _told(names: Sequence[str], outcomes: Sequence[Reason | None]) -> Finding:
    failures = tuple(failure for failure in outcomes if failure is not None)
    if not failures:
        told = phrase("answers at {sites}", sites=", ".join(names))
        return Finding(_CHECK, State.OK, told)
    return Finding(
        _CHECK,
        State.WARNING,
        phrase(
            "{n} of {offering} that offer it give no answer by it: {failures:parts}",
            n=len(failures),
            offering=len(names),
            failures=failures,
        ),
        phrase(
            "look whether your router or firewall lets UDP port 443 out; if it does,"
            " this is what the samples will tell of"
        ),
    )
