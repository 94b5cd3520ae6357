"""One probe of one target: always a sample, whatever the net or the server does."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.clock import Clock
from monitor.model import Probe, Sample, Target
from monitor.probe.discovery import Discovery
from monitor.probe.failure import NotTriedError
from monitor.probe.leads import Chosen
from monitor.probe.named_host import NamedHosts
from monitor.probe.observation import Observation, Trace, new_observation
from monitor.probe.offers import Offers
from monitor.probe.request import BROWSER_CODINGS, object_headers, page_headers
from monitor.probe.settings import ProbeSettings
from monitor.probe.timing import Mark
from monitor.probe.traffic import Traffic
from monitor.probe.transfer import Limits
from monitor.probe.url import endpoint_of, stored_url
from monitor.probe.wire import Wire
from monitor.reason import phrase

log = logging.getLogger(__name__)


class Prober:
    """Makes probes with one set of settings; keeps no connection between them.

    Parameters
    ----------
    settings : limits and choices.
    clock : wall time for stamps, monotonic time for every duration.
    """

    def __init__(self, settings: ProbeSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._wire = Wire(settings, clock)
        self._discovery = Discovery(self._wire, settings, clock)
        self._named_hosts = NamedHosts(self._wire, settings, clock)
        self._offers = Offers()

    async def measure(
        self,
        target: Target,
        probe: str,
        trace: Trace | None = None,
        *,
        traffic: Traffic | None = None,
    ) -> Sample:
        """One attempt; a failure of the net is told in the sample, never raised.

        Parameters
        ----------
        target : whom to measure.
        probe : `https` (its page), `download` (a large object), `tcp` (connect only),
            `tls` (handshake only) or `mtproto` (Telegram's first messages).
        trace : gets the events of the probe, for ``--debug``.
        traffic : gets what is received for it, a search for an object or a host
            included, also when it is cancelled.

        Raises
        ------
        NotTriedError
            If there is nothing to measure: no page names the object or the host.
        """
        traffic = Traffic() if traffic is None else traffic
        chosen = await self._chosen(target, probe, traffic)
        observation = new_observation(
            self._clock, stored_url(chosen.url), traffic, trace
        )
        with _ending(observation, target):
            await self._attempt(chosen, target, probe, observation)
        sample = observation.sample(target, probe, self._settings.vantage)
        if sample.http_status is not None:
            self._offers.note(endpoint_of(chosen.url), sample.cdn)
        if probe == Probe.DOWNLOAD:
            self._discovery.review(target, chosen, sample)
        elif target.host_from is not None:
            self._named_hosts.review(target, sample)
        return sample

    def offered(self, target: Target) -> str | None:
        """The kind of probe that HTTP/3 is offered for: its object's, else its page's.

        None: neither host has said over TCP that it speaks it.
        """
        for probe in (Probe.DOWNLOAD, Probe.HTTPS):
            chosen = self._remembered(target, probe)
            if chosen is not None and self._offers.port(endpoint_of(chosen.url)):
                return probe
        return None

    def offers_page(self, target: Target) -> bool:
        """Whether its page's host has said that it speaks HTTP/3."""
        return self._offers.port(endpoint_of(target.url)) is not None

    async def measure_over_quic(
        self,
        target: Target,
        probe: str,
        *,
        traffic: Traffic | None = None,
    ) -> Sample:
        """As `measure`, over HTTP/3: a page or an object whose host has offered it.

        Raises
        ------
        NotTriedError
            If it has not, or no process for it could be had.
        """
        traffic = Traffic() if traffic is None else traffic
        chosen = self._remembered(target, probe)
        port = None if chosen is None else self._offers.port(endpoint_of(chosen.url))
        if chosen is None or port is None:
            raise NotTriedError(phrase("HTTP/3 is not offered"))
        observation = new_observation(self._clock, stored_url(chosen.url), traffic)
        is_page = probe != Probe.DOWNLOAD
        with _ending(observation, target):
            await self._wire.get_over_quic(
                chosen,
                port,
                target.address_family,
                observation,
                headers=self._headers(is_page=is_page),
                limits=self._limits(is_page=is_page),
            )
        return observation.sample(target, probe, self._settings.vantage)

    def _remembered(self, target: Target, probe: str) -> Chosen | None:
        """What a probe would ask for, without a search; None: it is not known."""
        if probe == Probe.HTTPS:
            return Chosen(target.url)
        if target.download_url is not None:
            return Chosen(target.download_url)
        return self._discovery.remembered(target)

    async def _chosen(self, target: Target, probe: str, traffic: Traffic) -> Chosen:
        if probe == Probe.DOWNLOAD:
            if target.download_url is not None:
                return Chosen(target.download_url)
            return await self._discovery.chosen(target, traffic)
        if target.host_from is not None:
            return await self._named_hosts.chosen(target, target.host_from, traffic)
        return Chosen(target.url)

    async def _attempt(
        self, chosen: Chosen, target: Target, probe: str, observation: Observation
    ) -> None:
        endpoint = endpoint_of(chosen.url)
        wire, family = self._wire, target.address_family
        is_page = probe != Probe.DOWNLOAD
        if probe == Probe.TCP or endpoint.scheme == "tcp":
            await wire.touch(endpoint, family, observation)
        elif endpoint.scheme == "tls":
            await wire.greet(endpoint, family, observation, chosen.leads)
        elif endpoint.scheme == "mtproto":
            await wire.converse(endpoint, family, observation)
        else:
            await wire.get(
                endpoint,
                family,
                observation,
                headers=self._headers(is_page=is_page),
                limits=self._limits(is_page=is_page),
                leads=chosen.leads,
            )

    def _headers(self, *, is_page: bool) -> dict[str, str]:
        if is_page:
            return page_headers(self._settings, BROWSER_CODINGS)
        return object_headers(self._settings)

    def _limits(self, *, is_page: bool) -> Limits:
        settings = self._settings
        return Limits(
            max_bytes=settings.page_max_bytes
            if is_page
            else settings.download_max_bytes,
            max_s=settings.stage_timeout_s if is_page else settings.download_max_s,
            silence_s=settings.stage_timeout_s,
        )


@contextmanager
def _ending(observation: Observation, target: Target) -> Iterator[None]:
    """Note what stops an attempt, and its end: one target must not end a round."""
    try:
        yield
    except NotTriedError:
        raise
    except Exception as error:
        observation.fail(error)
        log.debug("probe_failed target=%s", target.name, exc_info=error)
    observation.mark(Mark.END)
