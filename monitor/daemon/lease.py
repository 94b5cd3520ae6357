"""One daemon for one vantage: the lease that it holds in the database."""

import logging
from datetime import timedelta

from monitor.clock import Clock
from monitor.config import Config
from monitor.errors import HeldError, MonitorError, StoreError
from monitor.store import Store
from monitor.store.deadline import Deadline
from monitor.store.holder import Holder
from monitor.store.leases import ROUNDS

_log = logging.getLogger(__package__)

PATIENCE_S = 4.0
LEAST = timedelta(seconds=30)
"""No lease is shorter: a round that is late by seconds must not lose it."""


class DaemonLease:
    """The lease of the daemon's vantage. A database that is away is no obstacle."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self._store = store
        self._vantage = config.vantage
        self._lasts = max(ROUNDS * config.every, LEAST)
        self._clock = clock
        self._holder = Holder.this_process()
        self._deadline = Deadline(PATIENCE_S)

    def hold(self) -> None:
        """Take or renew the lease.

        Raises
        ------
        HeldError
            Another process measures this vantage.
        """
        try:
            self._deadline.within(self._hold)
        except HeldError:
            raise
        except MonitorError as error:
            _log.warning("lease event=not_renewed reason=%s", error)

    def let_go(self) -> None:
        """Let the next process begin at once."""
        try:
            self._deadline.within(self._let_go)
        except StoreError as error:
            _log.warning("lease event=kept reason=%s", error)

    def _hold(self) -> None:
        self._store.open()
        self._store.leases.hold(
            self._vantage,
            self._holder,
            lasts=self._lasts,
            now_utc=self._clock.now_utc(),
        )

    def _let_go(self) -> None:
        self._store.open()
        self._store.leases.let_go(self._holder)
