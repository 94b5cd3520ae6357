"""Whether another resolver of this home answers while the first gives no answer.

The probes ask the first one alone, so that a time is of one resolver. That another one
would have answered is a fact of the home: its other programs go on with that one.
"""

from asyncio import timeout
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from monitor.clock import Clock
from monitor.model import AddressFamily, Probe, Role, Sample
from monitor.probe.failure import ProbeFailedError
from monitor.probe.hosts import system_resolvers
from monitor.probe.lookup import look_up, without_home
from monitor.probe.traffic import Traffic

FIRST_SILENT: Final = "first_resolver_silent"
_PATIENCE_S: Final = 2.0
_MOST_ASKED: Final = 2
"""After the first: as many as other programs ask."""


class NextResolver:
    """Asks the resolvers after the first.

    Parameters
    ----------
    resolvers : in their order; none: those of /etc/resolv.conf, read anew each time.
    """

    def __init__(
        self, clock: Clock, *, vantage: str, resolvers: Sequence[str] = ()
    ) -> None:
        self._clock = clock
        self._vantage = vantage
        self._resolvers = tuple(resolvers)

    async def measure(
        self, host: str, traffic: Traffic, round_id: str | None = None
    ) -> Sample | None:
        """What the first of them to answer says of a name; None: none answers."""
        _, *others = self._resolvers or system_resolvers() or ("",)
        for resolver in others[:_MOST_ASKED]:
            started_at_utc = self._clock.now_utc()
            took_s = await self._took_s(resolver, host, traffic)
            if took_s is not None:
                return self._sample(started_at_utc, resolver, took_s, round_id)
        return None

    async def _took_s(self, resolver: str, host: str, traffic: Traffic) -> float | None:
        """How long an answer took, whatever it says; None: there was none."""
        begun_s = self._clock.monotonic_s()
        try:
            async with timeout(_PATIENCE_S):
                with suppress(ProbeFailedError):
                    await look_up(
                        host, AddressFamily.ANY, resolver, self._clock, traffic
                    )
        except (OSError, TimeoutError):
            return None
        return self._clock.monotonic_s() - begun_s

    def _sample(
        self,
        started_at_utc: datetime,
        resolver: str,
        took_s: float,
        round_id: str | None,
    ) -> Sample:
        return Sample(
            started_at_utc=started_at_utc,
            target=f"_{Probe.RESOLVER}",
            role=Role.CONTROL,
            vantage=self._vantage,
            probe=Probe.RESOLVER,
            domain_lookup_s=took_s,
            resolver=without_home(resolver),
            failure=FIRST_SILENT,
            round_id=round_id,
        )
