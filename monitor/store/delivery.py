"""The database as the spool sees it: it takes records in time, or raises StoreError."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from monitor.model import Round, Sample
from monitor.store.deadline import Deadline
from monitor.store.door import Store

# More than the database's own limits (a lock, a silent network), less than the five
# seconds in which the daemon must end.
_PATIENCE_S: Final = 4.0


class Delivery:
    """Opens the database when it is needed, and again after every failure.

    Parameters
    ----------
    store : the database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._deadline = Deadline(_PATIENCE_S)

    def open(self) -> None:
        """Open, create and migrate, however long that takes.

        Raises
        ------
        InputError : the database is not for this program.
        StoreError : it is out of reach.
        """
        self._store.open()

    def take(self, records: Sequence[Sample | Round]) -> None:
        """Return when all records are stored, in their order.

        Raises
        ------
        MonitorError : they are not, or not known to be within four seconds.
        """
        self._deadline.within(partial(self._take, records))

    def _take(self, records: Sequence[Sample | Round]) -> None:
        try:
            self._store.open()
            self._store.append(records)
        except BaseException:
            # Another try is made on new connections.
            self._store.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()
