"""What the API gives but verdicts: the models behind the OpenAPI document.

Units are in the names (seconds, bytes, bits per second); instants are RFC 3339 in UTC,
dates are local to the home's zone.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from monitor.evening_rule import EveningState
from monitor.present import LineState, SiteNow

DayOf = date
"""The type, where a field is itself called date."""


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


class Cycle(StrEnum):
    """After what the hours come again."""

    DAY = "day"
    WEEK = "week"


class Answer(BaseModel):
    """A JSON answer."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Problem(Answer):
    """Why a request was not answered."""

    status: int
    error: str
    details: list[str] = []


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


class Expected(Answer):
    """What a site would have measured, had it gone as the controls did.

    Hour by hour (`time_s`, Unix time of its beginning) the site's usual value times how
    much slower than usual the quickest and the slowest control were. null: no control
    was measured in that hour, or nobody knows yet what is usual.
    """

    vantage: str
    target: str
    metric: Metric
    unit: str
    usual: float | None
    """The median hour of the site in the week before the end of the span."""
    slow_factor: float
    """Beyond the range by this factor a sample is called slow; one is no pattern."""
    time_s: list[float]
    low: list[float | None]
    high: list[float | None]
    control_names: list[str]


class Shape(Answer):
    """Spread of hourly medians in each hour of the day, or of the week.

    Entry k belongs to local hour k of the day; of the week, to hour k mod 24 of day
    k div 24, 0 is Monday. null: no hour of that kind was measured; of `p10` and `p90`:
    fewer than five were.
    """

    n: list[int]
    """Hours that were measured."""
    p10: list[float | None]
    median: list[float | None]
    p90: list[float | None]


class Profile(Answer):
    """How a site's hours are, whichever day it is, beside those of the controls.

    `controls` is the shape of the median control of each hour.
    """

    vantage: str
    target: str
    metric: Metric
    unit: str
    timezone: str
    window: Window
    since: date
    until: date
    cycle: Cycle
    shape: Shape
    controls: Shape | None
    control_names: list[str]


class UsedDay(Answer):
    """Bytes of one local day by site and kind of probe, about as on the wire."""

    date: DayOf
    site: str
    probe: str
    bytes: int


class Used(Answer):
    """What was used by day, site and kind of probe.

    Whole hours that are rolled up; what protocols add is counted as the budget expects
    it, so the sum differs a little from the interface's own count in `/health`.
    """

    vantage: str
    timezone: str
    since: date
    until: date
    budget_per_month_bytes: int | None
    days: list[UsedDay]


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


class Paused(Answer):
    """Until when nothing is measured; null: measuring goes on."""

    paused_until_utc: datetime | None


class Noted(Answer):
    """A note that was added."""

    number: int
    """`monitor note remove` takes it."""


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
    paused_until_utc: datetime | None
    """Until when the owner wants nothing measured; null: no pause."""
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
