"""`monitor digest` and `monitor circle`: a few homes without a server."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import (
    configuration,
    database_url,
    measured_database_url,
    optional_date,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, print_table, say, visible
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.circle.agreement import CircleHome
    from monitor.circle.circle_files import CircleFiles, NamedDigest, SentDigest

_as_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.command("digest")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file, to be sent by any chat.",
)
@click.option("--since", help="First evening. Default: 29 days before --until.")
@click.option("--until", help="Last evening, included. Default: yesterday.")
@click.option(
    "--asn",
    type=click.IntRange(1, 4_294_967_295),
    help="Autonomous system of your provider, such as 9198; left out unless typed.",
)
@_as_json
@click.pass_obj
def digest_command(
    settings: Settings,
    *,
    out: Path,
    since: str | None,
    until: str | None,
    asn: int | None,
    as_json: bool,
) -> None:
    """Write a small signed digest of this home's evenings, for friends.

    What it tells of this home: docs/safety.md. Nothing is sent.
    """
    from monitor.circle.digest_source import signed_digest, span_of
    from monitor.circle.home_digest import document_bytes, spoken
    from monitor.clock import SystemClock
    from monitor.store import open_store

    _check_new(out)
    measured_database_url(settings)
    config, now = configuration(settings), SystemClock().now_utc()
    first = optional_date(since, option="--since")
    last = optional_date(until, option="--until")
    first, last = span_of(first, last, config.timezone, now)
    with open_store(config.database) as store:
        document = signed_digest(
            store, config, since=first, until=last, asn=asn, now_utc=now
        )
    _write(out, document_bytes(document))
    key = spoken(document["key"])
    if as_json:
        echo_json({"file": str(out), "spoken_key": key, "digest": document})
        return
    say(f"{visible(out)}: evenings {first} to {last}, {out.stat().st_size:,} bytes")
    say(f"your key, to be read aloud to whoever adds it: {key}")


def _check_new(out: Path) -> None:
    """Refuse before minutes of judging what cannot be written after them."""
    if out.exists() or out.is_symlink():
        raise InputError(f"--out: found {out}, which is there; allowed: a new file")
    if not out.parent.is_dir():
        raise InputError(f"--out: found no folder {out.parent}; allowed: one that is")


def _write(out: Path, body: bytes) -> None:
    from monitor import private

    try:
        private.write(out, body)
    except OSError as error:
        raise InputError(f"--out: {out}: cannot be written: {error.strerror}") from None


@click.group("circle")
def circle_command() -> None:
    """Digests of friends' homes, and who agrees: see docs/circle.md."""


@circle_command.command("add")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(path_type=Path),
)
@click.option("--name", help="What you call this home; asked when it is new.")
@_as_json
@click.pass_obj
def add_command(
    settings: Settings, *, files: tuple[Path, ...], name: str | None, as_json: bool
) -> None:
    """Check the digest in each FILE, keep it beside the database, show who agrees.

    Your own digest is added in the same way. All files are added or none. Exit status
    1: a signature or a chain is not right.
    """
    from monitor.circle.circle_files import NamedDigest, read_sent
    from monitor.clock import SystemClock

    circle = _circle(settings)
    sent = [read_sent(path) for path in files]
    names = _names(circle, sent, name)
    new = [NamedDigest(names[item.digest.key], item) for item in sent]
    added = circle.add(new, now_utc=SystemClock().now_utc())
    for named in new:
        say(_told(named, is_new=named in added), err=True)
    _show(circle, as_json=as_json)


@circle_command.command("list")
@_as_json
@click.pass_obj
def list_command(settings: Settings, *, as_json: bool) -> None:
    """Show the homes that were added, and who agrees."""
    _show(_circle(settings), as_json=as_json)


def _circle(settings: Settings) -> "CircleFiles":
    from monitor.circle.circle_files import CircleFiles, circle_folder

    return CircleFiles(circle_folder(database_url(settings)))


def _names(
    circle: "CircleFiles", sent: "Sequence[SentDigest]", name: str | None
) -> dict[str, str]:
    """Public key -> name of its home; asked for, where it is new."""
    from monitor.circle.circle_files import checked_name, names_by_key

    names = dict(names_by_key(circle.digests()))
    new = {s.digest.key: s for s in sent if s.digest.key not in names}
    if name is not None:
        keys = {item.digest.key for item in sent}
        if len(keys) > 1:
            raise InputError("--name: the files are of several homes; add each alone")
        return dict.fromkeys(keys, checked_name(name))
    for key, item in new.items():
        names[key] = checked_name(_asked(item))
    return names


def _asked(sent: "SentDigest") -> str:
    if not sys.stdin.isatty():
        raise InputError(f"{sent.where}: a new home; give it a --name")
    say(f"{sent.where}: a new home, its key is {sent.digest.spoken_key}", err=True)
    return str(click.prompt("What do you call it", err=True))


def _told(named: "NamedDigest", *, is_new: bool) -> str:
    digest = named.sent.digest
    return (
        f"{visible(named.name)}: {'added' if is_new else 'was there already'}, evenings"
        f" {digest.since} to {digest.until}; compare its key by voice:"
        f" {digest.spoken_key}"
    )


def _show(circle: "CircleFiles", *, as_json: bool) -> None:
    from monitor.circle.agreement import notes_on, pair_agreements, service_agreements

    homes = circle.homes()
    services = [asdict(service) for service in service_agreements(homes)]
    pairs = [asdict(pair) for pair in pair_agreements(homes)]
    notes = list(notes_on(homes))
    told = list(map(_home, homes))
    if as_json:
        answer = {"homes": told, "services": services, "pairs": pairs, "notes": notes}
        echo_json({"schema_version": 1, **answer})
        return
    if not homes:
        say("no home was added yet: `monitor circle add FILE --name NAME`")
        return
    _print(told, services, pairs)
    for note in notes:
        say(note)
    say("who agrees is no proof of a cause, and changes no verdict")


def _print(
    homes: list[dict[str, object]],
    services: list[dict[str, object]],
    pairs: list[dict[str, object]],
) -> None:
    print_table(("name", "provider", "since", "until", "key"), homes)
    say("")
    print_table(("service", "homes", "e_value", "e_value_by"), services)
    say("")
    if len(homes) == 1:
        say("who agrees needs two homes: add your own digest as well")
        return
    say("who agrees, on evenings that both could use:")
    names = ("home", "other", "n", "n_both", "n_neither", "share", "kappa", "p_value")
    print_table(("service", *names), pairs)


def _home(home: "CircleHome") -> dict[str, object]:
    newest = home.newest
    return {
        "name": home.name,
        "provider": "not stated" if newest.asn is None else f"AS{newest.asn}",
        "since": min(digest.since for digest in home.digests).isoformat(),
        "until": newest.until.isoformat(),
        "n_digests": len(home.digests),
        "timezone": newest.timezone,
        "window": str(newest.window),
        "method_version": newest.method_version,
        "made_at_utc": f"{newest.made_at_utc:%Y-%m-%dT%H:%MZ}",
        "key": newest.spoken_key,
    }
