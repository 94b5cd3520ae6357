"""What the daemon writes through: into the database, or into a file while that is away.

A record is acknowledged (`write` returns) once it is on disk in one of the two places.
While anything waits in the spool, everything goes through the spool, so that the order
stays. Delivery may be cut at any instant and begun again: what is stored already is not
stored twice.
"""

import logging
from collections import deque
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from monitor.clock import Clock
from monitor.errors import MonitorError, StoreError
from monitor.model import Round, Sample
from monitor.store.delivery import Delivery
from monitor.store.door import Store
from monitor.store.dropped import Dropped
from monitor.store.spool_file import RECORDS_AT_ONCE, SpoolFile

log = logging.getLogger(__name__)

MEMORY_RECORDS: Final = 10_000
_RETRY_FIRST_S: Final = 1.0
_RETRY_LONGEST_S: Final = 30.0


class SpooledWriter:
    """Writes samples and rounds for one thread; never fails because a database is away.

    Parameters
    ----------
    store : the database; opened here, and let go of at the end.
    spool : the file for what the database could not take, or its path.
    clock : tells how long ago the database was last tried.
    every : length of a slot, for the record of what could not be kept.

    Raises
    ------
    InputError : the database is not for this program.

    Notes
    -----
    When neither the database nor the spool takes anything (the spool has reached its
    limit, or the disk is full), 10,000 records are kept in memory, and the log says so:
    a crash would lose them. What comes then is not kept, and a gap on record tells how
    much that was and from when to when.
    """

    def __init__(
        self,
        store: Store,
        spool: SpoolFile | Path,
        clock: Clock,
        *,
        every: timedelta = timedelta(minutes=5),
    ) -> None:
        self._clock = clock
        self._spool = spool if isinstance(spool, SpoolFile) else SpoolFile(spool)
        self._memory: deque[Sample | Round] = deque()
        self._dropped = Dropped(every)
        self._n_spooled = self._spool.count()
        self._delivery = Delivery(store)
        self._is_unwritable = False
        self._retry_s = _RETRY_FIRST_S
        self._retry_at_s = clock.monotonic_s()
        self._open()

    @property
    def pending(self) -> int:
        """How many records wait for the database."""
        return self._n_spooled + len(self._memory)

    def write(self, record: Sample | Round) -> None:
        """Return when the record is safe in the database or in the spool."""
        if self.pending == 0 and self._stored([record]):
            return
        self._keep(record)
        if self._clock.monotonic_s() >= self._retry_at_s:
            self.flush()

    def flush(self) -> bool:
        """Try to deliver all that waits; whether nothing waits any more."""
        self._spool_memory()
        if self._n_spooled:
            self._drain_spool()
        if not self._n_spooled:
            self._deliver_memory()
        if self.pending == 0:
            self._tell_dropped()
        return self.pending == 0

    def close(self) -> None:
        """Leave nothing in memory, and let go of the database."""
        self._spool_memory()
        # A database that was away a moment ago is not waited for: the spool is safe.
        if self._clock.monotonic_s() >= self._retry_at_s:
            self.flush()
        while self._memory:
            self._drop(self._memory.popleft())
        self._spool_dropped()
        if self._n_spooled:
            where = self._spool.path
            log.warning("spool event=left records=%d where=%s", self._n_spooled, where)
        self._delivery.close()

    def _stored(self, records: list[Sample | Round]) -> bool:
        """Whether the database took the records, in their order."""
        try:
            self._delivery.take(records)
        except MonitorError as error:
            self._postpone(error)
            return False
        self._retry_s = _RETRY_FIRST_S
        return True

    def _open(self) -> None:
        try:
            self._delivery.open()
        except StoreError as error:
            self._postpone(error)

    def _postpone(self, error: MonitorError) -> None:
        log.warning("database event=away retry_s=%.0f reason=%s", self._retry_s, error)
        self._retry_at_s = self._clock.monotonic_s() + self._retry_s
        self._retry_s = min(2 * self._retry_s, _RETRY_LONGEST_S)

    def _keep(self, record: Sample | Round) -> None:
        self._spool_memory()
        self._spool_dropped()
        # Once something was dropped, all is until that is on record: a gap has one end.
        if self._dropped or len(self._memory) >= MEMORY_RECORDS:
            self._drop(record)
            return
        self._memory.append(record)
        self._spool_memory()

    def _drop(self, record: Sample | Round) -> None:
        if not self._dropped:
            log.error("spool event=full dropped_from=%s", self._clock.now_utc())
        self._dropped.add(record)

    def _deliver_memory(self) -> None:
        while batch := list(islice(self._memory, RECORDS_AT_ONCE)):
            if not self._stored(batch):
                return
            for _ in batch:
                self._memory.popleft()

    def _tell_dropped(self) -> None:
        """Put what was dropped on record, in the database."""
        gap = self._dropped.gap()
        if gap is not None and self._stored([gap]):
            self._dropped.forget()

    def _spool_dropped(self) -> None:
        """Put what was dropped on record, behind what waits."""
        gap = self._dropped.gap()
        if gap is not None and not self._memory and self._spooled(gap, beyond=True):
            self._dropped.forget()

    def _spool_memory(self) -> None:
        while self._memory and self._spooled(self._memory[0]):
            self._memory.popleft()

    def _drain_spool(self) -> None:
        try:
            self._n_spooled = self._spool.drain(self._stored)
        except OSError as error:
            log.warning("spool event=undelivered reason=%s", error)

    def _spooled(self, record: Sample | Round, *, beyond: bool = False) -> bool:
        try:
            self._spool.append(record, beyond=beyond)
        except OSError as error:
            # Once: it may stay so for days, and every record would tell of it.
            if not self._is_unwritable:
                log.error("spool event=unwritable kept_in=memory reason=%s", error)  # noqa: TRY400 - the reason is enough
            self._is_unwritable = True
            return False
        self._is_unwritable = False
        self._n_spooled += 1
        return True
