"""`monitor verify BUNDLE`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.context import measured_database_url
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import echo_json, say, visible
from monitor.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.evidence import Finding, Verification


@click.command("verify")
@click.argument(
    "bundle", required=False, type=click.Path(path_type=Path, dir_okay=False)
)
@click.option("--digest", help="A digest that you were given on another way.")
@click.option(
    "--authority-roots",
    "roots_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PEM file: root certificates for the time-stamps in it.",
)
@click.option("--stored", is_flag=True, help="The database's own days instead.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
@click.pass_obj
def verify_command(
    settings: Settings,
    bundle: Path | None,
    *,
    digest: str | None,
    roots_path: Path | None,
    stored: bool,
    as_json: bool,
) -> None:
    """Check an evidence BUNDLE: files, rows, chain of days, verdicts.

    Exit status 0: nothing differs. 1: altered; what differs is named. 2: the file is
    no bundle.
    """
    if stored == (bundle is not None):
        raise InputError("verify: give either a BUNDLE or --stored")
    if bundle is None:
        _verify_stored(settings, as_json=as_json)
        return
    from monitor.evidence import verify_bundle
    from monitor.evidence.timestamp import roots

    trusted = roots(roots_path) if roots_path else ()
    result = verify_bundle(bundle, digest=digest, trusted=trusted)
    if as_json:
        echo_json(_document(result))
    else:
        _print(result)
    sys.exit(0 if result.is_intact else EXIT_NO)


def _verify_stored(settings: Settings, *, as_json: bool) -> None:
    from monitor.evidence.ledger import stored_differences
    from monitor.store.retention import removed_rows

    url = measured_database_url(settings)
    findings = stored_differences(url)
    removed = removed_rows(url)
    if as_json:
        echo_json(
            {
                "intact": not findings,
                "findings": _as_documents(findings),
                "removed_by_retention": [
                    {"vantage": vantage, "day": day, "n_rows": n_rows}
                    for (vantage, day), n_rows in sorted(removed.items())
                ],
            }
        )
    elif findings:
        _print_findings(findings)
    else:
        others = ", but those that retention removed" if removed else ""
        say(
            "intact: every closed day has the rows that it had when it was closed"
            f"{others}"
        )
    if not as_json:
        _print_removed(removed)
    sys.exit(EXIT_NO if findings else 0)


def _print_removed(removed: "Mapping[tuple[str, str], int]") -> None:
    for vantage in sorted({vantage for vantage, _ in removed}):
        days = sorted(day for own, day in removed if own == vantage)
        n_rows = sum(n for (own, _), n in removed.items() if own == vantage)
        say(
            f"removed by retention, {visible(vantage)}: {n_rows} rows of"
            f" {len(days)} days, {days[0]} to {days[-1]}"
        )


def _document(result: "Verification") -> dict[str, Any]:
    return {
        "intact": result.is_intact,
        "level": result.level,
        "digest": result.digest,
        "heads": dict(result.heads),
        "n_rows": result.n_rows,
        "days": list(result.days),
        "findings": _as_documents(result.findings),
        "n_more_findings": result.n_more,
        "notes": result.notes,
    }


def _as_documents(findings: "Sequence[Finding]") -> list[dict[str, Any]]:
    names = ("file", "day", "row", "field", "what")
    return [{name: getattr(found, name) for name in names} for found in findings]


def _print(result: "Verification") -> None:
    for note in result.notes:
        say(f"note: {visible(note, limit=500)}", err=True)
    if not result.is_intact:
        _print_findings(result.findings)
        if result.n_more:
            say(f"... and {result.n_more} more")
        return
    days = f"{result.days[0]} to {result.days[-1]}" if result.days else "none"
    of = f"days {visible(days)}, level {visible(result.level)}"
    say(f"intact: {result.n_rows} rows, {of}")
    say(f"digest of this bundle: {result.digest}")
    for vantage, head in result.heads.items():
        say(f"last day's digest, {visible(vantage)}: {visible(head)}")
    say(
        "Compare one of these digests with the one you were given on another way:"
        " a bundle written wholly anew is intact, too."
    )


def _print_findings(findings: "Sequence[Finding]") -> None:
    say("ALTERED:")
    for found in findings:
        say(f"  {visible(found, limit=500)}")
