"""What several commands share: the configuration in force, local options, progress."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, get_args

from monitor import wallclock
from monitor.cli.root import Settings
from monitor.cli.terminal import say, visible
from monitor.config import Config, checked_database_url, is_written, load
from monitor.config.sections import Language
from monitor.errors import InputError, refuse_unknown
from monitor.reason import Reason, phrase, verbatim

if TYPE_CHECKING:
    from monitor.model import OwnTerms
    from monitor.store import Store

Item = TypeVar("Item")

ENVIRONMENT_DATABASE = "MONITOR_DATABASE"
ENVIRONMENT_LANGUAGE: Final = "MONITOR_LANGUAGE"
"""Of who reads what a command says, where it was no terminal that started it."""
LANGUAGES: Final = get_args(Language)


def database_override(settings: Settings) -> str | None:
    """The database URL of the environment or the option; None: the file's."""
    for value, source in (
        (os.environ.get(ENVIRONMENT_DATABASE), ENVIRONMENT_DATABASE),
        (settings.database, "--database"),
    ):
        if value:
            return checked_database_url(value, source=source)
    return None


def configuration(settings: Settings) -> Config:
    """The configuration in force; raises `InputError` with all its problems."""
    return load(settings.config_path, database=database_override(settings))


def configuration_apart(settings: Settings) -> Config:
    """As `configuration`, for a process that runs for months: read by a child."""
    from monitor.config.apart import load_apart

    return load_apart(settings.config_path, database=database_override(settings))


def terminal_language() -> str:
    """The language that the terminal is set to, as far as it is spoken here."""
    for name in (ENVIRONMENT_LANGUAGE, "LC_ALL", "LC_MESSAGES", "LANG"):
        code = os.environ.get(name, "")[:2]
        if code in LANGUAGES:
            return code
    return "en"


def spoken_language(settings: Settings, config: Config) -> str:
    """The language that the file names, else the terminal's."""
    if is_written(settings.config_path, "report", "language"):
        return config.report.language
    return terminal_language()


def database_url(settings: Settings) -> str:
    """The database in force; the configuration is read only when it must name it."""
    return database_override(settings) or configuration(settings).database


def refused(option: str, found: str, allowed: object) -> Reason:
    """Why the value of an option cannot be used; `allowed` is a reason or a text."""
    return phrase(
        "{path}: found {found}; allowed: {allowed:reasons}",
        path=option,
        found=repr(found),
        allowed=(allowed if isinstance(allowed, Reason) else verbatim(allowed),),
    )


def measured_database_url(settings: Settings) -> str:
    """The database in force, for commands that only ask it.

    Raises
    ------
    InputError : it would have to be made first: a misspelled name is no answer.
    """
    from monitor.store.engine import missing_file

    url = database_url(settings)
    missing = missing_file(url)
    if missing is not None:
        raise InputError(
            phrase(
                "database: found no file {path}; allowed: one that `monitor run` or"
                " `monitor import` has made",
                path=repr(str(missing)),
            )
        )
    return url


def check_order(since: object, until: object) -> None:
    """Refuse a period that ends before it begins; None is no limit."""
    if since is not None and until is not None and str(since) > str(until):
        raise InputError(f"--since: found {since}; allowed: a date up to {until}")


def check_known(store: "Store", option: str, names: Iterable[str]) -> None:
    """Refuse names that were never measured: they would look like an empty answer.

    Parameters
    ----------
    option : `--target` or `--vantage`.
    """
    field = attrgetter(option.removeprefix("--"))
    refuse_unknown(option, names, set(map(field, store.reader.series())))


def vantages_in(store: "Store", vantage: str | None) -> set[str]:
    """The vantages of a database, or the one that is asked for.

    Raises
    ------
    InputError : that one was never measured.
    """
    if vantage is None:
        return {info.vantage for info in store.reader.series()}
    check_known(store, "--vantage", [vantage])
    return {vantage}


def own_vantage(settings: Settings, store: "Store") -> str | None:
    """The vantage that a command keeps to in a database that others may share.

    A file is one home's, with all that was imported into it: None.

    Raises
    ------
    InputError : a server holds several, and no configuration names one.
    """
    if store.url.startswith("sqlite"):
        return None
    config = optional_configuration(settings)
    if config is not None:
        return config.vantage
    names = sorted({info.vantage for info in store.reader.series()})
    if len(names) > 1:
        raise InputError(
            f"--vantage: the database holds {', '.join(map(repr, names))} and no"
            " configuration says which is yours; name one, or give --all-vantages"
        )
    return None


def terms_of(
    settings: Settings, store: "Store", vantages: Iterable[str], *, day: date | None
) -> "dict[str, OwnTerms]":
    """In which zone and window each vantage is judged.

    Of the configured one what its configuration says, unless another was in force on
    the day; of the others what was stated, or what they were judged in before.

    Raises
    ------
    InputError : nobody said it of one of them, and there is no configuration.
    """
    from monitor.store.own_terms import own_clock, own_terms
    from monitor.store.vantage_terms import in_force

    names = sorted(vantages)
    terms = own_terms(store, names, day=day)
    config = optional_configuration(settings)
    if config is None:
        unknown = [name for name in names if name not in terms]
        if unknown:
            raise _unstated(settings, unknown[0])
        return terms
    configured = config.own_terms
    stated = in_force(store.terms.all(), config.vantage)
    if stated is None or stated.terms != configured:
        clock = own_clock(store, config.vantage, configured.timezone, until=day)
        terms[config.vantage] = replace(configured, timezone=clock)
    for name in names:
        if name not in terms:
            told = visible(name)
            say(
                f"vantage {told}: judged in {configured.timezone}, as configured; where"
                f" that is wrong: monitor vantage state {told} --timezone ZONE",
                err=True,
            )
            terms[name] = configured
    return terms


def _unstated(settings: Settings, vantage: str) -> InputError:
    return InputError(
        f"{settings.config_path}: not found, and nobody said in which zone {vantage!r}"
        f" is; state it, such as: monitor vantage state {visible(vantage)} --timezone"
        " Asia/Almaty"
    )


def optional_configuration(settings: Settings) -> Config | None:
    """The configuration, or None where the default file does not exist."""
    if (
        settings.config_path == Path("config.yaml")
        and not settings.config_path.exists()
    ):
        return None
    return configuration(settings)


def local_day_start(text: str | None, zone: str, *, option: str) -> datetime | None:
    """First moment [UTC] of a local date; raises `InputError`."""
    if text is None:
        return None
    return wallclock.local_instant(
        parsed_date(text, option=option), wallclock.clock_named(zone)
    )


def local_day_end(text: str | None, zone: str, *, option: str) -> datetime | None:
    """First moment [UTC] after a local date: the date is included."""
    if text is None:
        return None
    day = parsed_date(text, option=option) + timedelta(days=1)
    return wallclock.local_instant(day, wallclock.clock_named(zone))


def parsed_date(text: str, *, option: str) -> date:
    """A date of the command line; raises `InputError`."""
    try:
        return wallclock.parsed_date(text)
    except ValueError as error:
        raise InputError(f"{option}: found {text!r}; allowed: {error}") from None


def optional_date(text: str | None, *, option: str) -> date | None:
    """The date that an option names; None where it was not given."""
    return parsed_date(text, option=option) if text else None


def progress(
    items: Iterable[Item], description: str, *, total: int | None = None
) -> Iterator[Item]:
    """The items, with a progress bar on stderr when it is a terminal.

    Parameters
    ----------
    total : how many will come, where that is known.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    with Progress(console=console, transient=True) as bar:
        told = escape(visible(description))
        yield from bar.track(items, total=total, description=told)
