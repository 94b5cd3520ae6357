"""Waiting for what must come, however slow the machine is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")

PATIENCE_S = 300
"""Nothing takes so long: it only ends a wait for what never comes."""
TRIES = 20


def eventually(asked: Callable[[], Answer], *, log: Path | None = None) -> Answer:
    """What is answered as soon as it is true.

    Parameters
    ----------
    asked : asked again and again.
    log : its text is told when it never comes true.
    """
    begun_s = time.monotonic()
    while not (answer := asked()):
        if time.monotonic() - begun_s > PATIENCE_S:
            told = log.read_text() if log else ""
            raise AssertionError(f"it never came: {answer!r}\n{told}")
        time.sleep(0.05)
    return answer


async def until(asked: Callable[[], Answer], *, log: Path | None = None) -> Answer:
    """The same beside an event loop that goes on."""
    return await asyncio.to_thread(eventually, asked, log=log)


async def least(error: Callable[[], Awaitable[float]], *, enough: float) -> float:
    """The least error of some tries: a busy machine only adds to it.

    For what measures time itself and is late with its own process: what is wrong in the
    program is wrong in every try.
    """
    smallest = await error()
    for _ in range(TRIES - 1):
        if smallest <= enough:
            break
        smallest = min(smallest, await error())
    return smallest
