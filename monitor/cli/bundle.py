"""`monitor bundle` and `monitor lodge`: evidence to hand on, digests to keep safe."""

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.context import configuration, parsed_date
from monitor.cli.root import Settings
from monitor.cli.terminal import visible
from monitor.config import Config, effective
from monitor.errors import InputError, ServiceError

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.evidence import BundleInfo
    from monitor.nightly import Night

LEVELS = ("private", "trusted", "public")


@click.command("bundle")
@click.option(
    "--date", "night", help="Local date of the last evening. Default: last night."
)
@click.option("--since", help="First local date. Default: as in the night report.")
@click.option(
    "--level",
    default="private",
    show_default=True,
    type=click.Choice(LEVELS),
    help="Whom it is for.",
)
@click.option(
    "--preview", "is_preview", is_flag=True, help="Only show what it would tell."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file."
)
@click.pass_obj
def bundle_command(
    settings: Settings,
    night: str | None,
    since: str | None,
    level: str,
    out: Path | None,
    *,
    is_preview: bool,
) -> None:
    """Pack report, raw rows, verdicts and chain of one period into one file.

    Anybody can check it with `monitor verify`. Nothing is sent anywhere.
    """
    config = configuration(settings)
    found = _analysed(config, _date(night, "--date"), _date(since, "--since"))
    if is_preview:
        _show(config, found, level)
        return
    path = out or Path(f"evidence-{found.night}-{level}.zip")
    info = write_night_bundle(config, found, level, path)
    click.echo(f"{path}: {info.n_rows} rows, level {info.level}")
    for name in info.left_out:
        click.echo(f"left out, it tells more than this level: {name}")
    click.echo(f"digest of this bundle: {info.digest}")
    click.echo("Give this digest on another way than the file.")


def _date(text: str | None, option: str) -> date | None:
    return parsed_date(text, option=option) if text else None


def _analysed(config: Config, night: date | None, since: date | None) -> "Night":
    from monitor.clock import SystemClock
    from monitor.evidence.ledger import close_days
    from monitor.nightly import analysed_night, last_night

    now = SystemClock().now_utc()
    close_days(config.database, now_utc=now)
    last = night or last_night(now, config)
    return analysed_night(config, last, now_utc=now, since=since)


def write_night_bundle(
    config: Config, night: "Night", level: str, path: Path
) -> "BundleInfo":
    """The bundle of an analysed night, with its report where the level allows it."""
    from monitor.evidence import write_bundle
    from monitor.evidence.ledger import ledger, whole_days
    from monitor.nightly import report_files
    from monitor.store import open_store

    start, end = whole_days(night.since, night.night, config.timezone)
    with open_store(config.database) as store:
        return write_bundle(
            path,
            report_files=report_files(night, config),
            samples=store.samples(since=start, until=end),
            config_document=effective(config),
            verdict_document=night.document,
            level=level,
            ledger=ledger(config.database),
        )


def _show(config: Config, night: "Night", level: str) -> None:
    from monitor.evidence.preview import preview

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.zip"
        write_night_bundle(config, night, level, path)
        for line in preview(path):
            click.echo(visible(line, limit=500))


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

    if bool(authority) == notify:
        raise InputError("lodge: give either --authority URL or --notify")
    config, now = configuration(settings), SystemClock().now_utc()
    close_days(config.database, now_utc=now)
    if authority:
        _stamp(config.database, authority, roots_path, now)
    else:
        _tell(config, now)


def _stamp(url: str, authority: str, roots_path: Path | None, now: "datetime") -> None:
    from monitor.evidence.ledger import lodge
    from monitor.evidence.timestamp import check, roots

    trusted = roots(roots_path) if roots_path else []
    for one in lodge(url, authority, now_utc=now, trusted=trusted):
        stamp = check(one.token, one.digest, trusted=trusted)
        checked = "" if stamp.is_signature_checked else " (signature not checked)"
        click.echo(f"{one.digest}: time-stamped {stamp.stamped_at_utc}{checked}")


def _tell(config: Config, now: "datetime") -> None:
    from monitor.evidence.ledger import heads
    from monitor.notify import Message, tell

    if not config.notify.urls:
        raise InputError("notify.urls: found none; allowed: addresses of services")
    found = heads(config.database)
    messages = [
        Message(
            kind="digest",
            vantage=link.vantage,
            subject=f"digest {link.day}",
            since=link.day,
            title=f"monitor: digest of {link.day}",
            body=f"{link.vantage} {link.day} {link.digest}",
        )
        for link in found
    ]
    n_taken = tell(config, messages, now_utc=now)
    if n_taken < len(messages):
        raise ServiceError(f"notify: {n_taken} of {len(messages)} digests were taken")
    for link in found:
        click.echo(f"{link.digest}: sent")
