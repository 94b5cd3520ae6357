"""What the API takes and gives: the models behind the OpenAPI document.

Units are in the names (seconds, bytes, bits per second); instants are RFC 3339 in UTC,
dates are local to the home's zone.
"""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from monitor import model
from monitor.evening_rule import EveningState
from monitor.present import LineState, SiteNow
from monitor.verdict_table import Tone, gravity, row_of
from monitor.wallclock import YEARS, parsed_date

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
DayOf = date
"""The type, where a field is itself called date."""
Truth = Annotated[bool, BeforeValidator(_truth)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Metric(StrEnum):
    """What is shown; the last one is the share of probes that failed."""

    GOODPUT = "goodput_bps"
    DURATION = "duration_s"
    DOMAIN_LOOKUP = "domain_lookup_s"
    CONNECT = "connect_s"
    TLS_HANDSHAKE = "tls_handshake_s"
    WAITING = "waiting_s"
    RESPONSE = "response_s"
    FAILED_SHARE = "failed_share"

    @property
    def unit(self) -> str:
        """Unit of the values."""
        if self is Metric.GOODPUT:
            return "bit/s"
        return "1" if self is Metric.FAILED_SHARE else "s"


class View(StrEnum):
    """Values as measured, or as times slower than usual and beyond the controls."""

    ABSOLUTE = "absolute"
    BEYOND_CONTROLS = "beyond_controls"


class Resolution(StrEnum):
    """How fine a series is."""

    SAMPLE = "sample"
    HOUR = "hour"
    DAY = "day"


class Query(BaseModel):
    """Parameters of a request; unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """A JSON answer."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class NoQuery(Query):
    """No parameters."""


class Problem(Answer):
    """Why a request was not answered."""

    status: int
    error: str
    details: list[str] = []


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


class ShareRequest(Query):
    """How long a read-only link is to work."""

    hours: Annotated[int, Field(ge=1, le=24 * 90), BeforeValidator(_whole)] = 168


class Share(Answer):
    """A read-only link."""

    path: str
    expires_at_utc: datetime


class TargetInfo(Answer):
    """A site and what is known of it."""

    name: str
    role: Literal["target", "control", "twin"]
    service: str
    """Which service the site is a host of, its own name where it is one itself."""
    part: str
    """What it is to its service."""
    url: str | None
    is_configured: bool
    probes: list[str]
    paths: list[str]
    first_sample_utc: datetime | None
    last_sample_utc: datetime | None


class Window(Answer):
    """The evening under suspicion, local time."""

    start: str
    end: str


class Targets(Answer):
    """The sites of one measuring point, and how the home's clock goes."""

    vantage: str
    vantages: list[str]
    timezone: str
    now_utc: datetime
    every_s: float
    """Between two rounds of page probes."""
    transfer_every_s: float
    """Between two transfers of a site, at least."""
    window: Window
    first_date: date | None
    last_date: date | None
    targets: list[TargetInfo]


class Heatmap(Answer):
    """Hour by day: `values[d][h]` belongs to `days[d]` and local hour h.

    null: nothing was measured. In the view `absolute` the values are medians of the
    hour in `unit`; in `beyond_controls` they are times slower than usual and beyond the
    controls (1: as usual), or for `failed_share` the difference to the controls.
    `dead[d][h]`: everything that was tried failed.
    """

    vantage: str
    target: str
    metric: Metric
    view: View
    unit: str
    timezone: str
    window: Window
    days: list[date]
    values: list[list[float | None]]
    n: list[list[int]]
    dead: list[list[bool]]
    coverage: float
    """Share of the hours that were measured, from 0 to 1."""
    controls: list[str]
    n_stale_hours: int
    """Hours whose roll-up is still being made."""


class Curve(Answer):
    """Values over time; `time_s` is Unix time."""

    time_s: list[float]
    value: list[float | None]
    n: list[int]
    n_failed: list[int]


class Series(Answer):
    """A curve of a target and the median of the controls."""

    vantage: str
    target: str
    metric: Metric
    unit: str
    timezone: str
    resolution: Resolution
    since: datetime
    until: datetime
    coverage: float
    curve: Curve
    controls: Curve | None
    control_names: list[str]


class Evening(Answer):
    """One evening of one target."""

    date: DayOf
    state: EveningState
    ratio: float | None
    """Times slower than the rest of the day and beyond the controls."""
    n: int
    n_failed: int


class TargetEvenings(Answer):
    """The evenings of one target.

    `source` tells who judged: `analysis`, or `rollups`: a quick reading of the hourly
    medians, used for evenings that no analysis has seen.
    """

    target: str
    metric: Metric
    source: Literal["analysis", "rollups"]
    evenings: list[Evening]


class Evenings(Answer):
    """The evenings of every target."""

    vantage: str
    timezone: str
    window: Window
    targets: list[TargetEvenings]


class ToldCheck(Answer):
    """One check of the mechanism in words."""

    check: str
    title: str
    """What was looked at, as a question."""
    sign: str
    """The outcome as one character."""
    outcome: str
    detail: str


class ToldFact(Answer):
    """One number of a verdict with what it is."""

    term: str
    text: str


class Told(Answer):
    """A verdict and why it is what it is, in the language that was asked for."""

    heading: str
    sentence: str
    facts: list[ToldFact]
    reasons: list[str]
    checks: list[ToldCheck]


class EveningCounts(Answer):
    """Evenings behind a verdict; the dead are among the slow."""

    observed: int
    usable: int
    slow: int
    dead: int


class Effect(Answer):
    """How many times slower than the rest of the day and beyond the controls."""

    metric: str
    ratio: float | None
    ci95: tuple[float | None, float | None]


class ReasonRecord(Answer):
    """A reason before it has a language: a rule, its message, and the values in it."""

    rule: str
    message: str
    values: dict[str, JsonValue]


class Check(Answer):
    """One check of the mechanism: +1 points to interference, -1 away, 0 is unknown."""

    check: str
    score: int
    detail: str
    is_made: bool
    """Whether the samples allowed it."""
    detail_record: ReasonRecord


class Mark(Answer):
    """What the analysis said of one evening."""

    date: DayOf
    state: EveningState
    ratio: float | None


class Kind(Answer):
    """How a verdict is shown; the same for all verdicts of its name."""

    gravity: int
    """0 is the gravest."""
    tone: Tone
    sign: str

    @classmethod
    def of(cls, verdict: str) -> Self:
        """The kind of a verdict's name."""
        tone = row_of(verdict).tone
        return cls(gravity=gravity(verdict), tone=tone, sign=tone.sign)


class Verdict(Answer):
    """One verdict as `monitor analyze --json` gives it, with its evenings one by one.

    `told` is there when a language was asked for.
    """

    vantage: str
    target: str
    service: str
    part: str
    verdict: str
    strength: str | None
    evenings: EveningCounts
    effect: Effect
    p_value: float | None
    e_value: float | None
    found_window: Window | None
    onset_date: str | None
    offset_date: str | None
    mechanism: list[Check]
    rule: str | None
    """Id of the rule that decided."""
    reasons: list[str]
    reason_records: list[ReasonRecord]
    evening_marks: list[Mark]
    kind: Kind
    told: Told | None = None

    @classmethod
    def of(cls, verdict: model.Verdict) -> Self:
        """The answer of a stored verdict."""
        marks = [
            Mark(date=mark.day, state=mark.state, ratio=mark.ratio)
            for mark in verdict.marks
        ]
        kind = Kind.of(verdict.verdict)
        shown = {**verdict.to_dict(), "evening_marks": marks, "kind": kind}
        return cls.model_validate(shown)


class Verdicts(Answer):
    """The last analysis; `verdicts` is empty before the first."""

    computed_at_utc: datetime | None
    method_version: str | None
    since: date | None
    until: date | None
    timezone: str | None
    verdicts: list[Verdict]
    lead: str | None = None
    """All verdicts on the configured measuring point in short, when a language was
    asked for."""


class Member(Answer):
    """A host of a service, and the verdict on it in short."""

    target: str
    part: str
    verdict: str
    strength: str | None
    evenings: EveningCounts
    effect: Effect
    kind: Kind
    heading: str | None = None
    """The verdict in words, when a language was asked for."""
    part_title: str | None = None
    """The part in words."""

    @classmethod
    def of(cls, verdict: model.Verdict, **told: str) -> Self:
        """The answer of a stored verdict."""
        stated = verdict.to_dict()
        shown = {name: stated[name] for name in cls.model_fields if name in stated}
        return cls.model_validate({**shown, **told, "kind": Kind.of(verdict.verdict)})


class ServiceVerdict(Answer):
    """The verdict on a service as `monitor analyze --json` gives it, and its hosts.

    `hosts` names those about which something is established; `members` are all, the
    one whose verdict it is first. `told` is there when a language was asked for.
    """

    vantage: str
    service: str
    verdict: str
    strength: str | None
    hosts: list[str]
    e_value: float | None
    reasons: list[str]
    reason_records: list[ReasonRecord]
    kind: Kind
    members: list[Member]
    told: Told | None = None

    @classmethod
    def of(
        cls, judged: model.ServiceVerdict, told: Told | None, members: list[Member]
    ) -> Self:
        """The answer of a service that was rolled up."""
        kind = Kind.of(judged.verdict)
        shown = {**judged.to_dict(), "kind": kind, "members": members, "told": told}
        return cls.model_validate(shown)


class Services(Answer):
    """The last analysis by service; `services` is empty before the first."""

    computed_at_utc: datetime | None
    method_version: str | None
    since: date | None
    until: date | None
    timezone: str | None
    services: list[ServiceVerdict]
    lead: str | None = None
    """All verdicts on the configured measuring point in short, when a language was
    asked for."""


class VerdictPoint(Answer):
    """The verdict on a target in one analysis."""

    computed_at_utc: datetime
    until: date | None
    vantage: str
    target: str
    verdict: str
    strength: str | None


class VerdictHistory(Answer):
    """What the last analyses said, newest first."""

    verdicts: list[VerdictPoint]


class SampleRow(BaseModel):
    """One stored sample; fields that were not measured are absent."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    started_at_utc: datetime
    target: str
    role: Literal["target", "control"]
    vantage: str
    path: str
    probe: str


class SamplePage(Answer):
    """Samples by time; `next` asks for the following page, null: there is none."""

    samples: list[SampleRow]
    next: str | None


class Gap(Answer):
    """A span without rounds, or a round that was not done in full."""

    start_utc: datetime
    end_utc: datetime
    status: str
    reason: str | None
    told: str | None = None
    """The reason in the language that was asked for."""
    n_planned: int
    n_done: int


class Gaps(Answer):
    """Gaps and incomplete rounds."""

    vantage: str
    gaps: list[Gap]


class Spread(Answer):
    """A metric inside one span of time."""

    since: datetime
    until: datetime
    n: int
    n_failed: int
    p10: float | None
    p25: float | None
    median: float | None
    p75: float | None
    p90: float | None
    controls_median: float | None


class Comparison(Answer):
    """Two spans of time side by side.

    `ratio`: how many times slower a is than b; `ratio_beyond_controls`: divided by the
    same ratio of the controls' median.
    """

    vantage: str
    target: str
    metric: Metric
    unit: str
    timezone: str
    a: Spread
    b: Spread
    ratio: float | None
    ratio_beyond_controls: float | None
    control_names: list[str]


class Annotation(Answer):
    """What a user noted about one or several dates, both included."""

    first_date: date
    last_date: date
    text: str


class Annotations(Answer):
    """Notes by date."""

    annotations: list[Annotation]


class Report(Answer):
    """A stored night report."""

    date: DayOf
    files: list[str]
    digests: dict[str, str]
    """Name of a bundle -> its digest, as `monitor verify` prints it."""


class Trouble(Answer):
    """A nightly analysis that was ended, or a message that a service did not take."""

    at_utc: datetime
    what: Literal["night_ended", "not_sent"]
    service: str
    """Kind of service that did not take a message."""
    reason: str


class Reports(Answer):
    """Stored night reports, newest first, and what went wrong in the last week."""

    reports: list[Report]
    troubles: list[Trouble]


class Usage(Answer):
    """About what the probes received on the wire, as the budget counts it."""

    today_bytes: int
    month_bytes: int
    forecast_month_bytes: int | None
    budget_per_month_bytes: int | None


class Now(Answer):
    """The home at this moment; no verdict: one moment is no pattern."""

    now_utc: datetime
    vantage: str
    line: LineState
    controls_times_slower: float | None
    """How many times slower than usual the middle control is."""
    sites: list[SiteNow]
    """Each beside its usual value of the last seven days."""
    reasons: list[str]
    told: list[str] | None = None
    """The reasons in the language that was asked for."""


class Health(Answer):
    """Whether samples are fresh, and what the daemon has to deal with."""

    is_fresh: bool
    reason: str
    line: LineState
    line_reason: str
    """What is said of the line."""
    vantage: str
    version: str
    last_sample_utc: datetime | None
    age_s: float | None
    rounds_complete: int
    rounds_overlong: int
    gaps: int
    gap_s: float
    event_loop_lateness_s: float | None
    spool_records: int
    wal_bytes: int
    """Length of SQLite's write-ahead log; long while a reader holds it."""
    n_stale_hours: int
    n_removed_samples: int
    n_removed_days: int
    """What retention removed in all; the days are UTC days."""
    is_clock_synchronised: bool | None
    """null: the system cannot be asked."""
    usage: Usage
    troubles: list[Trouble]


def json_ready(value: object) -> object:
    """A sample's field as JSON takes it."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return f"{moment.isoformat(timespec='microseconds')}Z"
    return list(value) if isinstance(value, tuple) else value


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
