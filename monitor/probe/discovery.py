"""The object of a throughput transfer where none is configured.

Rule: the page is fetched (redirects followed, at most 5), its scripts, style sheets,
pictures and videos are asked for their sizes (one byte each, at most 16), and the
biggest file that may be cached is the object. If none has 64 KiB, the page itself is,
when it is bigger. The choice holds for a day, or until it stops answering 200.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from monitor.clock import Clock
from monitor.errors import InputError
from monitor.model import AddressFamily, Sample, Target
from monitor.probe.assets import HTML_MAX_BYTES, asset_urls, decoded_html
from monitor.probe.http import Head
from monitor.probe.observation import new_observation
from monitor.probe.request import page_headers
from monitor.probe.settings import ProbeSettings
from monitor.probe.text import printable_bytes
from monitor.probe.transfer import Limits
from monitor.probe.url import endpoint_of
from monitor.probe.wire import Wire

REMEMBERED_S = 24 * 3600.0
LARGE_BYTES = 64 * 1024
_LONGEST_S = 20.0
_MAX_REDIRECTS = 5
_AT_ONCE = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Page:
    url: str
    n_bytes: int
    assets: tuple[str, ...]


class Discovery:
    """Finds and remembers one large object per target."""

    def __init__(self, wire: Wire, settings: ProbeSettings, clock: Clock) -> None:
        self._wire = wire
        self._settings = settings
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, str]] = {}

    async def object_url(self, target: Target) -> str:
        """URL of the object; the page's own when the page cannot be had now."""
        key = (target.name, target.url)
        until_s, url = self._known.get(key, (0.0, ""))
        if url and self._clock.monotonic_s() < until_s:
            return url
        found = await self._found(target)
        if found is None:
            return target.url
        self._known[key] = (self._clock.monotonic_s() + REMEMBERED_S, found)
        return found

    def review(self, target: Target, sample: Sample) -> None:
        """Forget the object if the answer was something else: search again then."""
        if sample.http_status not in {None, 200, 206}:
            self._known.pop((target.name, target.url), None)

    async def _found(self, target: Target) -> str | None:
        try:
            async with asyncio.timeout(_LONGEST_S):
                page = await self._page(target.url, target.address_family)
                sizes = await self._sizes(page.assets, target.address_family)
        except Exception:  # noqa: BLE001  # whatever it is, the probe itself will meet it
            return None
        return _chosen(page, sizes)

    async def _page(self, url: str, family: AddressFamily) -> _Page:
        for _ in range(1 + _MAX_REDIRECTS):
            kept = bytearray()
            head = await self._get(url, family, HTML_MAX_BYTES, kept)
            location = head.header(b"location")
            if head.status not in _REDIRECTS or location is None:
                coding = printable_bytes(head.header(b"content-encoding") or b"")
                html = decoded_html(bytes(kept), coding)
                return _Page(url, len(kept), asset_urls(html, url))
            url = urljoin(url, printable_bytes(location, 2000))
        raise InputError("too many redirects")

    async def _sizes(
        self, urls: Iterable[str], family: AddressFamily
    ) -> dict[str, int]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def size(url: str) -> int:
            async with gate:
                return await self._size(url, family)

        wanted = tuple(urls)
        sizes = await asyncio.gather(*map(size, wanted))
        return dict(zip(wanted, sizes, strict=True))

    async def _size(self, url: str, family: AddressFamily) -> int:
        """Size of a file that may be cached; 0 for anything else."""
        try:
            head = await self._get(url, family, 1, None, {"Range": "bytes=0-0"})
        except Exception:  # noqa: BLE001  # an asset out of reach is no candidate
            return 0
        return announced_size(head)

    async def _get(
        self,
        url: str,
        family: AddressFamily,
        max_bytes: int,
        keep: bytearray | None,
        more_headers: dict[str, str] | None = None,
    ) -> Head:
        settings = self._settings
        limit_s = settings.stage_timeout_s
        return await self._wire.get(
            endpoint_of(url),
            family,
            new_observation(self._clock, url),
            headers=page_headers(settings, "gzip, deflate") | (more_headers or {}),
            limits=Limits(max_bytes=max_bytes, max_s=limit_s, silence_s=limit_s),
            keep=keep,
        )


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


def _chosen(page: _Page, sizes: dict[str, int]) -> str:
    biggest = max(sizes, key=lambda url: sizes[url], default=page.url)
    size = sizes.get(biggest, 0)
    return biggest if size >= LARGE_BYTES or size > page.n_bytes else page.url
