"""The object of a throughput transfer where none is configured.

Rule: the beginning of the page is read (redirects inside the service followed, at most
5), its scripts, style sheets, pictures and videos on the service's own hosts are asked
for their sizes (one byte each, at most 16), and the biggest file that may be cached is
the object. If none has 64 KiB, the page itself is, when it is bigger. The choice holds
for a day. An object that is refused is passed over for a day, and the next biggest is
taken; a search that failed, or whose object was refused, is repeated after an hour, and
each time that it was in vain after twice as long, up to a day.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from monitor.clock import Clock
from monitor.errors import InputError
from monitor.model import Sample, Target
from monitor.probe.assets import (
    HTML_MAX_BYTES,
    absolute,
    asset_urls,
    assets,
    decoded_html,
)
from monitor.probe.failure import NotTriedError
from monitor.probe.http import Head
from monitor.probe.leads import Chosen, Leads, is_within
from monitor.probe.observation import new_observation
from monitor.probe.recurrence import REMEMBERED_S, Recurrence
from monitor.probe.request import page_headers
from monitor.probe.settings import ProbeSettings
from monitor.probe.short_turns import in_turns
from monitor.probe.traffic import Traffic
from monitor.probe.transfer import Limits
from monitor.probe.url import endpoint_of, site_of
from monitor.probe.wire import Wire
from monitor.probe.wire_text import printable, printable_bytes
from monitor.reason import phrase

_log = logging.getLogger(__name__)

LARGE_BYTES = 64 * 1024
_LONGEST_S = 20.0
_MAX_REDIRECTS = 5
_AT_ONCE = 4
_SIZE_WINDOW_BYTES = 8 * 1024
"""A server that knows no ranges begins to send the whole file: so much of it comes."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Page:
    url: str
    n_bytes: int
    assets: tuple[str, ...]


@dataclass(slots=True)
class _Memory:
    """What the last search found, and when the next one may be."""

    searches: Recurrence = field(default_factory=Recurrence)
    objects: list[Chosen] = field(default_factory=list)
    """The best one first; none: the page."""
    refused_until_s: dict[str, float] = field(default_factory=dict)

    def begin(self, now_s: float) -> None:
        """Note that a search begins."""
        self.searches.begin(now_s)
        refused = self.refused_until_s
        self.refused_until_s = {u: t for u, t in refused.items() if t > now_s}

    def keep(self, objects: Iterable[Chosen] | None) -> None:
        """Note what a search found; None: it failed, and what was had before stays."""
        self.searches.end(is_in_vain=objects is None)
        if objects is not None:
            self.objects = [c for c in objects if c.url not in self.refused_until_s]

    def refuse(self, url: str, now_s: float) -> None:
        """Pass over an object for a day, and search again as soon as that may be."""
        self.objects = [chosen for chosen in self.objects if chosen.url != url]
        self.refused_until_s[url] = now_s + REMEMBERED_S
        self.searches.hasten()


class Discovery:
    """Finds and remembers one large object per target."""

    def __init__(self, wire: Wire, settings: ProbeSettings, clock: Clock) -> None:
        self._wire = wire
        self._settings = settings
        self._clock = clock
        self._memories: dict[Target, _Memory] = {}

    async def chosen(self, target: Target, traffic: Traffic) -> Chosen:
        """The object; the page when there is none or it cannot be had now.

        Parameters
        ----------
        traffic : gets what a search receives.

        Raises
        ------
        NotTriedError
            If the object has to be of one host, and none of it is known.
        """
        memory = self._memories.setdefault(target, _Memory())
        now_s = self._clock.monotonic_s()
        if memory.searches.is_due(now_s):
            memory.begin(now_s)
            search = _Search(self._wire, self._settings, self._clock, target, traffic)
            memory.keep(await search.objects())
        if memory.objects:
            return memory.objects[0]
        if target.download_host is not None:
            raise NotTriedError(
                phrase(
                    "the page names no object of {host}", host=str(target.download_host)
                )
            )
        return Chosen(target.url)

    def remembered(self, target: Target) -> Chosen | None:
        """What the last search found, the page where it found nothing; None: no search.

        An object that has to be of one host is never the page.
        """
        memory = self._memories.get(target)
        if memory is None or memory.objects:
            return memory.objects[0] if memory else None
        return None if target.download_host is not None else Chosen(target.url)

    def review(self, target: Target, chosen: Chosen, sample: Sample) -> None:
        """Pass over an object whose answer was something else than the object."""
        memory = self._memories.get(target)
        if memory is None or sample.http_status is None:
            return
        if sample.http_status not in {200, 206}:
            memory.refuse(chosen.url, self._clock.monotonic_s())
        elif chosen.leads is not None:
            memory.searches.forget_failures()


class _Search:
    """One search for the objects of one target."""

    def __init__(
        self,
        wire: Wire,
        settings: ProbeSettings,
        clock: Clock,
        target: Target,
        traffic: Traffic,
    ) -> None:
        self._wire = wire
        self._settings = settings
        self._clock = clock
        self._traffic = traffic
        self._target = target
        self._leads = Leads(target=target, allow_private=settings.allow_private_answers)

    async def objects(self) -> list[Chosen] | None:
        """Large files, the biggest first; None when the page cannot be had."""
        try:
            async with asyncio.timeout(_LONGEST_S):
                page = await self._page()
                sizes = await self._sizes(page.assets)
        except Exception as error:  # noqa: BLE001  # the probe itself will meet it
            _log.info("search_failed target=%s reason=%r", self._target.name, error)
            return None
        large = (u for u, n in sizes.items() if n >= LARGE_BYTES or n > page.n_bytes)
        order = sorted(large, key=lambda url: -sizes[url])
        return [Chosen(url, self._leads) for url in order]

    async def _page(self) -> _Page:
        url = self._target.url
        for _ in range(1 + _MAX_REDIRECTS):
            body = bytearray()
            head = await self._get(url, HTML_MAX_BYTES, body)
            location = head.header(b"location")
            if head.status not in _REDIRECTS or location is None:
                return await self._read(url, head, bytes(body))
            url = self._redirected(url, printable_bytes(location, 2000))
        raise InputError("too many redirects")

    def _redirected(self, url: str, location: str) -> str:
        """Where a redirect leads, if that is the service's own."""
        led_to = absolute(url, location)
        if led_to is None or not self._leads.is_followed(led_to):
            raise InputError(f"redirect to {site_of(led_to or location)} not followed")
        return led_to

    async def _read(self, url: str, head: Head, body: bytes) -> _Page:
        coding = printable_bytes(head.header(b"content-encoding") or b"")
        html = decoded_html(body, coding)
        of_page = await in_turns(assets(html, url, self._is_wanted))
        return _Page(url, len(body), asset_urls(of_page))

    def _is_wanted(self, url: str) -> bool:
        """Whether a URL may be an object's: of the service, and of the one host."""
        if not self._leads.is_followed(url):
            return False
        host = self._target.download_host
        return host is None or is_within(endpoint_of(url).host, host)

    async def _sizes(self, urls: Iterable[str]) -> dict[str, int]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def size(url: str) -> int:
            async with gate:
                return await self._size(url)

        candidates = tuple(urls)
        sizes = await asyncio.gather(*map(size, candidates))
        return dict(zip(candidates, sizes, strict=True))

    async def _size(self, url: str) -> int:
        """Size of a file that may be cached; 0 for anything else."""
        one_byte = {"Range": "bytes=0-0"}
        try:
            head = await self._get(url, 1, None, one_byte)
        except Exception as error:  # noqa: BLE001  # it is no candidate
            _log.debug("object_passed_over url=%s reason=%r", printable(url), error)
            return 0
        return announced_size(head)

    async def _get(
        self,
        url: str,
        max_bytes: int,
        body: bytearray | None,
        more_headers: dict[str, str] | None = None,
    ) -> Head:
        settings = self._settings
        limit_s = settings.stage_timeout_s
        endpoint = endpoint_of(url)
        is_own = url == self._target.url
        observation = new_observation(self._clock, url, self._traffic)
        observation.body = body
        head = await self._wire.get(
            endpoint,
            self._target.address_family,
            observation,
            headers=page_headers(settings, "gzip, deflate") | (more_headers or {}),
            limits=Limits(
                max_bytes=max_bytes,
                max_s=limit_s,
                silence_s=limit_s,
                window_bytes=max(_SIZE_WINDOW_BYTES, max_bytes // 4),
            ),
            leads=None if is_own else self._leads,
        )
        if is_own and observation.remote_address is not None:
            origin = observation.remote_address, endpoint.port
            self._leads = replace(self._leads, origin=origin)
        return head


def announced_size(head: Head) -> int:
    """Size of a cacheable file by the head of a one-byte request; 0 if it is none."""
    if b"no-store" in (head.header(b"cache-control") or b"").lower():
        return 0
    if (head.header(b"content-type") or b"").startswith(b"text/html"):
        return 0
    total = {
        200: head.header(b"content-length"),
        206: (head.header(b"content-range") or b"").rpartition(b"/")[2],
    }.get(head.status)
    return int(total[:18]) if total and total.isdigit() else 0
