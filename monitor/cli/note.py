"""`monitor note`: what happened on a date, to be seen beside the measurements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import (
    check_order,
    database_url,
    measured_database_url,
    optional_configuration,
    optional_date,
    parsed_date,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, print_csv, print_table, say, visible
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.store.notes import Notes

MAX_FILES = 10
MAX_FILE_BYTES = 5_000_000

_everywhere = click.option(
    "--all-vantages", is_flag=True, help="Of every measuring point in the database."
)


@click.group("note")
def note_command() -> None:
    """Note what happened on a date: a broadcast, a ruling, a match."""


@note_command.command("add")
@click.argument("day", metavar="DATE")
@click.argument("text")
@click.option("--until", help="Last date, included, when it lasted longer.")
@click.option(
    "--attach",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
    help="A file of others to keep with it, such as a regulator's test.",
)
@_everywhere
@click.pass_obj
def add(
    settings: Settings,
    day: str,
    text: str,
    until: str | None,
    paths: tuple[Path, ...],
    *,
    all_vantages: bool,
) -> None:
    """Add TEXT to DATE, such as: note add 2026-06-18 "World Cup".

    An attached file is kept in the database as it is, named in reports by its SHA-256,
    and carried in private and trusted bundles.
    """
    from monitor.clock import SystemClock
    from monitor.store.notes import LONGEST_NOTE

    first = parsed_date(day, option="DATE")
    last = parsed_date(until, option="--until") if until else first
    if last < first:
        raise InputError(f"--until: found {last}, which is before {first}")
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise InputError(f"TEXT: {len(text)} characters; allowed: 1 to {LONGEST_NOTE}")
    files = _files(paths)
    with _notes(settings) as notes:
        number = notes.add(
            first,
            last,
            text,
            noted_at_utc=SystemClock().now_utc(),
            vantage=_vantage(settings, all_vantages=all_vantages),
            files=files,
        )
    say(f"note {number}: {_span(first, last)} {visible(text)}")
    for name, content in files.items():
        say(f"attached: {visible(name)}, SHA-256 {sha256(content).hexdigest()}")


def _files(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """What is to be attached, by name.

    Raises
    ------
    InputError : too many, too large, or two of one name.
    """
    if len(paths) > MAX_FILES or len({path.name for path in paths}) != len(paths):
        raise InputError(
            f"--attach: found {len(paths)} files; allowed: up to {MAX_FILES}, each with"
            " a name of its own"
        )
    return {path.name: _content(path) for path in paths}


def _content(path: Path) -> bytes:
    try:
        # Not read to its end: it may be a device.
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"--attach: {path}: {error.strerror}") from None
    if not 0 < len(content) <= MAX_FILE_BYTES:
        raise InputError(
            f"--attach: {path}: found an empty file or more than {MAX_FILE_BYTES}"
            f" bytes; allowed: 1 to {MAX_FILE_BYTES} bytes"
        )
    return content


@note_command.command("list")
@click.option("--since", help="First date.")
@click.option("--until", help="Last date, included.")
@_everywhere
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV.")
@click.pass_obj
def list_(
    settings: Settings,
    since: str | None,
    until: str | None,
    *,
    all_vantages: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List the notes."""
    first = optional_date(since, option="--since")
    last = optional_date(until, option="--until")
    check_order(first, last)
    measured_database_url(settings)
    with _notes(settings) as notes:
        vantage = _vantage(settings, all_vantages=all_vantages)
        listed = notes.list(since=first, until=last, vantage=vantage)
    rows = [
        {
            "number": note.number,
            "first_date": note.first_date.isoformat(),
            "last_date": note.last_date.isoformat(),
            "text": note.text,
            "vantage": note.vantage,
            "attached": [
                {"name": a.name, "sha256": a.sha256, "bytes": a.n_bytes}
                for a in note.attached
            ],
        }
        for note in listed
    ]
    names = ("number", "first_date", "last_date", "text", "vantage", "attached")
    if as_json:
        echo_json({"notes": rows})
        return
    for row, note in zip(rows, listed, strict=True):
        row["attached"] = " ".join(f"{a.name} ({a.sha256})" for a in note.attached)
    if as_csv:
        print_csv(names, rows)
    else:
        print_table(names, rows)


@note_command.command("remove")
@click.argument("number", type=int)
@click.pass_obj
def remove(settings: Settings, number: int) -> None:
    """Withdraw note NUMBER. That it was there stays in the database."""
    from monitor.clock import SystemClock

    measured_database_url(settings)
    with _notes(settings) as notes:
        note = notes.withdraw(
            number,
            noted_at_utc=SystemClock().now_utc(),
            vantage=_vantage(settings, all_vantages=False),
        )
    say(f"withdrawn: note {number}, {visible(note.text)}")


def _vantage(settings: Settings, *, all_vantages: bool) -> str | None:
    """Whose notes are meant; None: everybody's, also where no configuration says."""
    config = None if all_vantages else optional_configuration(settings)
    return None if config is None else config.vantage


@contextmanager
def _notes(settings: Settings) -> "Iterator[Notes]":
    from monitor.store import open_store

    with open_store(database_url(settings)) as store:
        yield store.notes


def _span(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
