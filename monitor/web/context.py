"""What every handler needs, kept in the application."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from aiohttp import web

from monitor.config import Config
from monitor.web.answer_cache import KeptAnswers
from monitor.web.answers.facts import Facts
from monitor.web.errands import Errands
from monitor.web.lock.access import Access
from monitor.web.lock.visitors import Crowd
from monitor.web.static_files import Files

T = TypeVar("T")

QUERY_THREADS = 4
MAX_STREAMS = 4


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, facts, files and threads of one application."""

    config: Config
    facts: Facts
    access: Access
    files: Files
    answers: KeptAnswers
    errands: Errands | None = None
    """None: without a configuration file nothing is made from a page."""
    queries: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(QUERY_THREADS, "query")
    )
    secrets: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "secret")
    )
    """One at a time: guesses cannot be made in parallel."""
    streams: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(MAX_STREAMS)
    )

    file_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Of the configuration file: one change at a time."""

    crowd: Crowd = field(default_factory=Crowd)

    async def ask(self, call: Callable[[], T]) -> T:
        """The answer of a call that may wait for the database, from a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.queries, call)

    async def guess(self, call: Callable[..., T], *arguments: object) -> T:
        """The answer of a call that looks at a secret, from the one thread for it."""
        return await asyncio.get_running_loop().run_in_executor(
            self.secrets, partial(call, *arguments)
        )

    def close(self) -> None:
        """Let go of threads and database."""
        self.queries.shutdown(cancel_futures=True)
        self.secrets.shutdown(cancel_futures=True)
        self.facts.store.close()


CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)
