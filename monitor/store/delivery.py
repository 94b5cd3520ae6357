"""The database as the spool sees it: it takes records in time, or raises StoreError."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from monitor.model import Round, Sample
from monitor.store.database import Store, open_store
from monitor.store.deadline import Deadline

# More than the database's own limits (a lock, a silent network), less than the five
# seconds in which the daemon must end.
_PATIENCE_S: Final = 4.0


class Delivery:
    """Opens the database when it is needed, and again after every failure.

    Parameters
    ----------
    url : the database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: Store | None = None
        self._n_attempts = 0
        self._deadline = Deadline(_PATIENCE_S)

    def open(self) -> None:
        """Open, create and migrate, however long that takes.

        Raises
        ------
        InputError : the database is not for this program.
        StoreError : it is out of reach.
        """
        self._store = open_store(self._url)

    def take(self, records: Sequence[Sample | Round]) -> None:
        """Return when all records are stored, in their order.

        Raises
        ------
        MonitorError : they are not, or not known to be within four seconds.
        """
        self._n_attempts += 1
        try:
            self._deadline.within(partial(self._take, records, self._n_attempts))
        finally:
            self._n_attempts += 1

    def _take(self, records: Sequence[Sample | Round], attempt: int) -> None:
        store = self._store or open_store(self._url)
        # This thread's alone until it is done: it may be left behind.
        self._store = None
        try:
            store.append_records(records)
        except BaseException:
            store.close()
            raise
        if attempt == self._n_attempts:
            self._store = store
        else:
            store.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._store is not None:
            self._store.close()
        self._store = None
