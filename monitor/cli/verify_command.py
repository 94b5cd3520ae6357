"""`monitor verify BUNDLE`."""

import sys
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import measured_database_url, progress
from monitor.cli.root import EXIT_NO, Settings
from monitor.cli.terminal import echo_json, say, visible
from monitor.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.evidence import Finding, Verification
    from monitor.evidence.findings import Binding


@click.command("verify")
@click.argument(
    "bundle", required=False, type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "--digest",
    "digests",
    multiple=True,
    help="A digest that you were given on another way; may be repeated.",
)
@click.option(
    "--scope",
    type=click.Choice(["all", "verdicts", "rows"]),
    default="all",
    show_default=True,
    help="What the digest has to vouch for: every file, rows and verdicts, or rows.",
)
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
    digests: tuple[str, ...],
    scope: str,
    roots_path: Path | None,
    stored: bool,
    as_json: bool,
) -> None:
    """Check an evidence BUNDLE: files, rows, chain of days, verdicts.

    Exit status 0: nothing differs, and the given digests vouch for all that --scope
    names. 1: altered, withheld or not vouched for; what, is named. 2: no bundle.
    """
    if stored == (bundle is not None):
        raise InputError("verify: give either a BUNDLE or --stored")
    if bundle is None:
        _verify_stored(settings, as_json=as_json)
        return
    from monitor.evidence import verify_bundle
    from monitor.evidence.timestamp import roots

    trusted = roots(roots_path) if roots_path else ()
    result = verify_bundle(
        bundle, digest=digests, scope=scope, trusted=trusted, watched=_watched
    )
    if as_json:
        echo_json(_document(result))
    else:
        _print(result)
    sys.exit(0 if result.is_intact else EXIT_NO)


def _watched(lines: "Iterator[bytes]", n_rows: int) -> "Iterator[bytes]":
    return progress(lines, "checking rows", total=n_rows)


def _verify_stored(settings: Settings, *, as_json: bool) -> None:
    from monitor.evidence.ledger import stored_differences, stored_notes
    from monitor.store import open_store

    with open_store(measured_database_url(settings)) as store:
        findings, notes = stored_differences(store), stored_notes(store)
        removed = store.removed_rows()
    for note in notes:
        say(f"note: {visible(note, limit=500)}", err=True)
    if as_json:
        echo_json(
            {
                "intact": not findings,
                "findings": _as_documents(findings),
                "notes": notes,
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
        days = sorted(day for owner, day in removed if owner == vantage)
        n_rows = sum(n for (owner, _), n in removed.items() if owner == vantage)
        say(
            f"removed by retention, {visible(vantage)}: {n_rows} rows of"
            f" {len(days)} days, {days[0]} to {days[-1]}"
        )


def _document(result: "Verification") -> dict[str, object]:
    return {
        "intact": result.is_intact,
        "level": result.level,
        "digest": result.digest,
        "is_simulated": result.n_simulated > 0,
        "verdicts_recomputed": result.is_recomputed,
        "bound": [asdict(binding) for binding in result.bindings],
        "not_bound": list(result.not_bound),
        "heads": dict(result.heads),
        "n_rows": result.n_rows,
        "days": list(result.days),
        "findings": _as_documents(result.findings),
        "n_more_findings": result.n_more,
        "notes": result.notes,
    }


def _as_documents(findings: "Sequence[Finding]") -> list[dict[str, object]]:
    names = ("kind", "file", "day", "row", "field", "what")
    return [{name: getattr(finding, name) for name in names} for finding in findings]


def _print(result: "Verification") -> None:
    for note in result.notes:
        say(f"note: {visible(note, limit=500)}", err=True)
    if result.is_intact:
        _print_intact(result)
    else:
        _print_findings(result.findings)
        if result.n_more:
            say(f"... and {result.n_more} more")
    for binding in result.bindings:
        _print_binding(binding)
    if result.is_intact and result.bindings:
        _print_reach(result)


def _print_intact(result: "Verification") -> None:
    days = f"{result.days[0]} to {result.days[-1]}" if result.days else "none"
    of = f"days {visible(days)}, level {visible(result.level)}"
    say(f"intact: {result.n_rows} rows, {of}")
    if result.n_simulated:
        some = f"{result.n_simulated} rows were not" if result.n_measured else _NOTHING
        say(f"SIMULATED DATA: {some} measured.")
    say(f"digest of this bundle: {result.digest}")
    for vantage, head in result.heads.items():
        say(f"last day's digest, {visible(vantage)}: {visible(head)}")
    if not result.bindings:
        say(
            "Compare one of these digests with the one you were given on another way:"
            " a bundle written wholly anew is intact, too."
        )


_NOTHING = "nothing here was"


def _print_binding(binding: "Binding") -> None:
    from monitor.evidence.findings import told_days

    days = told_days(binding.days) or "none"
    rows = f"{binding.n_rows} rows of {len(binding.days)} days ({visible(days)})"
    more = "every file in it, with " if binding.binds_all else ""
    of, elsewhere = visible(binding.of), ""
    if binding.n_days_elsewhere:
        elsewhere = f", and {binding.n_days_elsewhere} days that are not in this bundle"
    told = f"It binds {more}{rows}{elsewhere}."
    say(f"confirmed: {binding.digest} is the digest {of}. {told}")


def _print_reach(result: "Verification") -> None:
    """Say what the confirmed digests do not reach."""
    if result.not_bound:
        names = ", ".join(map(visible, result.not_bound))
        say(f"Not bound by it: {names}.")
        say("The bundle's own digest binds these, too; --scope rows asks of rows only.")
    if result.is_recomputed:
        say("The verdicts were computed again from these rows, with the same outcome.")


_TITLES = {
    "altered": "ALTERED:",
    "withheld": "WITHHELD:",
    "unbound": "NOT BOUND by the given digest:",
}


def _print_findings(findings: "Sequence[Finding]") -> None:
    by_kind = sorted(findings, key=lambda finding: list(_TITLES).index(finding.kind))
    for kind, members in groupby(by_kind, key=lambda finding: finding.kind):
        say(_TITLES[kind])
        for finding in members:
            say(f"  {visible(finding, limit=500)}")
