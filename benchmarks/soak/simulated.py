"""The wall clock that the daemon and its children see."""

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLOCK_FOLDER = Path(__file__).parent / "clock"


class SimulatedTime:
    """The machine's clock plus an offset; every process below follows within 20 ms.

    Parameters
    ----------
    path : a file that the processes share.
    now : what the clock shows at first, aware.
    """

    def __init__(self, path: Path, now: datetime) -> None:
        self._path = path
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)
        self._offset_s = 0.0
        self.set(now)

    def environment(self) -> dict[str, str]:
        """What makes a Python process follow this clock."""
        return {"SOAK_CLOCK": str(self._path)}

    def now(self) -> datetime:
        """What the clock shows, aware, in UTC."""
        return self.real() + timedelta(seconds=self._offset_s)

    def real(self) -> datetime:
        """What the machine's own clock shows."""
        return datetime.fromtimestamp(time.time(), UTC)

    def set(self, moment: datetime) -> None:
        """Set the clock; it goes on from there."""
        self.step(moment - self.now())

    def step(self, by: timedelta) -> None:
        """Step the clock."""
        self._offset_s += by / timedelta(seconds=1)
        self._page[:8] = struct.pack("d", self._offset_s)

    def slot_start(self, every: timedelta) -> datetime:
        """When the slot of now began."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + (self.now() - epoch) // every * every
