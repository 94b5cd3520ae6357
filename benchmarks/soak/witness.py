"""`monitor` with a witness: an independent ledger of what the store acknowledged.

    python -m benchmarks.soak.witness --config F run

Tells the pipe of the environment variable SOAK_LEDGER of each record whose `write`
returned and which is on disk, not in memory only.
"""

import os

from monitor.__main__ import main
from monitor.daemon import serving
from monitor.model import Round, Sample
from monitor.store.spool import SpooledWriter
from monitor.store.spool_lines import to_line


class Witnessed(SpooledWriter):
    """Writes as ever, and tells what is safe; a pipe takes that on a full disk, too."""

    def __init__(self, *arguments: object, **more: object) -> None:
        self._ledger = os.open(os.environ["SOAK_LEDGER"], os.O_WRONLY)
        self._unsafe: list[Sample | Round] = []
        super().__init__(*arguments, **more)

    def write(self, record: Sample | Round) -> None:
        """Write, then tell."""
        self._unsafe.append(record)
        super().write(record)
        self._tell()

    def flush(self) -> bool:
        """Deliver, then tell."""
        is_delivered = super().flush()
        self._tell()
        return is_delivered

    def _tell(self) -> None:
        # What it could put neither into the database nor into the spool is no promise.
        n_safe = len(self._unsafe) - len(self._memory)
        for record in self._unsafe[:n_safe]:
            os.write(self._ledger, to_line(record).encode() + b"\n")
        del self._unsafe[:n_safe]


if __name__ == "__main__":
    serving.SpooledWriter = Witnessed
    main()
