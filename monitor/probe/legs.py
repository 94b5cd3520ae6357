"""One leg of a block: a transfer from one address under one name, kept short.

Of a foreign name the chain is judged and the name is not: no server has a certificate
for it. Nothing is sent but a GET without cookies.
"""

from dataclasses import dataclass, replace

from monitor.clock import Clock
from monitor.model import AddressFamily, Probe, Sample, Target
from monitor.probe.host_names import is_like
from monitor.probe.observation import Observation, new_observation
from monitor.probe.request import object_headers
from monitor.probe.settings import ProbeSettings
from monitor.probe.timing import Mark
from monitor.probe.traffic import Traffic
from monitor.probe.transfer import Limits
from monitor.probe.tunnel import DIRECT, Tunnel
from monitor.probe.url import endpoint_of, stored_url
from monitor.probe.wire import Wire

LEG_MAX_S = 6.0
"""Longest transfer of a leg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What one leg asks for.

    Attributes
    ----------
    url : the object, and whose address is asked.
    server_name : name in TLS where that is not the URL's; None: its own.
    host : name in the request where that is not the URL's; None: its own.
    """

    target: Target
    probe: str
    url: str
    server_name: str | None = None
    host: str | None = None


def name_of(target: Target) -> str | None:
    """The name that is asked about, as far as the configuration alone tells it.

    None where a page names the host: the name in the URL is not the one that is used.
    """
    if target.download_url is None and target.download_host is not None:
        return target.download_host
    host = endpoint_of(own_leg(target).url).host
    is_named = target.host_like is None or is_like(host, target.host_like)
    return host if is_named else None


def legs_of(target: Target, neutral: str, name: str) -> dict[str, Leg]:
    """The legs that a target can have, by kind; without an object only C and D.

    Parameters
    ----------
    neutral : URL of the file at the neutral server.
    name : that the neutral server is asked under, too.
    """
    direct = own_leg(target)
    neutral_name = endpoint_of(neutral).host
    legs = {
        Probe.PAIR_BASE: Leg(target=target, probe=Probe.PAIR_BASE, url=neutral),
        Probe.SNI_AWAY: Leg(
            target=target,
            probe=Probe.SNI_AWAY,
            url=neutral,
            server_name=name,
            host=name,
        ),
    }
    if target.download_url is not None:
        legs[Probe.PAIR_OWN] = direct
        legs[Probe.SNI_SWAP] = replace(
            direct, probe=Probe.SNI_SWAP, server_name=neutral_name
        )
    return legs


def own_leg(target: Target) -> Leg:
    """The site's own object, else its page, under its own name."""
    return Leg(
        target=target,
        probe=Probe.PAIR_OWN,
        url=target.download_url or target.url,
    )


class LegProber:
    """Makes legs; each has a connection of its own."""

    def __init__(
        self,
        settings: ProbeSettings,
        clock: Clock,
        max_bytes: int,
        tunnel: Tunnel = DIRECT,
    ) -> None:
        self._settings = replace(settings, download_max_bytes=max_bytes)
        self._clock = clock
        self._tunnel = tunnel
        self._wire = Wire(self._settings, clock, tunnel)

    async def measure(self, leg: Leg, *, traffic: Traffic) -> Sample:
        """The outcome of a leg; a failure of the net is told in the sample."""
        observation = new_observation(self._clock, stored_url(leg.url), traffic)
        observation.other_name = leg.server_name
        try:
            await self._transfer(leg, observation)
        except Exception as error:  # noqa: BLE001  # a leg must not end a block
            observation.fail(error)
        observation.mark(Mark.END)
        sample = observation.sample(leg.target, leg.probe, self._settings.vantage)
        if self._tunnel.proxy is not None:
            # the kernel's figures are of the connection to the proxy
            sample = replace(
                sample,
                tcp_min_rtt_s=None,
                tcp_retransmits=None,
                tcp_rcv_rtt_s=None,
                tcp_rcv_ooopack=None,
                tcp_segs_in=None,
            )
        return replace(sample, path=self._tunnel.name)

    async def _transfer(self, leg: Leg, observation: Observation) -> None:
        headers = object_headers(self._settings)
        if leg.host is not None:
            headers = {"Host": leg.host, **headers}
        is_own = leg.probe in (Probe.PAIR_OWN, Probe.SNI_SWAP)
        await self._wire.get(
            endpoint_of(leg.url),
            leg.target.address_family if is_own else AddressFamily.ANY,
            observation,
            headers=headers,
            limits=Limits(
                max_bytes=self._settings.download_max_bytes,
                max_s=LEG_MAX_S,
                silence_s=LEG_MAX_S,
            ),
        )
