"""The host of a target that a page names: the own cache of a content network, say.

Once a day the page is read, and the first host name in it, or in where it redirects to,
that is like the target's pattern is the host. The page is its user's choice, the name a
stranger's: it is connected to only at an address that somebody out on the net can own.
A search that was in vain is repeated after an hour, then after twice as long, up to a
day; so is one whose host is no name in DNS any more. While none succeeds, the host that
was had before stays.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from monitor.clock import Clock
from monitor.model import Operation, Sample, Target
from monitor.probe.failure import NotTriedError
from monitor.probe.host_names import first_like, is_like
from monitor.probe.leads import Chosen, Leads
from monitor.probe.observation import new_observation
from monitor.probe.page_text import unpacked
from monitor.probe.recurrence import Recurrence
from monitor.probe.request import page_headers
from monitor.probe.settings import ProbeSettings
from monitor.probe.short_turns import Turn, in_turns
from monitor.probe.traffic import Traffic
from monitor.probe.transfer import Limits
from monitor.probe.url import endpoint_of, stored_url
from monitor.probe.wire import Wire
from monitor.probe.wire_text import printable_bytes
from monitor.reason import phrase

_log = logging.getLogger(__name__)

READ_MAX_BYTES: Final = 512_000
"""So much of a page is read ..."""
UNPACKED_MAX_BYTES: Final = 2_000_000
"""... and unpacked: a page of a video has 1.5 MB."""
_LONGEST_S: Final = 20.0


@dataclass(slots=True)
class _Memory:
    """What the last search found, and when the next one may be."""

    searches: Recurrence = field(default_factory=Recurrence)
    host: str | None = None


class NamedHosts:
    """Finds and remembers one host per target."""

    def __init__(self, wire: Wire, settings: ProbeSettings, clock: Clock) -> None:
        self._wire = wire
        self._settings = settings
        self._clock = clock
        self._memories: dict[Target, _Memory] = {}

    async def chosen(self, target: Target, page: str, traffic: Traffic) -> Chosen:
        """What to measure of a target whose host a page names.

        Until one is found, the host of the target's own URL is, if it is like the
        pattern itself.

        Parameters
        ----------
        traffic : gets what a search receives.

        Raises
        ------
        NotTriedError
            If there is no host.
        """
        memory = self._memories.setdefault(target, _Memory())
        if memory.searches.is_due(self._clock.monotonic_s()):
            memory.searches.begin(self._clock.monotonic_s())
            host = await self._searched(target, page, traffic)
            memory.searches.end(is_in_vain=host is None)
            memory.host = host or memory.host
        if memory.host is not None:
            leads = Leads(
                target=target, allow_private=self._settings.allow_private_answers
            )
            return Chosen(_at_host(target.url, memory.host), leads)
        if is_like(endpoint_of(target.url).host, target.host_like or ""):
            return Chosen(target.url)
        raise NotTriedError(
            phrase(
                "no host like {pattern} is named by {page}",
                pattern=str(target.host_like),
                page=stored_url(page),
            )
        )

    def review(self, target: Target, sample: Sample) -> None:
        """Search again for a host whose name is gone."""
        memory = self._memories.get(target)
        if memory is None or memory.host is None:
            return
        if sample.failed_operation is Operation.RESOLVE:
            memory.searches.hasten()
        else:
            memory.searches.forget_failures()

    async def _searched(
        self, target: Target, page: str, traffic: Traffic
    ) -> str | None:
        try:
            async with asyncio.timeout(_LONGEST_S):
                text = await self._text(target, page, traffic)
                names = await in_turns(first_like(text, target.host_like or ""))
        except Exception as error:  # noqa: BLE001  # the page is no measurement
            _log.info("search_failed target=%s reason=%r", target.name, error)
            return None
        if not names:
            _log.info("search_in_vain target=%s bytes=%d", target.name, len(text))
        return next(iter(names), None)

    async def _text(self, target: Target, page: str, traffic: Traffic) -> bytes:
        """Where the page redirects to, and the page; in lower case."""
        observation = new_observation(self._clock, stored_url(page), traffic)
        observation.body = bytearray()
        limit_s = self._settings.stage_timeout_s
        head = await self._wire.get(
            endpoint_of(page),
            target.address_family,
            observation,
            headers=page_headers(self._settings, "gzip, deflate"),
            limits=Limits(
                max_bytes=READ_MAX_BYTES,
                max_s=limit_s,
                silence_s=limit_s,
                window_bytes=READ_MAX_BYTES // 4,
            ),
        )
        coding = printable_bytes(head.header(b"content-encoding") or b"")
        turn, pieces = Turn(), [head.header(b"location") or b"", b"\n"]
        for piece in unpacked(bytes(observation.body), coding, UNPACKED_MAX_BYTES):
            pieces.append(piece)
            await turn.pause()
        return b"".join(pieces).lower()


def _at_host(url: str, host: str) -> str:
    endpoint = endpoint_of(url)
    return f"{endpoint.scheme}://{host}:{endpoint.port}"
