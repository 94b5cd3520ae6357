"""`monitor nightly`: what the daemon starts after midnight, in a process of its own."""

import os

import click

from monitor.cli.context import configuration, parsed_date
from monitor.cli.root import Settings

LOWEST_PRIORITY = 19


@click.command("nightly")
@click.option("--date", "day", help="Last evening; default: the last that is over.")
@click.pass_obj
def nightly_command(settings: Settings, day: str | None) -> None:
    """Judge the last evenings and store the verdicts; nothing if that was done."""
    from monitor.clock import SystemClock
    from monitor.nightly import Night, analyse, owed
    from monitor.store import open_store

    config = configuration(settings)
    now_utc = SystemClock().now_utc()
    if day is not None:
        evening = parsed_date(day, option="--date")
    else:
        with open_store(config.database) as store:
            latest = store.latest_verdicts(config.vantage)
        owing = owed(latest, now_utc=now_utc, timezone=config.timezone)
        if owing is None:
            click.echo("nightly: nothing is owed", err=True)
            return
        evening = owing
    os.nice(LOWEST_PRIORITY)
    night = Night(
        database=config.database,
        vantage=config.vantage,
        timezone=config.timezone,
        window=str(config.window),
        last_evening=evening,
    )
    document = analyse(night, computed_at_utc=now_utc)
    if document is None:
        click.echo("nightly: no samples yet", err=True)
        return
    for verdict in document["verdicts"]:
        click.echo(f"{verdict['target']}: {verdict['verdict']}", err=True)
