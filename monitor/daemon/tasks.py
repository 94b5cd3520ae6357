"""Background tasks that the daemon owns, since its scheduler cannot wait for them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from monitor.errors import MonitorError

_log = logging.getLogger(__package__)

Work = Callable[[], Awaitable[object]]


class Tasks:
    """The tasks that run now; a failed one is logged and harms no other."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[object, object, object]) -> asyncio.Task[object]:
        """Begin some work; the task is forgotten when it ends."""
        task: asyncio.Task[object] = asyncio.create_task(_logged(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def end(self) -> None:
        """Cancel what still runs, and wait until it has ended."""
        await cancel(*self._running)


class OneAtATime:
    """Work that is never done twice at once: what is asked for meanwhile comes after.

    Parameters
    ----------
    name : in the log.
    work : done again where it was asked for while it was going on.
    """

    def __init__(self, name: str, work: Work, tasks: Tasks) -> None:
        self._name = name
        self._work = work
        self._tasks = tasks
        self._running: asyncio.Task[object] | None = None
        self._is_due = False

    def begin(self) -> None:
        """Do it now, or once more as soon as it ends."""
        is_begun, self._is_due = not self._is_due, True
        if self._running is None or self._running.done():
            self._running = self._tasks.spawn(self._run())
        elif is_begun:
            _log.warning("%s event=waits why=the last one is still at work", self._name)

    async def _run(self) -> None:
        while self._is_due:
            self._is_due = False
            await self._work()


async def cancel(*tasks: asyncio.Task[object]) -> None:
    """Cancel some tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _logged(work: Awaitable[object]) -> object:
    try:
        return await work
    except MonitorError as error:
        # Nothing to mend here: the database is away, say. It is done another time.
        _log.warning("task_put_off reason=%s", error)
        return None
    except Exception:  # noqa: BLE001
        # One failed round must not end a daemon that is to run for months.
        _log.exception("task_failed")
        return None
