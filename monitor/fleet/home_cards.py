"""A home's signed self-description, made there and admitted at the lake."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final

from monitor import __version__
from monitor.config import Config
from monitor.errors import InputError
from monitor.evidence.canonical_rows import utc_text
from monitor.fleet.lake import Lake
from monitor.fleet.registry import Enrolled, admit, admitted
from monitor.fleet.signing import FleetSecret, is_signed
from monitor.untyped import Json

CONSENT: Final = 1
"""Version of the text below."""
CONSENT_TEXT: Final = """\
What leaves this home when `fleet` is switched on
  Every closed day: each measurement with its exact time, duration, amount or failure,
  the networks of the sites' servers, how much your network received in all, your zone,
  and what stands under `fleet` in the configuration (provider, region, access).
Under which name
  Under a name that nobody can lead back to you without this database. But times, zone
  and provider together may single you out for whoever keeps the lake: trust them.
What never leaves
  Your address, full addresses of servers, the name of this place, your configuration.
What is published of a lake
  Groups of at least five homes; no row, no single home.
Taking it back
  Remove `fleet` from the configuration; ask the lake's keeper to remove what is there.
To agree, write `consent: {version}` under `fleet` in the configuration.
"""


def card(config: Config, secret: FleetSecret, lake_id: str) -> dict[str, Json]:
    """The signed self-description of a home for one lake."""
    fleet = config.fleet
    home = Enrolled(
        vantage=secret.vantage,
        timezone=config.timezone,
        asn=fleet.asn,
        isp=fleet.isp,
        country=fleet.country,
        region=fleet.region,
        access=fleet.access,
        kind=fleet.kind,
        independent_group=secret.household,
        public_key=secret.public_key,
        consent=str(fleet.consent),
        level=fleet.level,
        probe_version=__version__,
    )
    return secret.signed({"lake_id": lake_id, **asdict(home)})


def enroll(
    lake: Lake, document: Mapping[str, Json], *, now_utc: datetime, group: str | None
) -> Enrolled:
    """Admit the home of a card.

    Parameters
    ----------
    group : the voice it is counted as, by the word of whoever admits it; None: its own
        household's.

    Raises
    ------
    InputError : the card is not of this lake, is not signed, or agrees to nothing; or
        another key has this name already.
    """
    if not isinstance(document, Mapping):
        raise InputError("card: found no JSON object; allowed: a card")
    if document.get("lake_id") != lake.lake_id:
        raise InputError("card: it was made for another lake")
    if not is_signed(document, str(document.get("public_key", ""))):
        raise InputError("card: the signature is not that of its key")
    home = Enrolled.of(document)
    if home.consent != str(CONSENT):
        raise InputError(
            f"card: found consent {home.consent or 'none'}; allowed: {CONSENT}, see"
            " `monitor fleet card` at that home"
        )
    before = admitted_key(lake, home.vantage)
    if before and before != home.public_key:
        raise InputError(f"card: {home.vantage} is enrolled with another key")
    home = replace(
        home,
        independent_group=group or home.independent_group,
        enrolled_at_utc=utc_text(now_utc),
    )
    admit(lake, home)
    return home


def admitted_key(lake: Lake, vantage: str) -> str:
    """The key of a home [hex]; empty where it is not enrolled."""
    home = admitted(lake).get(vantage)
    return "" if home is None else home.public_key
