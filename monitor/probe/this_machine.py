"""What this machine did to a round: other traffic, lateness of the loop, clock steps.

A local sample with a `failure` spoils its round: it then says more about this machine
than about the net.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

from monitor.clock import Clock
from monitor.model import Probe, Role, Sample
from monitor.probe.route import NetworkFiles

LATE_LOOP_S = 0.25
"""Lateness from which a round is spoiled: more than a whole phase of a near site."""
CLOCK_STEP_S = 2.0
"""Step from which a round is spoiled; slewing by NTP stays far below."""
_LAG_PERIOD_S = 0.05


class RoundWatch:
    """Watches this machine from its making until `samples` is asked."""

    def __init__(
        self,
        clock: Clock,
        *,
        vantage: str,
        round_id: str,
        files: NetworkFiles | None = None,
    ) -> None:
        self._clock = clock
        self._vantage = vantage
        self._round_id = round_id
        self._files = files or NetworkFiles()
        self._started_at_utc = clock.now_utc()
        self._begun_s = clock.monotonic_s()
        self._route = self._files.route()
        route = self._route
        self._way = None if route is None else self._files.way_by(route)
        self._received_before = self._received_bytes()
        self._own_bytes = 0
        self._worst_lateness_s = 0.0

    def count(self, received_bytes: int) -> None:
        """Note what a probe of ours received: it is not other traffic."""
        self._own_bytes += received_bytes

    async def follow_loop(self) -> None:
        """Note the worst lateness of the event loop until cancelled."""
        while True:
            before_s = self._clock.monotonic_s()
            await asyncio.sleep(_LAG_PERIOD_S)
            late_s = self._clock.monotonic_s() - before_s - _LAG_PERIOD_S
            self._worst_lateness_s = max(self._worst_lateness_s, late_s)

    def samples(self) -> list[Sample]:
        """The local samples of the time since this watch was made."""
        elapsed_s = self._clock.monotonic_s() - self._begun_s
        return [
            *self._way_out(elapsed_s),
            *self._interface(elapsed_s),
            self._own_traffic(elapsed_s),
            self._event_loop(),
            self._clock_step(elapsed_s),
        ]

    def _way_out(self, elapsed_s: float) -> list[Sample]:
        """Which way the round went; one that changed meanwhile spoils the round."""
        way = self._way
        if way is None:
            return []
        is_same = way == self._files.way()
        return [
            replace(
                self._sample(Probe.WAY),
                duration_s=elapsed_s,
                server_name=str(way),
                failure=None if is_same else "way_changed",
            )
        ]

    def _interface(self, elapsed_s: float) -> list[Sample]:
        now = self._received_bytes()
        if now is None or self._received_before is None or elapsed_s <= 0:
            return []
        other_bytes = max(0, now - self._received_before - self._own_bytes)
        return [
            replace(
                self._sample(Probe.INTERFACE),
                duration_s=elapsed_s,
                encoded_body_bytes=other_bytes,
                goodput_bps=8 * other_bytes / elapsed_s,
            )
        ]

    def _own_traffic(self, elapsed_s: float) -> Sample:
        return replace(
            self._sample(Probe.OWN_TRAFFIC),
            duration_s=elapsed_s,
            encoded_body_bytes=self._own_bytes,
        )

    def _event_loop(self) -> Sample:
        late_s = self._worst_lateness_s
        failure = "event_loop_late" if late_s > LATE_LOOP_S else None
        sample = self._sample(Probe.EVENT_LOOP)
        return replace(sample, waiting_s=late_s, failure=failure)

    def _clock_step(self, elapsed_s: float) -> Sample:
        wall = self._clock.now_utc() - self._started_at_utc
        step_s = abs(wall / timedelta(seconds=1) - elapsed_s)
        failure = "clock_stepped" if step_s > CLOCK_STEP_S else None
        sample = self._sample(Probe.CLOCK)
        return replace(sample, duration_s=step_s, failure=failure)

    def _received_bytes(self) -> int | None:
        route = self._route
        return None if route is None else self._files.received_bytes(route.interface)

    def _sample(self, probe: str) -> Sample:
        return Sample(
            started_at_utc=self._started_at_utc,
            target=f"_{probe}",
            role=Role.CONTROL,
            vantage=self._vantage,
            probe=probe,
            round_id=self._round_id,
        )
