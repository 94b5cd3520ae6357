"""`monitor lodge`: the last digest, put where nobody here can change it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import configuration
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import Config
from monitor.errors import InputError, ServiceError

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.store import Store


@click.command("lodge")
@click.option("--authority", help="URL of an RFC 3161 time-stamp authority.")
@click.option(
    "--authority-roots",
    "roots_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PEM file: its root certificates, to check the answer.",
)
@click.option("--notify", is_flag=True, help="Send it to the configured services.")
@click.pass_obj
def lodge_command(
    settings: Settings, authority: str | None, roots_path: Path | None, *, notify: bool
) -> None:
    """Put the last digest where you cannot change it: a time-stamp, a chat, a mail.

    Only the digest leaves the house. The answer of a time-stamp authority is kept and
    goes into later bundles.
    """
    from monitor.clock import SystemClock
    from monitor.evidence.ledger import close_days
    from monitor.store import open_store

    if bool(authority) == notify:
        raise InputError("lodge: give either --authority URL or --notify")
    config, now = configuration(settings), SystemClock().now_utc()
    with open_store(config.database) as store:
        close_days(store, now_utc=now, vantage=config.vantage)
        if authority:
            _stamp(store, config, authority, roots_path, now)
        else:
            _tell(store, config, now)


def _stamp(
    store: "Store",
    config: Config,
    authority: str,
    roots_path: Path | None,
    now: "datetime",
) -> None:
    from monitor.evidence.ledger import lodge
    from monitor.evidence.timestamp import check, roots

    trusted = roots(roots_path) if roots_path else []
    kept = lodge(
        store,
        authority,
        now_utc=now,
        vantage=config.vantage,
        trusted=trusted,
    )
    for lodging in kept:
        stamp = check(lodging.token, lodging.digest, trusted=trusted)
        checked = "" if stamp.is_signature_checked else " (signature not checked)"
        say(f"{lodging.digest}: time-stamped {stamp.stamped_at_utc}{checked}")


def _tell(store: "Store", config: Config, now: "datetime") -> None:
    from monitor.evidence.ledger import heads
    from monitor.notify import Message, tell

    if not config.notify.urls:
        raise InputError("notify.urls: found none; allowed: addresses of services")
    links = heads(store, vantage=config.vantage)
    messages = [
        Message(
            kind="digest",
            vantage=link.vantage,
            subject=f"digest {link.day}",
            since=link.day,
            title=f"monitor: digest of {link.day}",
            body=f"{link.vantage} {link.day} {link.digest}",
        )
        for link in links
    ]
    n_taken = tell(store, config, messages, now_utc=now)
    if n_taken < len(messages):
        raise ServiceError(f"notify: {n_taken} of {len(messages)} digests were taken")
    for link in links:
        say(f"{link.digest}: sent")
