# ruff: noqa: RUF001 - dashes and Cyrillic letters are meant
"""The words of the dashboard's page, by the keys of its templates and script."""

from collections.abc import Mapping
from typing import Final

from monitor.wording import LANGUAGES, Language

NAMES: Final = dict(zip(LANGUAGES, ("English", "Русский", "Қазақша"), strict=True))
"""Each language as it calls itself."""

PAGE: Final[Mapping[str, str]] = {
    "title": "Is it them, or my line?",
    "skip": "To the content",
    "language": "Language",
    "noscript": (
        "This page needs JavaScript; it loads none from elsewhere. The numbers are "
        "also at /api/v1 and /metrics."
    ),
    "theme.change": "Light or dark",
    "failure": "Something could not be shown: {reason}",
    "close": "Close",
    "none": "not measured",
    "footer": (
        "Everything here was measured at this home and stays in it. The program "
        "shows what is consistent with slowing down; it does not prove who did it."
    ),
    "place": (
        "Measured at “{vantage}” · times of {zone} · {targets} services, {controls} "
        "sites for comparison"
    ),
    "place.simulated": (
        "SIMULATED data, nothing here was measured · times of {zone} · {targets} "
        "services, {controls} sites for comparison"
    ),
    "login.password": "Password",
    "login.submit": "Log in",
    "login.out": "Log out",
    "login.wrong": "The password is wrong.",
    "login.too_many": "Too many attempts. Come back in a quarter of an hour.",
    "share.make": "Share",
    "share.made": (
        "Whoever has this link may look, but change nothing, until {until}: {url}"
    ),
    "share.expired": "This link has expired or was never made.",
    "now.title": "At this moment",
    "now.table": "Each site, now and usually",
    "now.site": "site",
    "now.now": "now",
    "now.usual": "usual",
    "now.times": "times slower",
    "now.outcome": "outcome",
    "now.well": "answers",
    "now.slow": "answers, slowly",
    "now.failed": "fails",
    "now.unmeasured": "not measured now",
    "answer.title": "The answer",
    "verdict.none": "Not judged yet",
    "card.why": "Why",
    "card.hosts": "Hosts of {service}",
    "card.open": "{n} of {all} checks could not be made.",
    "card.measuring": (
        "Measured for {since} so far. The analysis comes after each night."
    ),
    "card.measured_once": "Measured once so far. The analysis comes after each night.",
    "card.nothing": "Nothing measured yet: one round every {every}.",
    "picture.title": "Hour by hour, day by day",
    "choice.target": "Service",
    "choice.metric": "Measured",
    "choice.view": "Shown as",
    "choice.span": "Time",
    "choice.vantage": "Measuring point",
    "choice.control": "{name} (comparison)",
    "view.beyond_controls": "beyond the comparison sites",
    "view.absolute": "as measured",
    "weeks.2": "2 weeks",
    "weeks.5": "5 weeks",
    "weeks.8": "8 weeks",
    "weeks.26": "half a year",
    "weeks.52": "a year",
    "metric.goodput_bps": "goodput of a transfer",
    "metric.duration_s": "whole page",
    "metric.domain_lookup_s": "name lookup (DNS)",
    "metric.connect_s": "connection (TCP)",
    "metric.tls_handshake_s": "encryption (TLS)",
    "metric.waiting_s": "wait for the first byte",
    "metric.response_s": "transfer of the page",
    "metric.failed_share": "share of failures",
    "unit.mbps": "Mbit/s",
    "unit.ms": "ms",
    "unit.s": "s",
    "figure.save": "Save as {kind}",
    "figure.table": "The same as a table",
    "figure.coverage": "Times of {zone}; {share} of the time was measured.",
    "figure.controls": "For comparison: {names}.",
    "figure.stale": "{n} hours are still being summed up; the picture fills by itself.",
    "heatmap.title": "{target}: {metric}",
    "heatmap.at": "{date}, {hour}:",
    "heatmap.gap": "not measured",
    "heatmap.dead": "nothing answered, {n} attempts",
    "heatmap.no_value": "no comparison in this hour",
    "heatmap.ratio": "{times} slower",
    "heatmap.n": "probes: {n}",
    "heatmap.window": "The frame marks the evening, {start}–{end}.",
    "heatmap.unit": "Median of each hour in {unit}.",
    "heatmap.unit_ratio": (
        "How many times slower than usual, and than the comparison sites in the same "
        "hour."
    ),
    "heatmap.legend": "Left open: not measured. Black with a cross: nothing answered.",
    "heatmap.slower": "{n} times slower",
    "heatmap.quicker": "{n} times quicker",
    "heatmap.keys": "Arrow keys choose an hour, Enter opens its day.",
    "heatmap.enter": "Enter opens the day.",
    "heatmap.empty": (
        "Here the hours of each day will appear. The first round comes within "
        "{every}, the first hour soon after."
    ),
    "evenings.title": "Evening by evening",
    "evenings.about": (
        "Evenings from {start} to {end}, times of {zone}; {share} of them say "
        "something."
    ),
    "evenings.quick": (
        "A quick reading of hourly medians, until the nightly analysis has judged "
        "these evenings."
    ),
    "evenings.count": (
        "{target}: slow {slow}, dead {dead}, fine {fine}, unusable {unusable}."
    ),
    "evenings.failed": "{failed} of {n} failed",
    "evenings.empty": "After the first evening ({start}–{end}) it gets a mark here.",
    "state.fine": "fine",
    "state.slow": "slow",
    "state.dead": "no answer",
    "state.refused": "refused",
    "state.unusable": "says nothing",
    "live.title": "The last 24 hours",
    "live.caption": (
        "{target}, {metric}: every sample of the last 24 hours; updates by itself"
    ),
    "live.controls": "comparison sites, median",
    "live.failed": "failed",
    "live.empty": (
        "Here every sample of the last 24 hours will appear. The first comes within "
        "{every}."
    ),
    "day.title": "One day, every sample",
    "day.before": "Day before",
    "day.after": "Day after",
    "day.date": "Date",
    "day.samples": "All samples of the day",
    "day.caption": "{target}, {date}",
    "day.phases": "phases of each page probe, stacked, in {unit}",
    "day.transfers": "goodput of each transfer in {unit}",
    "day.count": "Probes: {n}, failed: {failed}. Grey: gaps.",
    "day.open": "Choose a bar, or a row of the table below, to open its sample.",
    "day.gap": "gap",
    "day.gap_words": "{from}–{to}: {reason}",
    "round.missed": "no round",
    "round.overlong": "round cut short",
    "day.answered": "answered",
    "day.empty": "No page probes on {date}: a gap.",
    "day.no_transfers": "No transfers on this day.",
    "day.time": "Time",
    "day.probe": "Probe",
    "day.outcome": "Outcome",
    "stage.resolve": "name lookup failed",
    "stage.connect": "connection failed",
    "stage.tls_handshake": "encryption failed",
    "stage.http_round_trip": "no answer came",
    "stage.read": "transfer broke off",
    "stage.unknown": "failed",
    "sample.title": "One sample",
    "bytes.title": "Bytes over the time of the transfer",
    "bytes.caption": (
        "{bytes} in {seconds} s since the first byte. A straight line is a steady "
        "rate, a step is a pause."
    ),
    "bytes.time": "seconds since the first byte",
    "bytes.empty": "This sample has no curve of bytes: only transfers have one.",
    "compare.title": "Compare two windows",
    "compare.a": "First",
    "compare.b": "Second",
    "compare.from": "from",
    "compare.to": "to",
    "compare.submit": "Compare",
    "compare.words": (
        "{target}: {a} in the first ({na} samples), {b} in the second ({nb} samples)."
    ),
    "compare.ratio": (
        "The first was {ratio} slower; beyond the comparison sites, {beyond}."
    ),
    "compare.caption": (
        "{metric}; box: middle half of the samples, whiskers: 10th to 90th "
        "percentile. Times of {zone}."
    ),
    "compare.coverage": "Measured: {a} of the first window, {b} of the second.",
    "compare.empty": "One of the two windows has no samples.",
    "notes.title": "Notes",
    "notes.empty": 'No notes. `monitor note add 2026-06-18 "Match"` puts one here.',
    "reports.title": "Night reports",
    "reports.empty": "No report yet: the first is written after the first night.",
    "reports.night_ended": (
        "{time}: the nightly analysis was ended before it was done; it {reason}. It is "
        "made up for."
    ),
    "reports.not_sent": "{time}: a message was not taken by {service}: {reason}.",
    "house.title": "How the monitor itself is doing",
    "house.last": "Last sample",
    "house.rounds": "Rounds",
    "house.rounds_value": (
        "{complete} complete, {overlong} cut short, {gaps} gaps ({time} in all)"
    ),
    "house.today": "Received today",
    "house.month": "Received this month",
    "house.budget": "{used} of {budget} ({share})",
    "house.forecast": "Expected for the whole month",
    "house.no_forecast": "after seven days of measuring",
    "house.lateness": "Worst lateness in the last round",
    "house.spool": "Records waiting for the database",
    "health.fresh": "measuring · last sample {ago} ago",
    "health.stale": "not measuring · last sample {ago} ago",
    "health.line_down": "the line is down · measured {ago} ago",
    "health.none": "no sample yet",
    "health.simulated": "simulated: nothing is being measured",
}

COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "times": ("{n} time", "{n} times"),
    "unit.seconds": ("{n} second", "{n} seconds"),
    "unit.minutes": ("{n} minute", "{n} minutes"),
    "unit.hours": ("{n} hour", "{n} hours"),
    "unit.days": ("{n} day", "{n} days"),
}
"""What is said of one, and of more."""

IN_CONTEXT: Final = frozenset(
    {"choice.metric", "choice.span", "compare.to", "day.probe"}
)
"""Keys whose English means something else elsewhere; the key is their context."""


def page_messages(language: Language) -> dict[str, str]:
    """All of them in a language, and the names that a browser may not know.

    A number chooses among `key.one`, `key.few`, `key.many` and `key.other`.
    """
    return {
        **{key: _told(key, text, language) for key, text in PAGE.items()},
        **{
            f"{key}.{kind}": language.ngettext(*forms, n)
            for key, forms in COUNTED.items()
            for kind, n in language.plurals.items()
        },
        **{f"language.{code}": name for code, name in NAMES.items()},
        **language.calendar(),
    }


def _told(key: str, text: str, language: Language) -> str:
    if key in IN_CONTEXT:
        return language.pgettext(key, text)
    return language.gettext(text)
