"""`monitor import` and `monitor export`."""

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from monitor import wallclock
from monitor.cli.options import (
    check_known,
    check_order,
    configuration,
    database_url,
    local_day_end,
    local_day_start,
    measured_database_url,
    optional_configuration,
    own_vantage,
    progress,
    terms_of,
    vantages_in,
)
from monitor.cli.root import Settings
from monitor.cli.terminal import say
from monitor.config import Config, masked
from monitor.errors import InputError
from monitor.exchange import FORMATS
from monitor.model import Role, Sample
from monitor.text import printable

if TYPE_CHECKING:
    from monitor.store import Store

NEAREST = timedelta(hours=1)
STDOUT = Path("-")


class _Import(TypedDict):
    """Options of the command, as declared below."""

    form: str | None
    prometheus: str | None
    since: str | None
    until: str | None
    step_s: int | None
    match: str
    vantage: str | None
    role: str
    timezone: str | None
    at: str | None


class _Export(TypedDict):
    """Options of the command, as declared below."""

    since: str | None
    until: str | None
    targets: tuple[str, ...]
    vantage: str | None
    all_vantages: bool
    partitioned: bool
    at: str | None
    force: bool
    licence: str
    form: str


@click.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Of another program."
)
@click.option("--timezone", help="IANA zone of times in FILES that have none.")
@click.option("--at", help="When it was measured, for a format without any time.")
@click.option("--prometheus", help="URL of a Prometheus with blackbox_exporter data.")
@click.option("--since", help="First local date, with --prometheus.")
@click.option("--until", help="Last local date, with --prometheus.")
@click.option(
    "--match",
    default="",
    help="Further labels, with --prometheus, such as 'region=\"kz\"'.",
)
# Each scrape is read at its own time now; scripts may still name the interval.
@click.option("--step", "step_s", type=click.IntRange(1, 86_400), hidden=True)
@click.option("--vantage", help="Where it was measured. Default: the configured one.")
@click.option(
    "--role",
    default="target",
    type=click.Choice(["target", "control"]),
    help="What the sites of another program's data are.",
)
@click.pass_obj
def import_command(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    **options: Unpack[_Import],
) -> None:
    """Read samples from FILES (.csv, .ndjson, .parquet; text also .gz, .zst).

    A row that is stored already is not stored again. Every file is checked whole before
    its first row is stored. With --format the files are those of another program, with
    --prometheus the samples come from its HTTP API.
    """
    from monitor.store import open_store

    if bool(files) == bool(options["prometheus"]):
        raise InputError("import: give either FILES or --prometheus URL")
    _check_told(options)
    if options["prometheus"]:
        config = configuration(settings)
        url = options["prometheus"]
        taken = list(_of_prometheus(url, config, options))
        with open_store(config.database) as store:
            _store(store, masked(url), [taken])
            _state_terms(settings, store)
    elif options["form"]:
        _import_foreign(settings, options["form"], files, options)
    else:
        _import_own(settings, files)


def _check_told(options: _Import) -> None:
    """Refuse what would be passed over in silence."""
    form = options["form"]
    for option, value, forms in (
        ("--timezone", options["timezone"], ("speedtest-tracker", "ndt7")),
        ("--at", options["at"], ("ndt7",)),
    ):
        if value and form not in forms:
            raise InputError(
                f"{option}: is for --format {' or '.join(forms)}; other files say it"
            )


def _state_terms(settings: Settings, store: "Store") -> None:
    """Put on record what the configuration says of its own vantage."""
    from monitor.clock import SystemClock

    config = optional_configuration(settings)
    if config is not None:
        now_utc = SystemClock().now_utc()
        terms, provider = config.own_terms, config.home.provider
        store.terms.state_if_new(config.vantage, terms, provider, now_utc)


def _import_own(settings: Settings, files: tuple[Path, ...]) -> None:
    from monitor.interchange import read_batches, samples_from
    from monitor.store import open_store

    for path in files:
        for _ in progress(read_batches(path), f"checking {path.name}"):
            pass
    with open_store(database_url(settings)) as store:
        for path in files:
            batches = progress(read_batches(path), f"storing {path.name}")
            _store(store, str(path), (list(samples_from(batch)) for batch in batches))
        _state_terms(settings, store)


def _import_foreign(
    settings: Settings, form: str, files: tuple[Path, ...], options: _Import
) -> None:
    from monitor.exchange import Provenance, reader
    from monitor.store import open_store

    zone, moment = options["timezone"], options["at"]
    named = None if zone is None else wallclock.asked_zone(zone, option="--timezone")
    # What the options say needs no configuration, like files of our own.
    has_place = options["vantage"] is not None or form == "ripe-atlas"
    is_local = moment is not None and zone is None
    config = None if has_place and not is_local else configuration(settings)
    provenance = Provenance(
        vantage=options["vantage"] or (config.vantage if config else ""),
        is_vantage_named=options["vantage"] is not None,
        role=Role(options["role"]),
        zone=named,
        measured=None if moment is None else _measured(moment, zone, config),
    )
    read = reader(form, provenance)
    for path in files:
        for _ in read(path):
            pass
    with open_store(database_url(settings)) as store:
        for path in files:
            _store(store, str(path), _batches(read(path)))
        _state_terms(settings, store)


def _measured(moment: str, zone: str | None, config: Config | None) -> datetime:
    """When a test was made whose file does not say it."""
    return _moment(moment, zone or (config.timezone if config else "UTC"))


def _batches(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    from itertools import islice

    while batch := list(islice(samples, 2000)):
        yield batch


def _of_prometheus(url: str, config: Config, options: _Import) -> Iterator[Sample]:
    from monitor.exchange import blackbox

    zone = config.timezone
    since = local_day_start(options["since"], zone, option="--since")
    until = local_day_end(options["until"], zone, option="--until")
    if since is None or until is None:
        raise InputError("--prometheus: needs --since and --until")
    yield from blackbox.read(
        url,
        since=since,
        until=until,
        vantage=options["vantage"] or config.vantage,
        role=Role(options["role"]),
        match=options["match"],
    )


def _store(store: "Store", name: str, batches: Iterable[list[Sample]]) -> None:
    n_read = n_new = 0
    for batch in batches:
        n_read += len(batch)
        n_new += store.samples.append(batch)
    say(f"{printable(name)}: {n_read} rows read, {n_new} new")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", help="First local date, such as 2026-10-01.")
@click.option("--until", help="Last local date, included.")
@click.option("--target", "targets", multiple=True, help="Only this target or control.")
@click.option("--vantage", help="Only this measuring point. Default: see below.")
@click.option(
    "--all-vantages", is_flag=True, help="Of a server that several homes share, all."
)
@click.option("--partitioned", is_flag=True, help="FILE is a folder: Parquet by date.")
@click.option("--at", help="With .har: the sample nearest to this local time.")
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@click.option("--licence", default="", help="Of the data, written into Parquet files.")
@click.option(
    "--format",
    "form",
    default="csv",
    show_default=True,
    type=click.Choice(["csv", "ndjson"]),
    help="With -.",
)
@click.pass_obj
def export_command(
    settings: Settings,
    /,
    file: Path,
    **options: Unpack[_Export],
) -> None:
    """Write samples to FILE (.csv, .ndjson, .parquet; text also .gz, .zst).

    Or to standard output: - instead of FILE. A file that is there already is left alone
    without --force. Also .ooni.jsonl (OONI's data format, without addresses) and .har
    (one sample, for a browser's network tools). Of a SQLite file everything is written;
    of a PostgreSQL database, which others may share, only the configured vantage.
    """
    from monitor.store import open_store

    if not options["force"] and file != STDOUT:
        _refuse_existing(file, options)
    # A zone is needed for local dates only: whole databases go without a configuration.
    asked = options["since"], options["until"], options["at"], options["partitioned"]
    url = measured_database_url(settings)
    with open_store(url) as store:
        zone = _local_zone(settings, store, options) if any(asked) else "UTC"
        since, until = _span(file, zone, options)
        check_known(store, "--target", options["targets"])
        samples = store.samples.read(
            since=since,
            until=until,
            targets=options["targets"] or None,
            vantage=_exported_vantage(settings, store, options),
        )
        # also where a full disk ends it, before the database is left
        with closing(samples):
            shown = progress(samples, f"writing {file.name}")
            n_written = _written(file, shown, zone, options)
    say(f"{printable(str(file))}: {n_written} rows written", err=file == STDOUT)


def _local_zone(settings: Settings, store: "Store", options: _Export) -> str:
    """The clock of local dates: the configured one, else that of all that is exported.

    Raises
    ------
    InputError : nobody said in which zone it was measured, or in several.
    """
    from monitor.store.own_terms import own_clock

    config = optional_configuration(settings)
    if config is not None:
        return own_clock(store, config.vantage, config.timezone)
    chosen = vantages_in(store, options["vantage"])
    zones = {
        its.timezone for its in terms_of(settings, store, chosen, day=None).values()
    }
    if len(zones) > 1:
        told = ", ".join(sorted(zones))
        raise InputError(f"--vantage: found the zones {told}; allowed: one vantage")
    return next(iter(zones), "UTC")


def _refuse_existing(file: Path, options: _Export) -> None:
    """Refuse to write over what may be the only copy of something."""
    first, last = options["since"] or "", options["until"] or "9"
    written = [file]
    if options["partitioned"]:
        dates = sorted(file.glob("date=*/samples.parquet"))
        written = [p for p in dates if first <= p.parent.name[5:] <= last]
    for path in written:
        if path.is_file():
            told = printable(str(path))
            raise InputError(
                f"{told}: is there already; allowed: a new one, or --force"
            )


def _exported_vantage(
    settings: Settings, store: "Store", options: _Export
) -> str | None:
    """The one whose samples are written; None: all."""
    named: str | None = options["vantage"]
    if named and options["all_vantages"]:
        raise InputError("export: give either --vantage or --all-vantages")
    if named:
        check_known(store, "--vantage", (named,))
        return named
    return None if options["all_vantages"] else own_vantage(settings, store)


def _span(
    file: Path, timezone: str, options: _Export
) -> tuple[datetime | None, datetime | None]:
    check_order(options["since"], options["until"])
    if (file.suffix == ".har") != bool(options["at"]):
        raise InputError("export: a .har file needs --at, and no other file takes it")
    if file.suffix == ".har":
        moment = _moment(options["at"], timezone)
        return moment - NEAREST, moment + NEAREST
    return (
        local_day_start(options["since"], timezone, option="--since"),
        local_day_end(options["until"], timezone, option="--until"),
    )


def _written(
    file: Path, samples: Iterable[Sample], timezone: str, options: _Export
) -> int:
    from monitor import __version__
    from monitor.interchange import write_samples

    licence = options["licence"]
    if file == STDOUT:
        return _printed(samples, options["form"])
    if options["partitioned"]:
        from monitor.exchange import partitions

        return partitions.write(
            file,
            samples,
            timezone=timezone,
            licence=licence,
        )
    if file.name.endswith(".ooni.jsonl"):
        from monitor.exchange import ooni

        return ooni.write(file, samples, software_version=__version__)
    if file.suffix == ".har":
        return _write_har(file, samples, timezone, options["at"])
    return write_samples(file, samples, licence=licence)


def _printed(samples: Iterable[Sample], form: str) -> int:
    """Samples on standard output; what a terminal would obey becomes visible there."""
    from monitor.interchange import write_text

    if sys.stdout.isatty():
        text = io.StringIO()
        n_written = write_text(text, form, samples)
        say(text.getvalue().rstrip("\n"))
        return n_written
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        return write_text(out, form, samples)
    finally:
        out.detach()


def _write_har(
    file: Path, samples: Iterable[Sample], timezone: str, asked: str | None
) -> int:
    from monitor import __version__
    from monitor.exchange import har
    from monitor.interchange.writing import replacing

    moment = _moment(asked, timezone)
    pages = [s for s in samples if s.probe in ("https", "download")]
    if not pages:
        raise InputError(
            f"--at: found {asked!r}; no page was fetched within an hour of it"
        )
    page = min(pages, key=lambda s: abs(s.started_at_utc - moment))
    with replacing(file) as partial:
        partial.write_text(
            har.text(page, software_version=__version__), encoding="utf-8"
        )
    return 1


def _moment(text: str | None, timezone: str) -> datetime:
    """The moment of `--at`; one that clocks showed twice, or never, is refused."""
    try:
        moment = datetime.fromisoformat(text or "")
        wallclock.parsed_date(moment.date().isoformat())
    except ValueError:
        raise InputError(
            f"--at: found {text!r}; allowed: a local time such as 2026-10-20T20:15"
        ) from None
    if moment.tzinfo:
        return moment
    try:
        return wallclock.instant_shown(moment, wallclock.clock_named(timezone))
    except ValueError as error:
        raise InputError(
            f"--at: found {text!r}; allowed: {error}, or one with its offset, such as"
            " 2026-10-20T20:15+05:00"
        ) from None
