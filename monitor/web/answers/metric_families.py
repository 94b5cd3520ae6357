"""Metrics: the last samples under blackbox_exporter's names, and our own families.

What was not measured is left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from monitor.model import Probe, Sample
from monitor.present import LineState
from monitor.stored_analysis import UnreadableAnalysisError
from monitor.web.answers import overview, telling
from monitor.web.answers.facts import DIRECT, Facts
from monitor.web.answers.queries import LanguageQuery, NoQuery
from monitor.web.answers.schemas import Health
from monitor.web.answers.verdict_answers import Services, Verdicts

STALE: Final = timedelta(minutes=15)
"""Older samples are left out, as if the site had not been asked; longer where the
interval is longer."""

_SITE: Final = ("instance", "target", "role", "vantage")
_PHASES: Final = {
    "resolve": "domain_lookup_s",
    "connect": "connect_s",
    "tls": "tls_handshake_s",
    "processing": "waiting_s",
    "transfer": "response_s",
}
_PAGES: Final = (Probe.HTTPS, Probe.TCP, Probe.TLS, Probe.MTPROTO)
_LINE_UP: Final = {LineState.UP: 1.0, LineState.DOWN: 0.0}


class StoredFacts:
    """Turns stored facts into families of metrics."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        """All families."""
        facts = self._facts
        vantage = facts.config.vantage
        yield from site_families(_fresh_samples(facts, vantage))
        with suppress(UnreadableAnalysisError):
            yield from verdict_families(overview.verdicts(facts, NoQuery()))
            yield _services(telling.services(facts, LanguageQuery()))
        health = overview.health(facts, NoQuery())
        totals = facts.round_totals(vantage)
        yield from health_families(health, {k: v[0] for k, v in totals.items()})


def _fresh_samples(facts: Facts, vantage: str) -> list[tuple[str, Sample]]:
    """The last direct samples with the address that names their site."""
    oldest = facts.clock.now_utc() - max(STALE, 3 * facts.config.every)
    infos = [
        info
        for of_site in facts.sites(vantage).values()
        for info in of_site
        if info.path == DIRECT and info.last_utc >= oldest
    ]
    urls = {target.name: target.url for target in facts.config.all_targets()}
    of_site = facts.reader.latest(infos)
    return [(urls.get(s.target) or s.url or s.target, s) for s in of_site]


def site_families(samples: Iterable[tuple[str, Sample]]) -> Iterator[Metric]:
    """What blackbox_exporter would tell of the sites, and the goodput."""
    pages = [(url, s) for url, s in samples if s.probe in _PAGES]
    transfers = [(url, s) for url, s in samples if s.goodput_bps is not None]
    yield _gauge(
        "probe_success",
        "Whether the last probe got its answer",
        ((url, s, float(s.failure is None)) for url, s in pages),
    )
    yield from _blackbox_gauges(pages)
    yield _phases(pages)
    yield _tls_versions(pages)
    yield _failures(pages)
    yield _gauge(
        "monitor_goodput_bits_per_second",
        "Payload rate of the last throughput transfer",
        ((url, s, s.goodput_bps) for url, s in transfers),
    )
    yield _gauge(
        "monitor_sample_timestamp_seconds",
        "When the last page probe began",
        ((url, s, s.started_at_utc.timestamp()) for url, s in pages),
    )


def _blackbox_gauges(pages: list[tuple[str, Sample]]) -> Iterator[Metric]:
    columns = {
        "probe_duration_seconds": ("Whole last probe", "duration_s"),
        "probe_dns_lookup_time_seconds": ("Name lookup", "domain_lookup_s"),
        "probe_http_status_code": ("Status of the answer", "http_status"),
        "probe_http_uncompressed_body_length": ("Body as sent", "encoded_body_bytes"),
    }
    for name, (text, field) in columns.items():
        yield _gauge(name, text, ((url, s, getattr(s, field)) for url, s in pages))
    yield _gauge(
        "probe_http_ssl",
        "Whether TLS was used for the page",
        ((url, s, _has_tls(s)) for url, s in pages),
    )
    yield _gauge(
        "probe_http_version",
        "Version of HTTP of the answer",
        ((url, s, _http_version(s)) for url, s in pages),
    )
    yield _gauge(
        "probe_ip_protocol",
        "Version of IP that was used",
        ((url, s, _ip_version(s)) for url, s in pages),
    )


def _gauge(
    name: str, text: str, values: Iterable[tuple[str, Sample, float | None]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=_SITE)
    for url, sample, value in values:
        if value is not None:
            family.add_metric(_labels(url, sample), value)
    return family


def _labels(url: str, sample: Sample) -> list[str]:
    return [url, sample.target, sample.role.value, sample.vantage]


def _phases(pages: list[tuple[str, Sample]]) -> Metric:
    family = GaugeMetricFamily(
        "probe_http_duration_seconds",
        "Phases of the last probe; one request, redirects are not followed",
        labels=(*_SITE, "phase"),
    )
    for url, sample in pages:
        for phase, field in _PHASES.items():
            value = getattr(sample, field)
            if value is not None:
                family.add_metric([*_labels(url, sample), phase], value)
    return family


def _tls_versions(pages: list[tuple[str, Sample]]) -> Metric:
    family = GaugeMetricFamily(
        "probe_tls_version_info", "TLS version in a label", labels=(*_SITE, "version")
    )
    for url, sample in pages:
        if sample.tls_version is not None:
            family.add_metric([*_labels(url, sample), sample.tls_version], 1)
    return family


def _failures(pages: list[tuple[str, Sample]]) -> Metric:
    family = GaugeMetricFamily(
        "monitor_probe_failure_info",
        "The stage and failure of the last probe, as OONI names them",
        labels=(*_SITE, "failed_operation", "failure"),
    )
    for url, sample in pages:
        if sample.failure is not None:
            stage = sample.failed_operation or ""
            family.add_metric([*_labels(url, sample), stage, sample.failure[:200]], 1)
    return family


def _has_tls(sample: Sample) -> float | None:
    if sample.probe != "https":
        return None
    return float(sample.tls_handshake_s is not None or sample.tls_version is not None)


def _http_version(sample: Sample) -> float | None:
    try:
        return float((sample.http_version or "").upper().removeprefix("HTTP/"))
    except ValueError:
        return None


def _ip_version(sample: Sample) -> float | None:
    if sample.remote_address is None:
        return None
    return 6.0 if ":" in sample.remote_address else 4.0


def verdict_families(answer: Verdicts) -> Iterator[Metric]:
    """What the last analysis said."""
    names = ("vantage", "target")
    verdict = GaugeMetricFamily(
        "monitor_verdict_info",
        "The verdict of the last analysis",
        labels=(*names, "verdict", "strength"),
    )
    evenings = GaugeMetricFamily(
        "monitor_evenings", "Evenings behind the verdict", labels=(*names, "state")
    )
    ratio = GaugeMetricFamily(
        "monitor_effect_ratio",
        "Times slower than the rest of the day and beyond the controls",
        labels=(*names, "metric"),
    )
    for judged in answer.verdicts:
        labels = [judged.vantage, judged.target]
        verdict.add_metric([*labels, judged.verdict, judged.strength or ""], 1)
        for state, n in judged.evenings:
            evenings.add_metric([*labels, state], n)
        if judged.effect.ratio is not None:
            ratio.add_metric([*labels, judged.effect.metric], judged.effect.ratio)
    yield verdict
    yield evenings
    yield ratio
    if answer.computed_at_utc is not None:
        yield _plain(
            "monitor_analysis_timestamp_seconds",
            "When the last analysis was made",
            answer.computed_at_utc.timestamp(),
        )


def _services(answer: Services) -> Metric:
    """What the last analysis said of services."""
    family = GaugeMetricFamily(
        "monitor_service_verdict_info",
        "The verdict of the last analysis on a service, the gravest of its hosts'",
        labels=("vantage", "service", "verdict", "strength"),
    )
    for service in answer.services:
        labels = [
            service.vantage,
            service.service,
            service.verdict,
            service.strength or "",
        ]
        family.add_metric(labels, 1)
    return family


def health_families(health: Health, rounds: dict[str, int]) -> Iterator[Metric]:
    """How the daemon itself is."""
    family = CounterMetricFamily(
        "monitor_rounds",
        "Rounds of the schedule by what became of them",
        labels=["status"],
    )
    for status, n in rounds.items():
        family.add_metric([status], n)
    yield family
    yield CounterMetricFamily(
        "monitor_gap_seconds", "Time without rounds", value=health.gap_s
    )
    troubles = GaugeMetricFamily(
        "monitor_troubles_week",
        "Nightly analyses that were ended and messages not sent, in seven days",
        labels=["what"],
    )
    kinds = Counter(trouble.what for trouble in health.troubles)
    for what in ("night_ended", "not_sent"):
        troubles.add_metric([what], kinds[what])
    yield troubles
    yield _plain("monitor_fresh", "Whether samples are fresh", float(health.is_fresh))
    yield _plain(
        "monitor_spool_records",
        "Records that wait for the database",
        health.spool_records,
    )
    yield _plain(
        "monitor_wal_bytes",
        "Length of SQLite's write-ahead log; long while a reader holds it",
        health.wal_bytes,
    )
    yield _plain(
        "monitor_stale_rollups",
        "Hours whose roll-up is still to be made",
        health.n_stale_hours,
    )
    yield CounterMetricFamily(
        "monitor_removed_samples",
        "Samples that retention removed",
        value=health.n_removed_samples,
    )
    used = health.usage
    yield _plain(
        "monitor_received_today_bytes",
        "Received on the wire today by the home's clock",
        used.today_bytes,
    )
    yield _plain(
        "monitor_received_month_bytes",
        "Received on the wire this month",
        used.month_bytes,
    )
    optional = {
        "monitor_budget_month_bytes": (
            "Bytes on the wire that the configuration allows in a month",
            used.budget_per_month_bytes,
        ),
        "monitor_forecast_month_bytes": (
            "What this month will come to at the pace of the last seven days",
            used.forecast_month_bytes,
        ),
        "monitor_event_loop_lateness_seconds": (
            "Worst lateness of the measuring loop in the last round",
            health.event_loop_lateness_s,
        ),
        "monitor_line_up": (
            "Whether anything gets through the home's line",
            _LINE_UP.get(health.line),
        ),
        "monitor_sample_age_seconds": ("Age of the last sample", health.age_s),
        "monitor_clock_synchronised": (
            "Whether the system's clock is synchronised",
            health.is_clock_synchronised,
        ),
    }
    for name, (text, value) in optional.items():
        if value is not None:
            yield _plain(name, text, value)


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
