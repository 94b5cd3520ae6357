"""What a request may ask: its parameters, checked."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from monitor.store.notes import LONGEST_NOTE
from monitor.store.pauses import LONGEST_PAUSE
from monitor.wallclock import YEARS, parsed_date
from monitor.web.answers.schemas import Cycle, Metric, Resolution, View

MAX_DAYS: Final = 800
MAX_SAMPLE_DAYS: Final = 8
MAX_COMPARE_DAYS: Final = 31
PAGE_LIMIT: Final = 1000
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)"
)
_YEAR = "(19[7-9]|20[0-9]|21[0-9])[0-9]"


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("an RFC 3339 time with a zone, such as 2026-10-20T15:00:00Z")
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("an RFC 3339 time that exists") from None
    if moment.year not in YEARS:
        raise ValueError(f"a time between {YEARS[0]} and {YEARS[-1]}")
    return moment.astimezone(UTC)


def _local_date(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError("a date such as 2026-10-20")  # noqa: TRY004  pydantic
    return parsed_date(value)


def _truth(value: object) -> object:
    if value not in ("true", "false", True, False, None):
        raise ValueError("true or false")
    return value


def _whole(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,9}", value):
        raise ValueError("a whole number")
    return value


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_YEAR}-"}),
]
LocalDate = Annotated[
    date,
    BeforeValidator(_local_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{_YEAR}-"}),
]
Truth = Annotated[bool, BeforeValidator(_truth)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Query(BaseModel):
    """Parameters of a request; unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoQuery(Query):
    """No parameters."""


class DaysQuery(Query):
    """A range of local dates, both included; by default the last eight weeks."""

    since: LocalDate | None = None
    until: LocalDate | None = None
    vantage: Name | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.since is not None and self.until is not None:
            _check_order(self.since, self.until)
            _check_length((self.until - self.since).days + 1, MAX_DAYS)
        return self


class HeatmapQuery(DaysQuery):
    """Which heat map."""

    target: Name
    metric: Metric = Metric.GOODPUT
    view: View = View.ABSOLUTE


class ProfileQuery(DaysQuery):
    """Which hours of which site."""

    target: Name
    metric: Metric = Metric.GOODPUT
    cycle: Cycle = Cycle.DAY


class SeriesQuery(Query):
    """Which curve; by default the last 24 hours up to the last sample."""

    target: Name
    metric: Metric = Metric.GOODPUT
    since: Instant | None = None
    until: Instant | None = None
    vantage: Name | None = None
    resolution: Resolution = Resolution.HOUR
    with_controls: Truth = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        most = MAX_SAMPLE_DAYS if self.resolution == Resolution.SAMPLE else MAX_DAYS
        _check_instants(self.since, self.until, most)
        return self


class ExpectedQuery(Query):
    """Of which site and span; `failed_share` has no usual value to go by."""

    target: Name
    metric: Metric = Metric.GOODPUT
    since: Instant
    until: Instant
    vantage: Name | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _check_instants(self.since, self.until, MAX_SAMPLE_DAYS)
        return self


class SamplesQuery(Query):
    """Which samples."""

    target: Name | None = None
    vantage: Name | None = None
    path: Name | None = None
    probe: Name | None = None
    since: Instant | None = None
    until: Instant | None = None
    failed: Truth | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.since is not None and self.until is not None:
            _check_order(self.since, self.until)
        return self


class SamplePageQuery(SamplesQuery):
    """Which page of samples; `cursor` is the `next` of the page before."""

    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT), BeforeValidator(_whole)] = 100
    cursor: Annotated[str, Field(pattern=r"^\d{1,18}-\d{1,9}$")] | None = None


class SampleQuery(Query):
    """One sample by the `id` of a page."""

    id: Annotated[str, Field(pattern=r"^\d{1,18}-\d{1,9}$")]


class CompareQuery(Query):
    """Two spans of time of one target."""

    target: Name
    metric: Metric = Metric.GOODPUT
    vantage: Name | None = None
    a_since: Instant
    a_until: Instant
    b_since: Instant
    b_until: Instant

    @model_validator(mode="after")
    def _are_ranges(self) -> Self:
        _check_instants(self.a_since, self.a_until, MAX_COMPARE_DAYS)
        _check_instants(self.b_since, self.b_until, MAX_COMPARE_DAYS)
        return self


Language = Literal["en", "ru", "kk"]


class GapsQuery(Query):
    """A span of time, and the language in which reasons are told."""

    since: Instant
    until: Instant
    language: Language | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _check_instants(self.since, self.until, MAX_DAYS)
        return self


class LanguageQuery(Query):
    """In which language it is told, beside the rules' own words; none: in no other."""

    language: Language | None = None


class VerdictHistoryQuery(Query):
    """How many analyses, newest first."""

    limit: Annotated[int, Field(ge=1, le=400), BeforeValidator(_whole)] = 60


class PauseRequest(Query):
    """For how long nothing is to be measured."""

    minutes: Annotated[
        int,
        Field(ge=1, le=int(LONGEST_PAUSE.total_seconds() // 60)),
        BeforeValidator(_whole),
    ]


class NoteRequest(Query):
    """What happened from one date to another, both included; seen at this home."""

    first_date: LocalDate
    last_date: LocalDate
    text: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_NOTE, pattern=r"[^\s\x00]"),
    ]

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _check_order(self.first_date, self.last_date)
        return self


class ShareRequest(Query):
    """How long a read-only link is to work."""

    hours: Annotated[int, Field(ge=1, le=24 * 90), BeforeValidator(_whole)] = 168


def _check_order(since: date, until: date) -> None:
    if since > until:
        raise ValueError("since must not be after until")


def _check_length(days: float, most: int) -> None:
    if days > most:
        raise ValueError(f"at most {most} days")


def _check_instants(since: datetime | None, until: datetime | None, most: int) -> None:
    if since is None or until is None:
        return
    if since >= until:
        raise ValueError("since must be before until")
    _check_length((until - since).total_seconds() / 86400, most)
