"""`monitor import` and `monitor export`."""

from pathlib import Path

import click

from monitor.cli.context import (
    configuration,
    local_day_end,
    local_day_start,
    progress,
)
from monitor.cli.root import Settings


@click.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.pass_obj
def import_command(settings: Settings, files: tuple[Path, ...]) -> None:
    """Read samples from FILES (.csv, .ndjson, .parquet; text also .gz, .zst).

    A row that is stored already is not stored again. Every file is checked whole before
    its first row is stored.
    """
    from monitor.interchange import read_batches, samples_from
    from monitor.store import open_store

    url = configuration(settings).database
    for path in files:
        for _ in progress(read_batches(path), f"checking {path.name}"):
            pass
    with open_store(url) as store:
        for path in files:
            n_read = n_new = 0
            for batch in progress(read_batches(path), f"storing {path.name}"):
                n_read += len(batch)
                n_new += store.append(samples_from(batch))
            click.echo(f"{path}: {n_read} rows read, {n_new} new")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", help="First local date, such as 2026-10-01.")
@click.option("--until", help="Last local date, included.")
@click.option("--target", "targets", multiple=True, help="Only this target or control.")
@click.pass_obj
def export_command(
    settings: Settings,
    file: Path,
    since: str | None,
    until: str | None,
    targets: tuple[str, ...],
) -> None:
    """Write samples to FILE (.csv, .ndjson, .parquet; text also .gz, .zst)."""
    from monitor.interchange import write_samples
    from monitor.store import open_store

    config = configuration(settings)
    with open_store(config.database) as store:
        samples = store.samples(
            since=local_day_start(since, config.timezone, option="--since"),
            until=local_day_end(until, config.timezone, option="--until"),
            targets=targets or None,
        )
        n_written = write_samples(file, progress(samples, f"writing {file.name}"))
    click.echo(f"{file}: {n_written} rows written")
