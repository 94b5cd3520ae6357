"""`monitor backup`, `monitor restore`, `monitor wipe`."""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from monitor.cli.options import configuration, database_url, progress
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import masked
from monitor.errors import InputError
from monitor.night_folders import night_folders
from monitor.text import printable

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command("backup")
@_file
@click.pass_obj
def backup_command(settings: Settings, file: Path) -> None:
    """Copy the database into the new FILE, also while `monitor run` is writing.

    FILE is a SQLite database, whatever the kind of the original.
    """
    from monitor.store import Store
    from monitor.store.backup import backup
    from monitor.store.spool_file import SpoolFile, spool_path

    url = database_url(settings)
    with Store(url) as store:
        tables = progress(backup(store, file), "backing up")
        copied = {c.table: c.n_rows for c in tables}
    say(f"{printable(str(file))}: {_counted(copied)}")
    n_waiting = SpoolFile(spool_path(url)).count()
    if n_waiting:
        say(
            f"{n_waiting} records wait in {spool_path(url)} for the database and are"
            " not in the backup",
            err=True,
        )


@click.command("restore")
@_file
@click.pass_obj
def restore_command(settings: Settings, file: Path) -> None:
    """Copy the backup FILE into the configured database, which must be empty."""
    from monitor.store import Store
    from monitor.store.backup import restore

    url = database_url(settings)
    with Store(url) as store:
        tables = progress(restore(store, file), "restoring")
        copied = {c.table: c.n_rows for c in tables}
    say(f"{masked(url)}: {_counted(copied)}")


@click.command("wipe")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--all-vantages", is_flag=True, help="Of other homes and imports, too.")
@click.pass_obj
def wipe_command(settings: Settings, *, yes: bool, all_vantages: bool) -> None:
    """Remove everything that was stored: database, spool, reports, friends' digests.

    There is no undo.

    Of a PostgreSQL database that holds other vantages, too, only the rows of the
    configured one. The configuration, backups and exported files stay.
    """
    from monitor.circle.circle_files import CircleFiles, circle_folder
    from monitor.clock import SystemClock
    from monitor.store import Store
    from monitor.store.wiping import stored_things, wipe

    config = configuration(settings)
    url, reports = config.database, Path(config.report.folder)
    vantage = None if all_vantages else config.vantage
    nights = _nights(reports)
    circle = CircleFiles(circle_folder(url))
    files = [str(path) for path in (*nights, *circle.paths())]
    with Store(url) as store:
        things = [*stored_things(store, vantage), *files]
        if not things:
            say(f"{masked(url)}: nothing is stored")
            return
        if not yes:
            _ask(masked(url), things)
        wiped = wipe(store, vantage, now_utc=SystemClock().now_utc())
    removed = [*wiped, *files]
    circle.wipe()
    for night in nights:
        shutil.rmtree(night)
    if nights and not any(reports.iterdir()):
        reports.rmdir()
    for thing in removed:
        say(f"removed {printable(thing)}")


def _nights(reports: Path) -> list[Path]:
    """The folders of the nightly reports; where a link leads to is not ours."""
    return [] if reports.is_symlink() else night_folders(reports)


def _ask(place: str, things: Iterable[str]) -> None:
    if not sys.stdin.isatty():
        raise InputError("wipe: asks on a terminal only; --yes removes without asking")
    say(f"{place}: this will be removed, for good:", err=True)
    for thing in things:
        say(f"  {printable(thing)}", err=True)
    click.confirm("Remove it all?", abort=True, err=True)


def _counted(copied: dict[str, int]) -> str:
    return f"{copied['samples']:,} samples, {copied['rounds']:,} rounds"
