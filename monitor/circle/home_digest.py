"""The digest of a home: a small document that its owner may send to friends.

In comes a file that somebody else wrote; out goes a checked document, or one message.
No address of anything stands in it, and its times are those of quarter hours.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, NamedTuple, NoReturn, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from monitor.errors import InputError
from monitor.text import printable
from monitor.untyped import Json
from monitor.verdict_table import VERDICTS, row_of

SCHEMA_VERSION: Final = 1
MAX_BYTES: Final = 256 * 1024
RECENT_LINKS: Final = 62
"""Two months of days: a digest a month always reaches back to the one before."""
RECENT_DIGITS: Final = 16
_QUARTER: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)
_GROUPS, _GROUP_DIGITS = 6, 5
"""Digits are read aloud in any language; 30 of them hold 99 bits."""


def _listed(verdict: str) -> str:
    if verdict not in VERDICTS:
        raise ValueError("no verdict that this program knows")
    return verdict


def _whole_quarter(moment: datetime) -> datetime:
    if moment != quarter_hour(moment):
        raise ValueError("not to the quarter hour, UTC")
    return moment


_Count = Annotated[int, Field(ge=0, le=1000)]
_Ratio = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
_Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class _Part(BaseModel):
    # Keys of newer programs are passed over, as in stored analyses.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class DigestEvening(NamedTuple):
    """One local evening of one service; a list in the document, to be small."""

    day: date
    n: _Count
    """Hosts of the service with a usable evening."""
    slow: _Count
    """Of those; the dead ones are among them."""
    dead: _Count
    effect: _Ratio | None
    """Of the slowest host: times slower than the rest of the day, beyond controls."""


class DigestFingerprint(_Part):
    """What held most slow transfers back."""

    hold: Literal["policed", "shaped", "server"]
    rate_bps: Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)] | None


class NameEffect(_Part):
    """What the service's name cost in blocks."""

    check: Literal["name_away", "name_swap"]
    ratio: _Ratio
    ci95: tuple[_Ratio, _Ratio]
    n_blocks: Annotated[int, Field(ge=1, le=100_000)]


class DigestService(_Part):
    """One service, as its home judges it."""

    service: Annotated[str, Field(min_length=1, max_length=64)]
    verdict: Annotated[str, AfterValidator(_listed)]
    e_value: Annotated[float, Field(ge=0, le=1e300, allow_inf_nan=False)] | None
    evenings: Annotated[tuple[DigestEvening, ...], Field(max_length=400)]
    """Usable ones by date."""
    fingerprint: DigestFingerprint | None = None
    name_effect: NameEffect | None = None

    @property
    def is_judged(self) -> bool:
        """Whether its home had enough data to say anything."""
        return self.verdict != "insufficient_data"

    @property
    def is_slow(self) -> bool:
        """Whether its home found something beyond chance about this very service."""
        return row_of(self.verdict).is_established

    @model_validator(mode="after")
    def _counts_agree(self) -> Self:
        days = [evening.day for evening in self.evenings]
        if days != sorted(set(days)):
            raise ValueError("evenings are not in order, each once")
        if not all(e.dead <= e.slow <= e.n for e in self.evenings):
            raise ValueError(
                "an evening has more dead than slow, or than usable, hosts"
            )
        return self


class DigestWindow(_Part):
    """The local hours under suspicion."""

    start: _Clock
    end: _Clock

    def __str__(self) -> str:
        """`20:00-22:00`."""
        return f"{self.start}-{self.end}"


class DigestChain(_Part):
    """Where the chain of a home's closed days stood."""

    number: Annotated[int, Field(ge=1, le=10_000_000)]
    """Links up to then."""
    day: date
    """UTC day of the last one."""
    digest: _Hex64
    recent: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...],
        Field(min_length=1, max_length=RECENT_LINKS),
    ]
    """First digits of the digests of the last links, the newest last."""

    @model_validator(mode="after")
    def _ends_in_its_digest(self) -> Self:
        if not self.digest.startswith(self.recent[-1]) or self.number < len(
            self.recent
        ):
            raise ValueError("the recent links are not those of this chain")
        return self

    @property
    def links(self) -> Mapping[int, str]:
        """Number of a link -> first digits of its digest."""
        first = self.number - len(self.recent) + 1
        return dict(enumerate(self.recent, first))


class HomeDigest(_Part):
    """What one home says of some evenings."""

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
    home: Annotated[str, Field(pattern=r"^v[0-9a-f]{20}$")]
    """Pseudonym of the vantage."""
    household: Annotated[str, Field(pattern=r"^g[0-9a-f]{20}$")]
    """The same for all vantages of one database: they are one voice."""
    key: _Hex64
    """Ed25519, public."""
    made_at_utc: Annotated[AwareDatetime, AfterValidator(_whole_quarter)]
    timezone: Annotated[str, Field(min_length=1, max_length=64)]
    window: DigestWindow
    method_version: Annotated[str, Field(min_length=1, max_length=40)]
    asn: Annotated[int, Field(ge=1, le=4_294_967_295)] | None
    """Autonomous system of the line, as the owner has typed it."""
    since: date
    until: date
    chain: DigestChain
    services: Annotated[tuple[DigestService, ...], Field(min_length=1, max_length=64)]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]

    @model_validator(mode="after")
    def _dates_agree(self) -> Self:
        # A zone may be a day ahead of UTC.
        made = self.made_at_utc.astimezone(UTC).date()
        if not self.since <= self.until <= made + _DAY or self.chain.day > made:
            raise ValueError("its dates lie after the moment it was made")
        days = [e.day for s in self.services for e in s.evenings]
        if not all(self.since <= day <= self.until for day in days):
            raise ValueError("an evening lies outside since and until")
        names = [service.service for service in self.services]
        if len(set(names)) != len(names):
            raise ValueError("a service stands there twice")
        return self

    @property
    def spoken_key(self) -> str:
        """The key as groups of digits, to be compared by voice."""
        return spoken(self.key)


def quarter_hour(moment: datetime) -> datetime:
    """The begin of the quarter hour [UTC] that a moment lies in."""
    utc = moment.astimezone(UTC)
    return utc - (utc - datetime.min.replace(tzinfo=UTC)) % _QUARTER


def spoken(key: str) -> str:
    """Groups of digits that name a public key [hex]."""
    digest = sha256(b"monitor circle 1 " + bytes.fromhex(key)).digest()
    n_digits = _GROUPS * _GROUP_DIGITS
    digits = f"{int.from_bytes(digest) % 10**n_digits:0{n_digits}d}"
    starts = range(0, n_digits, _GROUP_DIGITS)
    return " ".join(digits[k : k + _GROUP_DIGITS] for k in starts)


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """A document as it is sent: one line."""
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def parsed(body: bytes, where: str) -> tuple[dict[str, Any], HomeDigest]:
    """The document of a file as it stands there, and what was understood of it.

    Parameters
    ----------
    where : names the file in messages.

    Raises
    ------
    InputError : it is no digest, or one of a newer program. Its signature is not looked
        at.
    """
    if len(body) > MAX_BYTES:
        raise InputError(f"{where}: no digest: more than {MAX_BYTES} bytes")
    try:
        document = json.loads(body.decode(), parse_constant=_no_number)
        return document, checked(document, where)
    except (ValueError, RecursionError) as error:
        told = printable(str(error)[:200])
        raise InputError(f"{where}: no digest: {told}") from None


def checked(document: Json, where: str) -> HomeDigest:
    """What a document says; raises `InputError` as `parsed`."""
    if not isinstance(document, dict) or "schema_version" not in document:
        raise InputError(
            f"{where}: no digest: found no schema_version; allowed: what"
            " `monitor digest` wrote"
        )
    version = document["schema_version"]
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            f"{where}: schema_version: found {str(version)[:20]}, of a newer program;"
            f" allowed: up to {SCHEMA_VERSION}"
        )
    try:
        return HomeDigest.model_validate_json(json.dumps(document))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "digest"
        told = printable(f"{place[:80]}: {first['msg'][:200]}")
        raise InputError(f"{where}: {told}") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"found {name}; allowed: numbers")
