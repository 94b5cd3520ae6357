"""A report as one HTML page: style and pictures inside, no script, no request."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor.evening_rule import EveningState, Window
from monitor.model import EveningMark
from monitor.report.brief import sentence, told_service
from monitor.report.content import (
    DataUsed,
    Host,
    NightReport,
    Service,
)
from monitor.report.first_page import first_page, how_sure
from monitor.report.heat_steps import dark_rules
from monitor.report.states import state_label as state_words
from monitor.series.rows import Floats
from monitor.text import printable_lines
from monitor.verdict_table import Tone, row_of
from monitor.wording import Language, language
from monitor.wording.check_words import (
    check_figure,
    check_outcome,
    check_sign,
    check_title,
)
from monitor.wording.home_words import stated_title
from monitor.wording.metric_words import metric_title, metric_value
from monitor.wording.names import display_name
from monitor.wording.numbers import evidence_lines
from monitor.wording.round_words import told_gap, told_spoiled
from monitor.wording.sentences import title

if TYPE_CHECKING:
    from monitor.report.charts import Key

_FONTS: Final = "DejaVu Sans, system-ui, Noto Sans, sans-serif"


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture with what it says in words."""

    kind: str
    svg: str
    title: str
    description: str
    keys: "tuple[Key, ...]" = ()


@dataclass(frozen=True, slots=True)
class Pictured:
    """A host with its sentence and its pictures, ready for the page."""

    host: Host
    name: str
    sentence: str
    title: str
    tone: Tone
    sign: str
    charts: tuple[Chart, ...]
    dates: tuple[tuple[str, str], ...]
    """State in words -> the dates, in words."""
    last_state: str
    is_slower: bool
    """Whether `last_state` tells how many times slower."""
    in_window: str
    in_rest: str
    by_hours: tuple[tuple[str, str], ...]
    """Hours -> typical slowness, as the table beside the heat map."""
    evidence: tuple[str, ...]
    unknown_checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldData:
    """What the probes received, ready for the page."""

    sentences: tuple[str, ...]
    charts: tuple[Chart, ...]
    rows: tuple[tuple[str, ...], ...]
    """Name of the site, then megabytes by kind and in all."""


@dataclass(frozen=True, slots=True)
class ToldService:
    """A service with its sentence and its hosts, ready for the page."""

    name: str
    sentence: str
    title: str
    how_sure: str
    tone: Tone
    sign: str
    hosts: tuple[Pictured, ...]
    has_hosts: bool
    """Whether its hosts are told apart: it is more than one under its own name."""


def render_html(report: NightReport, language_code: str) -> str:
    """The page in a language.

    Raises
    ------
    InputError : no such language.
    """
    tongue = language(language_code)
    services = [_told(service, report, tongue) for service in report.services]
    page = page_environment(language_code).get_template("report.html.j2")
    html = page.render(
        report=report,
        services=services,
        language=tongue,
        page=first_page(report, tongue),
        data=_told_data(report, tongue),
    )
    # Escaping keeps a name from being markup; this keeps it from turning its sentence
    # around by marks of direction, and from hiding letters in it.
    return printable_lines(html)


@lru_cache
def page_environment(language_code: str) -> Environment:
    """The templates of pages in a language; whatever is filled in is escaped."""
    tongue = language(language_code)
    environment = Environment(
        loader=PackageLoader("monitor.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        tongue.gettext, tongue.ngettext, newstyle=True
    )
    environment.globals.update(
        check_title=check_title,
        check_outcome=check_outcome,
        check_sign=check_sign,
        metric_title=metric_title,
        svg=_labelled,
        mark=_mark,
        stated_title=stated_title,
        times_slower=_times_slower,
        check_figure=check_figure,
        told_gap=told_gap,
        dark_rules=dark_rules,
        told_spoiled=told_spoiled,
    )
    return environment


def _told(service: Service, report: NightReport, tongue: Language) -> ToldService:
    name, is_alone = display_name(service.name), service.verdict.is_one_host
    hosts = tuple(_pictured(host, report, tongue) for host in service.hosts)
    if not is_alone:
        hosts = tuple(replace(h, name=f"{name}: {h.host.name}") for h in hosts)
    leading = hosts[0]
    return ToldService(
        name=name,
        sentence=told_service(service, report, tongue),
        title=leading.title,
        how_sure=how_sure(leading.host.verdict, tongue),
        tone=leading.tone,
        sign=leading.sign,
        hosts=hosts,
        has_hosts=not is_alone,
    )


def _told_data(report: NightReport, tongue: Language) -> ToldData | None:
    used = report.data_used
    if used is None or not used.by_site:
        return None

    def megabytes(n_bytes: float) -> str:
        return tongue.number(n_bytes / 1e6, 1)

    values = {
        "total": tongue.size(float(used.by_day.sum())),
        "most": tongue.size(float(used.by_day.max())),
        "day": tongue.long_date(used.days[int(used.by_day.argmax())]),
    }
    told = tongue.fill(
        "The probes received about %(total)s in all, at most %(most)s on one day "
        "(%(day)s).",
        values,
    )
    return ToldData(
        sentences=(told, *_told_budget(used, tongue)),
        charts=_data_charts(used, tongue),
        rows=tuple(
            (
                display_name(site.name),
                *map(megabytes, (*site.by_kind, sum(site.by_kind))),
            )
            for site in used.by_site
        ),
    )


def _told_budget(used: DataUsed, tongue: Language) -> Iterator[str]:
    if used.per_day is not None:
        most = {"most": tongue.size(used.per_day)}
        yield tongue.fill("The budget of a day is %(most)s.", most)
    if used.per_month is not None:
        most = {"most": tongue.size(used.per_month)}
        yield tongue.fill("The budget of a month is %(most)s.", most)
    if used.per_day is None and used.per_month is None:
        yield tongue.gettext("No budget is set.")


def _data_charts(used: DataUsed, tongue: Language) -> tuple[Chart, ...]:
    from monitor.report.charts import data_svg

    t = tongue.gettext
    title = t("Received by day")
    text = t("A bar for each day; the dashed line, where there is one, is the budget.")
    return (Chart("data", data_svg(used, tongue), title, text),)


def _pictured(host: Host, report: NightReport, tongue: Language) -> Pictured:
    tone = row_of(host.verdict.verdict).tone
    last = host.last_night
    return Pictured(
        host=host,
        name=display_name(host.name),
        sentence=sentence(host, report, tongue),
        title=title(host.verdict, tongue),
        tone=tone,
        sign=tone.sign,
        charts=_charts(host, report.span, tongue),
        dates=_dates(host, tongue),
        last_state=_last_state(host, report, tongue),
        is_slower=any(_is_slower(m, report) for m in host.evenings),
        in_window=metric_value(last.in_window, host.metric, tongue),
        in_rest=metric_value(last.in_rest, host.metric, tongue),
        by_hours=_by_hours(host, tongue),
        evidence=evidence_lines(host.verdict, tongue),
        unknown_checks=tuple(
            check_title(check, tongue)
            for check in host.verdict.mechanism
            if not check.is_made
        ),
    )


def _charts(host: Host, window: Window, tongue: Language) -> tuple[Chart, ...]:
    # Matplotlib is loaded late: the analysis before it needs the room.
    from monitor.report import charts

    t = tongue.gettext
    values = {"name": display_name(host.name), "what": _metric(host, tongue)}
    return (
        Chart(
            "evenings",
            charts.evenings_svg(host.evenings, tongue),
            t("Evening by evening"),
            t("A shape for each evening."),
            charts.evening_keys({mark.state for mark in host.evenings}, tongue),
        ),
        Chart(
            "heat",
            charts.heat_map_svg(host.heat_map, window, tongue),
            t("Hour by hour"),
            t(
                "Each column is a day, each row an hour of it. The colours count how "
                "many times slower than usual it was (%(what)s); dotted hours were "
                "quicker, crossed hours had no answer, hatched hours were not "
                "measured. The evening lies between the dashed lines."
            )
            % values,
            charts.heat_keys(host.heat_map, tongue),
        ),
        Chart(
            "last",
            charts.last_night_svg(host.last_night, window, tongue),
            t("The last evening and its day"),
            t(
                "The line is %(name)s, the band all control sites, the dashed line the "
                "middle one of them (%(what)s); higher is slower, 1 is as usual. The "
                "evening is shaded."
            )
            % values,
            charts.last_night_keys(host.last_night, tongue),
        ),
        *_hours_charts(host, window, tongue),
        *_block_chart(host, tongue),
    )


def _block_chart(host: Host, tongue: Language) -> Iterator[Chart]:
    """The transfers of one block beside each other, where there are blocks."""
    from monitor.report.block_chart import block_svg

    if not host.block_curves:
        return
    t, begun = tongue.gettext, host.block_curves[0].begun
    yield Chart(
        "block",
        block_svg(host.block_curves, tongue),
        t("One block, transfer by transfer"),
        t(
            "What had arrived over time in the block of %(moment)s, the middle one of "
            "its evening: under the site's name (line) and under the other (dashed). "
            "The same bytes, from the same server, within a minute or so."
        )
        % {"moment": tongue.moment(begun)},
    )


def _hours_charts(host: Host, window: Window, tongue: Language) -> Iterator[Chart]:
    from monitor.report.hour_chart import hours_svg, week_svg

    t = tongue.gettext
    values = {"name": display_name(host.name), "what": _metric(host, tongue)}
    profiles = (host.hours, host.control_hours, window, tongue)
    of_day = t(
        "The hours of the local day over all evenings of the report: %(name)s (line) "
        "and all control sites (dashed line). The bands hold the middle eight of ten "
        "measurements, from 10 to 90%% (%(what)s); higher is slower, 1 is as usual. "
        "The evening is shaded."
    )
    of_week = t(
        "The same for each hour of the local week; a stroke under the picture is the "
        "midnight with which its day begins. An hour with fewer than five measurements "
        "has no band."
    )
    yield Chart(
        "hours", hours_svg(*profiles), t("The hours of the day"), of_day % values
    )
    yield Chart("hours", week_svg(*profiles), t("The hours of the week"), of_week)


def _metric(host: Host, tongue: Language) -> str:
    return metric_title(host.metric, tongue)


def _dates(host: Host, tongue: Language) -> tuple[tuple[str, str], ...]:
    by_state = (
        (state, [mark.day for mark in host.evenings if mark.state is state])
        for state in EveningState
        if state is not EveningState.FINE
    )
    return tuple(
        (state_words(state, tongue), tongue.short_dates(days))
        for state, days in by_state
        if days
    )


def _is_slower(mark: EveningMark, report: NightReport) -> bool:
    is_slow = mark.state is EveningState.SLOW and bool(mark.ratio)
    return is_slow and mark.day == report.night


def _last_state(host: Host, report: NightReport, tongue: Language) -> str:
    for mark in host.evenings:
        if mark.day == report.night:
            if _is_slower(mark, report):
                times = tongue.times(mark.ratio or 1)
                return tongue.fill("%(times)s slower", {"times": times})
            return state_words(mark.state, tongue)
    return state_words(EveningState.UNUSABLE, tongue)


def _by_hours(host: Host, tongue: Language) -> tuple[tuple[str, str], ...]:
    heat_map = host.heat_map
    rows = []
    for first in range(0, 24, 2):
        cells = heat_map.slowness[:, first : first + 2]
        cells = cells[~np.isnan(cells)]
        start = (heat_map.first_hour + first) % 24
        hours = f"{start:02d}\N{EN DASH}{(start + 2) % 24:02d}"
        rows.append((hours, _typical(cells, tongue)))
    return tuple(rows)


def _typical(cells: Floats, tongue: Language) -> str:
    if not len(cells):
        return "\N{EN DASH}"
    middle = float(np.quantile(np.asarray(cells), 0.5, method="higher"))
    if not np.isfinite(middle):
        return "\N{MULTIPLICATION X}"
    return _times_slower(middle, tongue)


def _times_slower(ratio: float, tongue: Language) -> str:
    return f"{tongue.number(ratio, 1)}\N{MULTIPLICATION SIGN}"


def _mark(key: "Key") -> Markup:
    # Drawn by `charts` from its own shapes.
    return Markup(key.svg)  # noqa: S704


def _labelled(chart: Chart, identifier: str) -> Markup:
    """The picture with its text alternative inside, for a screen reader."""
    opening = Markup(
        '<svg role="img" aria-labelledby="{0}-title {0}-text" font-family="{1}" '
    ).format(identifier, _FONTS)
    words = Markup(
        '<title id="{0}-title">{1}</title><desc id="{0}-text">{2}</desc>'
    ).format(identifier, chart.title, chart.description)
    # Drawn by Matplotlib from numbers and translated labels: nobody else's text.
    drawn = chart.svg.removeprefix("<svg ")
    head, _, body = drawn.partition(">")
    return opening + Markup(head) + Markup(">") + words + Markup(body)  # noqa: S704
