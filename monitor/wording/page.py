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
    "footer.simulated": (
        "Everything here is simulated: nothing was measured, at no home. It shows what "
        "the page looks like after some weeks."
    ),
    "simulated": "SIMULATED. Nothing on this page was measured.",
    "page.places": "Pages",
    "page.all": "All pages",
    "page.more": "More",
    "page.now": "Now",
    "page.evenings": "Evenings",
    "page.day": "Day",
    "page.reports": "Reports",
    "page.compare": "Compare",
    "page.notes": "Notes",
    "page.health": "Health",
    "page.settings": "Settings",
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
    "now.when": "measured {ago} ago",
    "now.simulated": "Simulated weeks: nothing is measured now",
    "head.well": "The line is well, and no service is slow.",
    "head.up": "The line is well.",
    "head.failed": "No answer from {names}.",
    "head.slow": "Slow at this moment: {names}.",
    "rail.title": "Where the trouble begins",
    "rail.line": "Line",
    "rail.controls": "Sites for comparison",
    "rail.services": "Services",
    "rail.line_up": "is well",
    "rail.line_down": "is down",
    "rail.line_unknown": "not measured now",
    "rail.unknown": "cannot be told",
    "rail.controls_answered": "{answered} of {asked} answer",
    "rail.services_well": "none of {asked} is slow",
    "rail.services_not": "slow: {slow}, without an answer: {failed}, of {asked}",
    "answer.title": "Is it them?",
    "answer.two_clocks": (
        "On each card, above: this moment. Below: all evenings so far. A slow moment "
        "is no pattern."
    ),
    "controls.title": "The sites for comparison",
    "controls.lead": (
        "Nobody has a reason to slow these down. When they are slow too, it is the "
        "line or the busy hour."
    ),
    "controls.none": "No site for comparison is measured.",
    "card.again": "Does it come back?",
    "card.times": "{times}",
    "card.slower": "slower than usual",
    "card.usual": "usual: {usual}",
    "card.no_usual": "what is usual is not known yet",
    "card.controls": "sites for comparison: {times}× their usual time",
    "card.day": "{target}: the last 24 hours; dashed: the sites for comparison",
    "card.evenings": "Evenings of {service}",
    "verdict.none": "Not judged yet",
    "card.hosts": "Hosts of {service}",
    "card.measuring": (
        "Measured for {since} so far. The analysis comes after each night."
    ),
    "card.measured_once": "Measured once so far. The analysis comes after each night.",
    "card.nothing": "Nothing measured yet: one round every {every}.",
    "sure.title": "How sure",
    "sure.likely": (
        "Likely: chance hardly explains it, and how it happens is consistent with "
        "interference, but another explanation stays open."
    ),
    "sure.strong": (
        "Strong: chance hardly explains it, and there is evidence that the service, "
        "its network and this line cannot explain."
    ),
    "sure.beyond_chance": (
        "It happened on more evenings than chance explains. Why it happens is not "
        "established."
    ),
    "sure.other": (
        "It comes back, but the evidence points at another cause than somebody who "
        "singles out this service."
    ),
    "sure.fine": "A slowdown larger than the figure above would have been noticed.",
    "sure.open": "Too little is known to say it is so or is not.",
    "sure.unjudged": "No night has judged this service yet.",
    "sure.checks": "What was looked at: {made} of {all} checks",
    "sure.rates": "How often this method was wrong",
    "sure.not_who": (
        "Not shown by any of this: who does it, on whose order, and what other homes "
        "measure."
    ),
    "calendar.title": "Which evenings",
    "calendar.caption": (
        "Choose an evening to open its day. Last row: slow of usable evenings."
    ),
    "calendar.of": "{slow} of {usable}",
    "calendar.control": "Only services are judged; this is a site for comparison.",
    "picture.title": "Hour by hour, day by day",
    "profile.title": "The hours of the day and of the week",
    "profile.day": "24 hours",
    "profile.week": "168 hours of the week",
    "profile.about": (
        "Line: the median of that hour over the days from {since} to {until}; band: 10 "
        "to 90 % of them, in {unit}. Hours measured: {n}. Times of {zone}."
    ),
    "choice.title": "What is shown",
    "choice.host": "Host",
    "choice.target": "Site",
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
    "unit.byte": "B",
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
    "ratio.slower": "{times} slower",
    "ratio.quicker": "{times} quicker",
    "ratio.as_fast": "as fast",
    "heatmap.n": "probes: {n}",
    "heatmap.window": "The frame marks the evening, {start}–{end}.",
    "heatmap.unit": "Median of each hour in {unit}.",
    "heatmap.unit_ratio": (
        "How many times slower than usual, and than the comparison sites in the same "
        "hour."
    ),
    "heatmap.legend": (
        "A column is a day from {hour} to {hour}. A thin stroke: not measured. Black "
        "with crosses: nothing answered. Nothing is drawn before the first measurement."
    ),
    "heatmap.below": "below {n}",
    "heatmap.more": "{n} and more",
    "heatmap.keys": "Arrow keys choose an hour, Enter opens its day.",
    "heatmap.enter": "Enter opens the day.",
    "heatmap.empty": (
        "Here the hours of each day will appear. The first round comes within "
        "{every}, the first hour soon after."
    ),
    "evenings.page": "Evenings",
    "evenings.services": "Services",
    "evenings.of": "Evenings of {service}",
    "evenings.judged": (
        "Judged on {moment}, from {since} to {until}, by method {method}."
    ),
    "evenings.unknown": "there is no service {service}",
    "evenings.title": "All services, evening by evening",
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
    "live.controls": "comparison sites, median",
    "live.failed": "failed",
    "day.title": "One day, every sample",
    "day.before": "Day before",
    "day.after": "Day after",
    "day.date": "Date",
    "day.span": "Span",
    "day.evening": "Evening",
    "day.whole": "Whole day",
    "day.every": "Every sample",
    "day.steps": "Which step got slower",
    "day.unknown": "there is no site {target}",
    "day.samples": "All samples",
    "day.caption": "{target}, {date}",
    "day.open": "Choose a row, or a point or a bar above, to open its sample.",
    "band.expected": "expected from the sites for comparison",
    "band.fails": "failures",
    "band.count": (
        "Samples: {n}; as expected {usual}, slow {slow} (beyond the range by a factor "
        "of {factor}), without an answer {failed}."
    ),
    "band.about": (
        "The range: where it would be, had it gone as the sites for comparison did in "
        "the same hour, from the quickest to the slowest of {names}."
    ),
    "band.no_controls": "No site for comparison: nothing can be expected.",
    "lanes.about": "Each step of a page from zero, on its own scale.",
    "lanes.step": "{step}: {rest} before and after, {evening} in the evening; {ratio}.",
    "day.gap": "gap",
    "day.gap_words": "{from}–{to}: {reason}",
    "round.missed": "no round",
    "round.overlong": "round cut short",
    "day.answered": "answered",
    "day.empty": "No samples on {date}.",
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
    "sample.when": "{target}, {time} ({zone})",
    "bytes.title": "Bytes over the time of the transfer",
    "bytes.caption": "{time}: {bytes} in {seconds} s since the first byte.",
    "bytes.reading": "A straight line is a steady rate, a step is a pause.",
    "bytes.not_kept": "The curve of this transfer was not kept.",
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
        "The first beside the second: {ratio}; beyond the comparison sites: {beyond}."
    ),
    "compare.alone": "The first beside the second: {ratio}.",
    "compare.span": "{which}: {from} to {to}.",
    "compare.caption": (
        "{metric}; box: middle half of the samples, whiskers: 10th to 90th "
        "percentile. Times of {zone}."
    ),
    "compare.coverage": "Measured: {a} of the first window, {b} of the second.",
    "compare.empty": "One of the two windows has no samples.",
    "notes.title": "Notes",
    "notes.lead": "What happened on a date: a broadcast, a ruling, a match.",
    "notes.text": "What happened",
    "notes.submit": "Write it down",
    "notes.added": "Note {number} is written; notes are added, never changed.",
    "notes.empty": 'No notes. `monitor note add 2026-06-18 "Match"` puts one here.',
    "reports.title": "Night reports",
    "reports.lead": (
        "What each night found, how sure it is, and the rows that show it. Give a "
        "bundle's digest on another way than the bundle."
    ),
    "reports.night": "Night; empty: the last one",
    "reports.bundle": "Evidence bundle",
    "reports.none": "without",
    "reports.private": "for yourself",
    "reports.trusted": "for somebody you trust",
    "reports.public": "for everybody: names no house",
    "reports.make": "Make a report",
    "errand.running": "At work ...",
    "errand.done": "Done.",
    "errand.failed": "It was not done; below is why.",
    "settings.title": "Sites",
    "settings.lead": (
        "What is changed here is written into the configuration file, whose comments "
        "stay; it is checked before, and the file before is kept for one way back."
    ),
    "settings.fixed": (
        "This page only shows a database. Which sites are measured is written in the "
        "configuration of the monitor that measures them."
    ),
    "settings.owner": "Only who is logged in can change the sites.",
    "settings.kind": "Kind",
    "settings.targets": "under suspicion",
    "settings.controls": "for comparison",
    "settings.measured": "Is measured",
    "settings.on": "on",
    "settings.off": "off",
    "settings.name": "Name",
    "settings.url": "Address",
    "settings.add": "Add a site",
    "settings.undo": "Undo the last change",
    "settings.written": (
        "Written. `monitor run` measures accordingly from the next round on; a monitor "
        "that another service started is told by SIGHUP."
    ),
    "settings.undone": "The file is again what it was before.",
    "first.title": "Set up this home",
    "first.notice": (
        "Nobody has set up this home yet. Its time zone and its sites for comparison "
        "are those of the shipped file; with a wrong zone the wrong hours are judged."
    ),
    "first.lead": (
        "As `monitor init`: sites are proposed for the country and tried from this "
        "line, sites for comparison that do not answer are left out, and the "
        "configuration is written. This takes up to a minute."
    ),
    "first.owner": "Only who is logged in can set up this home.",
    "first.done_before": (
        "This home is set up: its configuration was changed since it was shipped."
    ),
    "first.zone": "Time zone of this home",
    "first.country": "Country of this home, two letters; empty: not said",
    "first.cap": "Most data in a month, such as 10GB; empty: no cap (about 36 GB)",
    "first.password": (
        "Password for the other devices of this house, 10 letters or more; empty: "
        "the page opens on this machine only"
    ),
    "first.consent": "What you should know before",
    "first.submit": "Try the sites and write the configuration",
    "first.done": (
        "Written. Now end `monitor run` and start it again: it measures with the new "
        "configuration from then on."
    ),
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
    "used.title": "Data used",
    "used.probe": "by kind of probe",
    "used.site": "by site",
    "used.rest": "the others",
    "used.budget": "budget",
    "used.about": (
        "{bytes} from {since} to {until}, about as on the wire; what waits for its "
        "roll-up is not in it. Times of {zone}."
    ),
    "used.dashed": "Dashed: a thirtieth of the month's budget.",
    "used.empty": "Nothing is rolled up yet: the first hour comes soon.",
    "pause.title": "Pause",
    "pause.length": "Measure nothing for",
    "pause.m30": "30 minutes",
    "pause.m60": "1 hour",
    "pause.m120": "2 hours",
    "pause.m480": "8 hours",
    "pause.m1440": "1 day",
    "pause.submit": "Pause",
    "pause.resume": "Measure again",
    "pause.until": "paused until {time}",
    "pause.none": (
        "A pause begins with the next round and stays on record as a gap, with its "
        "reason."
    ),
    "phone.title": "On a phone",
    "phone.lead": "Any device of this house opens:",
    "phone.code": "The address as a QR code",
    "phone.none": (
        "The page opens on this machine only. With a password (`monitor web password`) "
        "and `web: {host: 0.0.0.0}` every device of this house can open it."
    ),
    "gaps.title": "Gaps of the last two weeks",
    "gaps.none": "No gaps.",
    "gaps.length": "length",
    "gaps.reason": "reason",
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
    {
        "card.times",
        "choice.metric",
        "choice.span",
        "compare.to",
        "day.probe",
        "day.span",
        "page.now",
        "rail.line",
    }
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
