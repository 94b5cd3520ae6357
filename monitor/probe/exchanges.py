"""Question and answer of Telegram's protocol, over and over in one connection.

One exchange tells what a connect tells; twenty small ones, each waiting for the one
before, tell of lost packets of ours: every lost one shows in the time and in the
kernel's count of what it sent again.
"""

import asyncio
import contextlib
from collections import deque
from typing import Final

from monitor.model import Operation
from monitor.probe.channel import PlainChannel
from monitor.probe.mtproto import Obfuscated, Question
from monitor.probe.observation import Observation
from monitor.probe.timing import Mark
from monitor.probe.transfer import Meter

N_EXCHANGES: Final = 20
EXCHANGES_MAX_BYTES: Final = 32 * 1024
"""Of one connection; twenty answers are 2 kB."""


class Exchanges:
    """The exchanges of one connection.

    Parameters
    ----------
    limit_s : longest wait for an answer; after as long since the first one, the next
        answer is the last: a slow sample, no failure.
    """

    def __init__(self, observation: Observation, limit_s: float) -> None:
        self._observation = observation
        self._limit_s = limit_s
        self._packets = Obfuscated()
        self._waiting: deque[bytes] = deque()
        self._question, self._packet = self._next()
        self._packet = self._packets.opening + self._packet

    async def run(self, channel: PlainChannel) -> None:
        """Ask and wait, `N_EXCHANGES` times.

        A server that ends the connection after an answer has told enough of the way.

        Raises
        ------
        EOFError
            If it ends without one.
        ProbeFailedError
            If what comes is no answer.
        """
        observation = self._observation
        observation.operation = Operation.HTTP_ROUND_TRIP
        observation.mark(Mark.REQUEST_START)
        n_bytes = await self._exchange(channel)
        observation.mark(Mark.RESPONSE_START, channel.arrived_s)
        observation.operation = Operation.READ
        observation.meter = meter = Meter(channel.arrived_s)
        meter.add(n_bytes, channel.arrived_s)
        with contextlib.suppress(EOFError):
            for _ in range(N_EXCHANGES - 1):
                if meter.elapsed_s >= self._limit_s:
                    break
                meter.add(await self._exchange(channel), channel.arrived_s)
        observation.mark(Mark.RESPONSE_END, meter.began_s + meter.elapsed_s)

    async def _exchange(self, channel: PlainChannel) -> int:
        """Ask once; the length of the answer [bytes]."""
        async with asyncio.timeout(self._limit_s):
            await channel.send(self._packet)
            reply = await self._reply(channel)
        self._question.check(reply)
        self._question, self._packet = self._next()
        return len(reply)

    async def _reply(self, channel: PlainChannel) -> bytes:
        while not self._waiting:
            received = await channel.receive()
            if not received:
                raise EOFError
            self._waiting.extend(self._packets.opened(bytes(received)))
        return self._waiting.popleft()

    def _next(self) -> tuple[Question, bytes]:
        """A question and the packet that asks it."""
        question = Question()
        now_utc = self._observation.clock.now_utc()
        return question, self._packets.sealed(question.message(now_utc.timestamp()))
