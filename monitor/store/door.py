"""The open database: the one object through which the program reads and writes it."""

from collections.abc import Sequence
from typing import Self

from monitor.model import Round, Sample
from monitor.store import rounds, samples
from monitor.store.checkpoint import checkpoint
from monitor.store.clock_steps import ClockSteps
from monitor.store.consents import Consents
from monitor.store.custody import Custody
from monitor.store.database import Database
from monitor.store.digests import Digests
from monitor.store.engine import sqlite_path
from monitor.store.fitness import refuse_unfit, refuse_without_rights
from monitor.store.leases import Leases
from monitor.store.metric_cells import MetricCells
from monitor.store.migration import is_current
from monitor.store.notes import Notes
from monitor.store.notices import Notices
from monitor.store.pauses import Pauses
from monitor.store.reader import Reader
from monitor.store.retention import Retention, removed_rows
from monitor.store.rollups import Rollups
from monitor.store.rounds import Rounds
from monitor.store.samples import Samples
from monitor.store.vantage_terms import StatedTerms
from monitor.store.verdicts import Analyses


def open_store(url: str) -> "Store":
    """The database at the URL, created and migrated when needed.

    Raises
    ------
    InputError : impossible URL, a newer database, or one of another program.
    StoreError : the database is out of reach.
    """
    store = Store(url)
    store.open()
    return store


class Store:
    """One door for a process: every question is asked of one of its parts.

    Facts are only added, never changed. Every method of every part raises StoreError
    when the database is out of reach. `open` brings the database to this version; a
    store that was not opened asks one that is there, as it is.

    Attributes
    ----------
    samples, rounds, clock_steps, leases, consents, pauses : what was measured, and by
        whom.
    terms : in which zone, window and net.
    analyses, notices : what was found and told.
    notes : what people noted.
    digests : the chains of closed days.
    custody : starts of the daemon, and all that is on record beside the rows.
    cells : hourly medians or single samples, column by column.
    reader : bounded questions of the dashboard.
    """

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.samples = Samples(self.database)
        self.rounds = Rounds(self.database)
        self.clock_steps = ClockSteps(self.database)
        self.leases = Leases(self.database)
        self.consents = Consents(self.database)
        self.pauses = Pauses(self.database)
        self.terms = StatedTerms(self.database)
        self.custody = Custody(self.database)
        self.analyses = Analyses(self.database)
        self.notices = Notices(self.database)
        self.notes = Notes(self.database)
        self.digests = Digests(self.database)
        self.cells = MetricCells(self.database)
        self.reader = Reader(self.database)

    @property
    def url(self) -> str:
        """The database URL."""
        return self.database.url

    def rollups(self, *, phase_us: int = 0) -> Rollups:
        """The hourly medians; see `Rollups`."""
        return Rollups(self.database, phase_us=phase_us)

    def retention(self, vantage: str, *, phase_us: int = 0) -> Retention:
        """Removal of a vantage's old samples; see `Retention`."""
        return Retention(self.database, vantage, phase_us=phase_us)

    def removed_rows(self) -> dict[tuple[str, str], int]:
        """(Vantage, UTC date) -> how many of its samples retention has removed."""
        return removed_rows(self.database)

    def append(self, records: Sequence[Sample | Round]) -> None:
        """Store samples and rounds in one transaction.

        With a round, what SQLite has in its write-ahead log goes into the file: a
        damaged log costs no more than the round that is running.
        """
        ended = [record for record in records if isinstance(record, Round)]
        batch = [record for record in records if isinstance(record, Sample)]
        with samples.known_series(self.database) as (connection, ids):
            samples.append(connection, batch, ids)
            rounds.append(connection, ended)
        if ended:
            checkpoint(self.database.engine)

    def open(self) -> None:
        """Create and migrate the database when needed; see `Database.open`."""
        self.database.open()

    def is_current(self) -> bool:
        """Whether the database is of this version; it is not kept open.

        Raises
        ------
        InputError : it cannot be used.
        StoreError : it is out of reach.
        """
        try:
            return is_current(self.database.engine)
        finally:
            self.close()

    def check(self, *, writes: bool) -> None:
        """Refuse a database that this program cannot use, before anything relies on it.

        Parameters
        ----------
        writes : whether it is brought to this version, and must be one to write into;
            else a file is not touched, and a server only asked.

        Raises
        ------
        InputError : an impossible encoding or schema, or one of another program.
        RightsError : it may not be written.
        """
        if writes:
            self.open()
        if writes or sqlite_path(self.database.engine) is None:
            with self.database.reading() as connection:
                refuse_unfit(connection)
                refuse_without_rights(connection)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
