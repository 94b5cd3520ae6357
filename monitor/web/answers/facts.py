"""What every answer needs: the stored series of one measuring point, and its roll-ups.

Chooses which stored series stand for a site and a metric. Called from worker threads.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Final

from monitor.clock import Clock
from monitor.config import Config
from monitor.errors import MonitorError
from monitor.model import TWIN, OwnTerms, Probe, Role, Transport
from monitor.store import Store
from monitor.store.hourly_days import HourlyDay, PackedDay, unpacked
from monitor.store.instants import phase_us
from monitor.store.judged import JudgedTarget, judged_targets
from monitor.store.own_terms import own_clock, own_terms
from monitor.store.reader import Reader, SeriesInfo, StoredAnalysis, is_site
from monitor.store.round_totals import Totals
from monitor.store.spool_file import SpoolFile, spool_path
from monitor.wallclock import clock_named
from monitor.web.answers.evening_sums import KeptSums
from monitor.web.answers.home_clock import day_start_us, next_hour_us
from monitor.web.answers.hours import Hours, laid_out, measured_span
from monitor.web.answers.queries import MAX_DAYS
from monitor.web.answers.schemas import Metric, Window

DIRECT: Final = "direct"
SERIES_KEPT_S: Final = 5.0
DEFAULT_DAYS: Final = 56
_FRESH_ROUNDS: Final = 3

NOT_A_PAGE: Final = frozenset({Probe.DOWNLOAD, Probe.SNI_SWAP})


class NotHere(MonitorError):  # noqa: N818 - an answer, not a failure
    """There is nothing of that name; the message says what there is."""


@dataclass(slots=True)
class Facts:
    """Stored facts, the configuration they are shown under, and the clock."""

    config: Config
    store: Store
    clock: Clock
    spool: SpoolFile = field(init=False)
    """Kept: it counts from where it counted last."""
    _lock: Lock = field(default_factory=Lock)
    _series: list[SeriesInfo] = field(default_factory=list)
    _read_at_s: float | None = None
    kept_sums: KeptSums = field(default_factory=KeptSums)
    _terms: dict[str, tuple[float, OwnTerms]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spool = SpoolFile(spool_path(self.config.database))

    @property
    def reader(self) -> Reader:
        """Answers questions about what is stored."""
        return self.store.reader

    def series(self) -> list[SeriesInfo]:
        """Every stored series, at most five seconds old."""
        with self._lock:
            now_s = self.clock.monotonic_s()
            if self._read_at_s is None or now_s - self._read_at_s > SERIES_KEPT_S:
                self._series = self.reader.series(as_of=self.clock.now_utc())
                self._read_at_s = now_s
            return self._series

    def analyses(self, limit: int) -> list[StoredAnalysis]:
        """The last analyses, newest first; none later than now."""
        return self.reader.analyses(
            limit, vantage=self.config.vantage, before=self.clock.now_utc()
        )

    def round_totals(self, vantage: str) -> Totals:
        """See `Reader.round_totals`; as of now."""
        return self.reader.round_totals(vantage, as_of=self.clock.now_utc())

    def vantages(self) -> list[str]:
        """Names of the measuring points that have samples, the configured one first."""
        names = {info.vantage for info in self.series()}
        return sorted(names, key=lambda name: (name != self.config.vantage, name))

    def vantage(self, asked: str | None) -> str:
        """The measuring point to show; raises NotHere."""
        vantages = self.vantages()
        if asked is None:
            return vantages[0] if vantages else self.config.vantage
        if asked not in vantages and asked != self.config.vantage:
            raise NotHere(
                f"vantage {asked!r} has no samples; there is {_names(vantages)}"
            )
        return asked

    def sites(self, vantage: str) -> dict[str, list[SeriesInfo]]:
        """Series of each site by its name, those over TCP: QUIC is no part of them."""
        by_name: dict[str, list[SeriesInfo]] = defaultdict(list)
        for info in self.series():
            is_tcp = info.transport == Transport.TCP
            if info.vantage == vantage and is_site(info) and is_tcp:
                by_name[info.target].append(info)
        return dict(by_name)

    def roles(self, vantage: str) -> dict[str, Role]:
        """Role of each site: as configured, else as last stored; targets first.

        Twins are neither targets nor controls.
        """
        configured = {t.name: t.role for t in self.config.all_targets()}
        sites = self.sites(vantage)
        stored = {name: infos[-1].role for name, infos in sites.items()}
        shown = {**configured, **stored} if vantage == self.config.vantage else stored
        both = {
            name: configured.get(name, role)
            for name, role in shown.items()
            if not is_twin(sites.get(name, ()))
        }
        place = {name: i for i, name in enumerate(configured)}
        order = sorted(
            both,
            key=lambda n: (both[n] != Role.TARGET, place.get(n, len(place)), n),
        )
        return {name: both[name] for name in order}

    def metric_series(self, target: str, metric: Metric, vantage: str) -> list[int]:
        """Series that measure a metric of a site directly; raises NotHere."""
        sites = self.sites(vantage)
        if target not in sites and target not in self.roles(vantage):
            names = _names(self.roles(vantage))
            raise NotHere(f"target {target!r} is unknown; there is {names}")
        return _chosen(sites.get(target, []), metric)

    def control_series(self, metric: Metric, vantage: str) -> dict[str, list[int]]:
        """Series of each control for a metric, controls without any left out."""
        sites = self.sites(vantage)
        chosen = {
            name: _chosen(sites.get(name, []), metric)
            for name, role in self.roles(vantage).items()
            if role == Role.CONTROL
        }
        return {name: ids for name, ids in chosen.items() if ids}

    def terms(self, vantage: str | None = None) -> OwnTerms:
        """Clock and window of a vantage, at most five seconds old; of the configured.

        A vantage of whom nothing is known has the configured ones.
        """
        name = self.config.vantage if vantage is None else vantage
        with self._lock:
            now_s = self.clock.monotonic_s()
            read_at_s, terms = self._terms.get(name, (None, None))
            if terms is None or read_at_s is None or now_s - read_at_s > SERIES_KEPT_S:
                terms = self._read_terms(name)
                self._terms[name] = now_s, terms
            return terms

    def _read_terms(self, vantage: str) -> OwnTerms:
        configured = self.config.own_terms
        if vantage != self.config.vantage:
            return own_terms(self.store, [vantage]).get(vantage, configured)
        clock = own_clock(self.store, vantage, configured.timezone)
        return replace(configured, timezone=clock)

    def window(self, vantage: str) -> Window:
        """The window of a vantage, as it is told."""
        if vantage == self.config.vantage:
            return Window(start=self.config.window.start, end=self.config.window.end)
        start, end = self.terms(vantage).window.text
        return Window(start=start, end=end)

    def hours(
        self,
        sites: Mapping[str, Sequence[int]],
        metric: Metric,
        since_us: int,
        until_us: int,
    ) -> dict[str, Hours]:
        """Hours of each site that begin in the half-open span.

        Parameters
        ----------
        sites : the series of each; those of one site are put together.
        """
        rows = self.packed_days(sites, metric, since_us, until_us)
        return self.laid_out(sites, rows, metric, since_us, until_us)

    def packed_days(
        self,
        sites: Mapping[str, Sequence[int]],
        metric: Metric,
        since_us: int,
        until_us: int,
    ) -> list[PackedDay]:
        """The stored days of all series of some sites; parameters as of `hours`."""
        is_share = metric is Metric.FAILED_SHARE
        column = Metric.DURATION if is_share else metric
        ids = [series_id for of_site in sites.values() for series_id in of_site]
        return self.reader.days(ids, column.value, since_us, until_us)

    def laid_out(
        self,
        sites: Mapping[str, Sequence[int]],
        rows: Sequence[PackedDay],
        metric: Metric,
        since_us: int,
        until_us: int,
    ) -> dict[str, Hours]:
        """The hours that stored days hold; see `hours`."""
        days: dict[int, list[HourlyDay]] = defaultdict(list)
        for row in rows:
            days[row.series_id].append(unpacked(row))
        phase = phase_us(self.config.timezone, self.clock.now_utc())
        first_us, until_us = measured_span(
            rows, next_hour_us(since_us, phase), until_us
        )
        return {
            name: laid_out(
                (day for series_id in of_site for day in days[series_id]),
                first_us,
                until_us,
                is_share=metric is Metric.FAILED_SHARE,
            )
            for name, of_site in sites.items()
        }

    def hours_beside(
        self, target: str, metric: Metric, vantage: str, span_us: tuple[int, int]
    ) -> tuple[Hours, dict[str, Hours]]:
        """Hours of a site in a half-open span, and of each control but itself."""
        site = {target: self.metric_series(target, metric, vantage)}
        controls = self.control_series(metric, vantage)
        by_site = self.hours({**controls, **site}, metric, *span_us)
        return by_site.pop(target), by_site

    def span_us(self, vantage: str, since: date, until: date) -> tuple[int, int]:
        """The half-open span of local days, both included [us since 1970]."""
        zone = self.terms(vantage).timezone
        return day_start_us(since, zone), day_start_us(until + timedelta(days=1), zone)

    def judged(self, vantage: str, since: date) -> dict[str, JudgedTarget]:
        """What analyses said of each target's evenings from a date on."""
        return judged_targets(
            self.reader,
            vantage,
            timezone=self.terms(vantage).timezone,
            window=self.terms(vantage).window,
            since=since,
            before=self.clock.now_utc(),
        )

    def interval(self, metric: Metric) -> timedelta:
        """How often a site's metric is measured at most."""
        every = self.config.every
        if metric is not Metric.GOODPUT:
            return every
        return max(every, self.config.throughput.every or every)

    @property
    def fresh(self) -> timedelta:
        """How old samples of now may be: three slots and a minute."""
        return _FRESH_ROUNDS * self.config.every + timedelta(minutes=1)

    def now_local(self) -> datetime:
        """The home's clock."""
        return self.clock.now_utc().astimezone(clock_named(self.config.timezone))

    def last_utc(self, vantage: str) -> datetime | None:
        """When the last sample of any site was taken."""
        infos = [info for of_site in self.sites(vantage).values() for info in of_site]
        return max((info.last_utc for info in infos), default=None)

    def days(
        self, vantage: str, since: date | None, until: date | None
    ) -> tuple[date, date]:
        """The asked dates; by default eight weeks up to the last sample."""
        if until is None:
            last = self.last_utc(vantage) or self.clock.now_utc()
            until = last.astimezone(clock_named(self.terms(vantage).timezone)).date()
            if since is not None and since > until:
                until = since
        if since is None:
            since = max(until - timedelta(days=DEFAULT_DAYS - 1), self._first(vantage))
            since = min(since, until)
        return max(since, until - timedelta(days=MAX_DAYS - 1)), until

    def _first(self, vantage: str) -> date:
        infos = [info for of_site in self.sites(vantage).values() for info in of_site]
        first = min((i.first_utc for i in infos), default=self.clock.now_utc())
        return first.astimezone(clock_named(self.terms(vantage).timezone)).date()


def is_twin(series: Iterable[SeriesInfo]) -> bool:
    """Whether the site of some series only stands beside the hosts of its service."""
    return any(info.part == TWIN for info in series)


def _chosen(infos: Iterable[SeriesInfo], metric: Metric) -> list[int]:
    direct = [info for info in infos if info.path == DIRECT]
    if metric is Metric.GOODPUT:
        transfers = [i.series_id for i in direct if i.probe == Probe.DOWNLOAD]
        if transfers:
            return transfers
    return [i.series_id for i in direct if i.probe not in NOT_A_PAGE]


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none yet"
