"""Work that must end in time, whatever the database or the disk does."""

import threading
from collections.abc import Callable
from typing import TypeVar

from monitor.errors import StoreError

Result = TypeVar("Result")


class Deadline:
    """Does one piece of work after the other, each within a limit.

    A driver that waits for a frozen server or disk cannot be interrupted, only left
    behind: its thread ends when the server moves again, or with the process. The work
    must therefore do no harm when it is finished late or not at all. As long as one
    piece is left behind no other is begun, or an outage of days would fill the memory
    with threads.

    Parameters
    ----------
    limit_s : for each piece.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._thread: threading.Thread | None = None

    def within(self, work: Callable[[], Result]) -> Result:
        """The result of the work; StoreError when it is not there in time."""
        if self._thread is not None and self._thread.is_alive():
            raise StoreError("the database still gives no answer")
        results: list[Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001 - handed to the caller, whole
                errors.append(error)

        self._thread = threading.Thread(target=run, name="store", daemon=True)
        self._thread.start()
        self._thread.join(self._limit_s)
        if errors:
            raise errors[0]
        if not results:
            raise StoreError(f"the database gave no answer within {self._limit_s:g} s")
        return results[0]
