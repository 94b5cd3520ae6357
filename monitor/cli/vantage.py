"""`monitor vantage`: in which zone, window and net each measuring point is."""

from datetime import date

import click

from monitor import wallclock
from monitor.cli.options import (
    database_url,
    measured_database_url,
    optional_configuration,
    parsed_date,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, print_table, say, visible
from monitor.errors import InputError
from monitor.evening_rule import DEFAULT_WINDOW, parse_window

_NAMES = ("vantage", "since", "timezone", "window", "provider", "stated_at_utc")


@click.group("vantage")
def vantage_command() -> None:
    """In which zone, window and net each measuring point is, and since when.

    Of the configured one the daemon states it; of imported ones you do, once.
    """


@vantage_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def list_command(settings: Settings, *, as_json: bool) -> None:
    """Every statement; of two about the same date the later one counts."""
    from monitor.store import open_store

    with open_store(measured_database_url(settings)) as store:
        statements = store.terms.all()
    rows: list[dict[str, object]] = [
        {
            "vantage": statement.vantage,
            "since": statement.since.isoformat(),
            "timezone": statement.terms.timezone,
            "window": str(statement.terms.window),
            "provider": statement.provider,
            "stated_at_utc": statement.stated_at_utc.isoformat(timespec="seconds"),
        }
        for statement in statements
    ]
    if as_json:
        echo_json({"vantages": rows})
        return
    print_table(_NAMES, rows)


@vantage_command.command("state")
@click.argument("name")
@click.option("--timezone", help="IANA zone, such as Asia/Almaty.")
@click.option("--window", help="Local hours under suspicion, such as 20:00-22:00.")
@click.option("--provider", help="Of its line, as you write it.")
@click.option("--since", help="First local date on which it holds. Default: ever.")
@click.pass_obj
def state_command(
    settings: Settings,
    *,
    name: str,
    timezone: str | None,
    window: str | None,
    provider: str | None,
    since: str | None,
) -> None:
    """State it of the vantage NAME; what is not given stays as it was."""
    from monitor.clock import SystemClock
    from monitor.model import OwnTerms
    from monitor.store import open_store
    from monitor.store.vantage_terms import EVER, Statement, in_force

    _check_texts(name, provider)
    day = EVER if since is None else parsed_date(since, option="--since")
    with open_store(database_url(settings)) as store:
        before = in_force(store.terms.all(), name)
        zone = timezone or (before.terms.timezone if before else None)
        if zone is None:
            raise InputError("--timezone: needed; nothing was stated of it before")
        held = before.terms.window if before else parse_window(DEFAULT_WINDOW)
        statement = Statement(
            vantage=name,
            terms=OwnTerms(
                timezone=wallclock.asked_zone(zone, option="--timezone").key,
                window=held if window is None else parse_window(window),
            ),
            provider=provider or (before.provider if before else None),
            since=day,
            stated_at_utc=SystemClock().now_utc(),
        )
        store.terms.state(statement)
    say(_told(visible(name), zone, str(statement.terms.window), day))
    config = optional_configuration(settings)
    if config is not None and config.vantage == name:
        say("the daemon states what its configuration says: change that, too", err=True)


def _told(name: str, zone: str, window: str, since: date) -> str:
    from monitor.store.vantage_terms import EVER

    when = "ever" if since == EVER else f"since {since}"
    return f"{name}: {window} in {zone}, {when}"


def _check_texts(name: str, provider: str | None) -> None:
    """Names as sample files may have them; a provider on one line."""
    if not 0 < len(name) <= 255 or not name.isprintable() or name != name.strip():
        raise InputError(f"vantage: found {visible(name)!r}; allowed: a name")
    if provider is not None and not (provider.isprintable() and len(provider) <= 100):
        raise InputError("--provider: allowed: up to 100 characters on one line")
