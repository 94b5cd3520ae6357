"""Long work in short turns, so that the event loop is never kept from the others."""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

LONGEST_TURN_S = 0.004
"""Then the loop has its turn: what it times is late by no more than this."""
_STEPS_AT_ONCE = 64


class Turn:
    """Counts the time of one turn of work."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end_s = self._loop.time() + LONGEST_TURN_S

    async def pause(self) -> None:
        """Let the loop go on, if this turn was long enough."""
        if self._loop.time() >= self._end_s:
            await asyncio.sleep(0)
            self._end_s = self._loop.time() + LONGEST_TURN_S


async def in_turns(steps: Iterable[T | None]) -> list[T]:
    """What some work yields, apart from None: that only says that a step is done."""
    turn, made = Turn(), []
    for number, step in enumerate(steps):
        if step is not None:
            made.append(step)
        if not number % _STEPS_AT_ONCE:
            await turn.pause()
    return made
