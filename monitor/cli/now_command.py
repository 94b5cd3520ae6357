"""`monitor now`: each site at this moment, and whether the line is well."""

import sys
from typing import TYPE_CHECKING

import click

from monitor.cli.options import configuration, measured_database_url
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import echo_json, say, visible
from monitor.present import LineState, SiteNow

if TYPE_CHECKING:
    from monitor.wording import Language


@click.command("now")
@click.option("--json", "as_json", is_flag=True, help="The same as /api/v1/now.")
@click.pass_obj
def now_command(settings: Settings, *, as_json: bool) -> None:
    """Each service at this moment beside its usual value and the control sites.

    Asks the database that `monitor run` fills, and measures nothing. Exit status 1 when
    the line is down or nothing was measured in the last rounds.
    """
    from monitor.clock import SystemClock
    from monitor.store import Store
    from monitor.web.answers import now
    from monitor.web.answers.facts import Facts
    from monitor.wording import language
    from monitor.wording.reason_words import told

    measured_database_url(settings)
    config = configuration(settings)
    code = config.report.language
    with Store(config.database) as store:
        facts = Facts(config, store, SystemClock())
        at_present = now.present(facts)
    if as_json:
        answer = now.answer_of(at_present, config.vantage, code)
        echo_json(answer.model_dump(mode="json"))
    else:
        tongue = language(code)
        for reason in at_present.reasons:
            say(told(reason, tongue))
        _print_sites(at_present.sites, tongue)
    if at_present.line is not LineState.UP:
        sys.exit(EXIT_NO)


def _print_sites(sites: "tuple[SiteNow, ...]", tongue: "Language") -> None:
    from rich.console import Console
    from rich.table import Table

    t = tongue.gettext
    table = Table(box=None, pad_edge=False)
    table.add_column(t("site"))
    for title in (t("now"), t("usual"), t("times slower")):
        table.add_column(title, justify="right")
    table.add_column(t("outcome"))
    for site in sites:
        table.add_row(*_row(site, tongue))
    width = None if sys.stdout.isatty() else 120
    Console(file=sys.stdout, markup=False, emoji=False, width=width).print(table)


def _row(site: SiteNow, tongue: "Language") -> list[str]:
    from monitor.wording.metric_words import metric_value
    from monitor.wording.moment_words import state_title

    times = site.times_slower
    return [
        visible(site.target),
        metric_value(site.value, site.metric, tongue),
        metric_value(site.usual, site.metric, tongue),
        "\N{EN DASH}" if times is None else tongue.number(times, 1),
        visible(state_title(site, tongue)),
    ]
