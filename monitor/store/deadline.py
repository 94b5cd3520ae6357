"""Work that must end in time, whatever the database or the disk does."""

import threading
from collections.abc import Callable
from typing import TypeVar

from monitor.errors import StoreError

Result = TypeVar("Result")


def within(limit_s: float, work: Callable[[], Result]) -> Result:
    """The result of the work, or StoreError when it is not there in time [s].

    A driver that waits for a frozen server or disk cannot be interrupted, only left
    behind: its thread ends when the server moves again, or with the process. The work
    must therefore do no harm when it is finished late or not at all.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whole
            errors.append(error)

    thread = threading.Thread(target=run, name="store", daemon=True)
    thread.start()
    thread.join(limit_s)
    if errors:
        raise errors[0]
    if not results:
        raise StoreError(f"the database gave no answer within {limit_s:g} s")
    return results[0]
