"""The open database: the one object through which the program reads and writes it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Engine

from monitor.errors import StoreError
from monitor.model import Analysis, Round, Sample
from monitor.store import (
    clock_steps,
    consents,
    leases,
    pauses,
    rounds,
    samples,
    usage,
    verdicts,
)
from monitor.store.checkpoint import checkpoint
from monitor.store.clock_steps import ClockStep
from monitor.store.engine import make_engine, reading, sqlite_path, writing
from monitor.store.holder import Holder
from monitor.store.migration import migrate
from monitor.untyped import Json

_SAMPLES_PER_TRANSACTION: Final = 2000


def open_store(url: str) -> "Store":
    """The database at the URL, created and migrated when needed.

    Raises
    ------
    InputError : impossible URL, a newer database, or one of another program.
    StoreError : the database is out of reach.
    """
    engine = make_engine(url)
    try:
        migrate(engine)
        return Store(engine)
    except BaseException:
        engine.dispose()
        raise


class Store:
    """Facts in, facts out. Samples, rounds and verdicts are only added, never changed.

    One thread writes; any number of processes read at the same time. Every method that
    touches the database raises StoreError when that is out of reach.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._series_ids: dict[tuple[str, ...], int] = {}
        self._file = sqlite_path(engine)
        self._inode = _inode(self._file)

    def append(self, samples_: Iterable[Sample]) -> int:
        """Store samples; how many of them were new.

        A sample whose identity (contracts 4) is already stored is left as it is. Up to
        2,000 samples are one transaction; more are several, in order.
        """
        remaining = iter(samples_)
        n_new = 0
        while batch := list(islice(remaining, _SAMPLES_PER_TRANSACTION)):
            n_new += self._append_batch(batch)
        return n_new

    def append_round(self, round_: Round) -> None:
        """Store a round; storing it again changes nothing."""
        self.append_records([round_])

    def append_records(self, records: Sequence[Sample | Round]) -> None:
        """Store samples and rounds in one transaction.

        With a round, what SQLite has in its write-ahead log goes into the file: a
        damaged log costs no more than the round that is running.
        """
        ended = [record for record in records if isinstance(record, Round)]
        self._append_batch([r for r in records if isinstance(r, Sample)], ended)
        if ended:
            checkpoint(self._engine)

    def _append_batch(
        self, batch: Sequence[Sample], ended: Sequence[Round] = ()
    ) -> int:
        self._check_file()
        ids = dict(self._series_ids)
        # Forgotten first: after a failure the ids on disk may be others.
        self._series_ids = {}
        with writing(self._engine) as connection:
            n_new = samples.append(connection, batch, ids) if batch else 0
            rounds.append(connection, ended)
        self._series_ids = ids
        return n_new

    def samples(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        targets: Iterable[str] | None = None,
        vantage: str | None = None,
    ) -> Iterator[Sample]:
        """The samples from `since` on and before `until` by time, streamed.

        Those of one instant are ordered by vantage, target, path, probe, server name.
        """
        names = None if targets is None else tuple(targets)
        chosen = samples.Selection(
            since=since, until=until, targets=names, vantage=vantage
        )
        return samples.read(self._engine, chosen)

    def sample_values(
        self,
        names: Sequence[str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        vantage: str | None = None,
    ) -> Iterator[Sequence[Json]]:
        """What `samples` gives as plain values: time [us since 1970], named fields."""
        chosen = samples.Selection(since=since, until=until, vantage=vantage)
        return samples.read_values(self._engine, chosen, names)

    def rounds(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        vantage: str | None = None,
        as_of: datetime | None = None,
    ) -> Iterator[Round]:
        """The rounds whose slot begins from `since` on and before `until`, by time.

        With `as_of`, what holds at that moment: nothing later, and of missed slots only
        those that had no round after all.
        """
        return rounds.read(self._engine, since, until, vantage, as_of)

    def last_round(self, vantage: str, *, before: datetime) -> Round | None:
        """The round of the vantage's latest slot before a moment; None without."""
        with reading(self._engine) as connection:
            return rounds.last(connection, vantage, before)

    def measured_bounds(self, vantage: str) -> tuple[datetime, datetime] | None:
        """The vantage's first and last measured slot, also one later than now."""
        with reading(self._engine) as connection:
            return rounds.bounds(connection, vantage)

    def append_clock_step(self, vantage: str, step: ClockStep) -> None:
        """Store that the wall clock was stepped."""
        self._check_file()
        with writing(self._engine) as connection:
            clock_steps.append(connection, vantage, step)

    def step_back_over(self, vantage: str, moment: datetime) -> ClockStep | None:
        """The last step of the clock from after a moment back to before it, if any."""
        with reading(self._engine) as connection:
            return clock_steps.last_back_over(connection, vantage, moment)

    def received(
        self, vantage: str, *, since: datetime, until: datetime
    ) -> usage.Received:
        """What the vantage's rounds received in the half-open span."""
        with reading(self._engine) as connection:
            return usage.received(connection, vantage, since, until)

    def hold_lease(
        self, vantage: str, holder: Holder, *, lasts: timedelta, now_utc: datetime
    ) -> None:
        """Take or renew the lease of a vantage; raises HeldError, see `leases.hold`."""
        self._check_file()
        with writing(self._engine) as connection:
            leases.hold(connection, vantage, holder, lasts=lasts, now_utc=now_utc)

    def let_lease_go(self, holder: Holder) -> None:
        """End a process's lease."""
        self._check_file()
        with writing(self._engine) as connection:
            leases.let_go(connection, holder)

    def refuse_held(self, vantage: str, holder: Holder, *, now_utc: datetime) -> None:
        """Raise HeldError when another process measures the vantage."""
        with reading(self._engine) as connection:
            leases.refuse_held(connection, vantage, holder, now_utc=now_utc)

    def append_pause(
        self, vantage: str, *, asked_at_utc: datetime, until_utc: datetime
    ) -> None:
        """Store that the owner wants no measurements up to a moment."""
        self._check_file()
        with writing(self._engine) as connection:
            pauses.append(
                connection, vantage, asked_at_utc=asked_at_utc, until_utc=until_utc
            )

    def paused_until(self, vantage: str, *, now_utc: datetime) -> datetime | None:
        """When the pause that holds now ends; None without one."""
        with reading(self._engine) as connection:
            return pauses.paused_until(connection, vantage, now_utc)

    def append_consent(self, consent: consents.Consent) -> None:
        """Store that somebody agreed to the measurements."""
        self._check_file()
        with writing(self._engine) as connection:
            consents.append(connection, consent)

    def consents(self, vantage: str) -> list[consents.Consent]:
        """Every consent for a vantage, in the order in which they were given."""
        with reading(self._engine) as connection:
            return consents.all_given(connection, vantage)

    def append_analysis(self, analysis: Analysis, *, computed_at_utc: datetime) -> None:
        """Store what one analysis found: its document, and its verdicts one by one."""
        self._check_file()
        with writing(self._engine) as connection:
            verdicts.append(connection, analysis, computed_at_utc=computed_at_utc)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_file(self) -> None:
        # A deleted file would go on taking rows that nobody can ever read.
        if _inode(self._file) != self._inode:
            self._engine.dispose()
            raise StoreError(f"database {self._file}: the file was moved or deleted")


def _inode(path: Path | None) -> int | None:
    if path is None:
        return None
    try:
        return path.stat().st_ino
    except OSError:
        return 0
