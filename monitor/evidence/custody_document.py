"""The custody log as a document of a bundle: who held the rows, with what, and when.

Everything is read from the database; only the owner's own words come from the
configuration, and are called so. Each level gets what its rows tell anyway.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from monitor.evidence.canonical_rows import utc_text
from monitor.evidence.redact import Level
from monitor.masking import masked_in
from monitor.store import Store
from monitor.store.custody import CustodyLog
from monitor.untyped import Json

_PUBLIC: Final = ("vantage", "probe_versions", "n_without_round", "method_versions")
"""What tells of the program, not of the house; times as dates."""


def custody_document(
    store: Store,
    vantage: str,
    *,
    since: datetime,
    until: datetime,
    stated: Mapping[str, str],
) -> dict[str, Json]:
    """The custody log of a span, with everything in it.

    Parameters
    ----------
    stated : what the owner says of line, provider and hardware.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    log: CustodyLog = store.custody.log(vantage, since=since, until=until)
    digests = {link.digest for link in store.digests.links(vantage=vantage)}
    given = store.consents.all_given(vantage)
    return {
        "vantage": vantage,
        "since": utc_text(since),
        "until": utc_text(until),
        "as_the_owner_wrote": {k: masked_in(v) for k, v in stated.items() if v},
        **_plain(asdict(log)),
        "removed": log.removed._asdict(),
        "consents": [_plain(asdict(consent)) for consent in given],
        "time_stamps": [
            {
                "digest": lodging.digest,
                "authority": masked_in(lodging.authority),
                "lodged_at_utc": utc_text(lodging.lodged_at_utc),
            }
            for lodging in store.digests.lodgings()
            if lodging.digest in digests
        ],
    }


def custody_for(level: Level | str, document: Mapping[str, Json]) -> dict[str, Json]:
    """The document as a bundle of a level may hold it; it names what is left out."""
    if Level(level) is not Level.PUBLIC:
        return dict(document)
    kept = {name: _dates(document[name]) for name in _PUBLIC}
    return kept | {"left_out": sorted(set(document) - set(kept))}


def _plain(value: Json) -> Json:
    """As JSON has it: moments in UTC, lists and objects."""
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _dates(value: Json) -> Json:
    """The same with times cut to their dates."""
    if isinstance(value, list):
        return [_dates(item) for item in value]
    if isinstance(value, dict):
        return {
            name: item[:10] if name.endswith("_utc") else item
            for name, item in value.items()
        }
    return value
