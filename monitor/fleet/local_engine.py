"""The engine `local`: processes on this machine, each with one job at a time.

Not a pool of the standard library: when a worker of that is killed, everything that
waits is lost with it.
"""

import resource
import signal
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from monitor.errors import InputError
from monitor.fleet.engines import (
    KILLED,
    MOST_ATTEMPTS,
    WORKER_BYTES,
    EngineTerms,
    Task,
)
from monitor.fleet.jobs import Job, Outcome, lost
from monitor.text import printable

_END_S = 5.0


class LocalEngine:
    """Runs jobs in processes of this machine; a killed one loses nothing."""

    def __init__(self, terms: EngineTerms) -> None:
        if terms.scheduler is not None:
            raise InputError("--scheduler: the engine local has none")
        self._n_workers = terms.workers

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """One outcome for each job, as they come."""
        crew = _Crew(task, deque(jobs))
        try:
            for _ in range(min(self._n_workers, len(jobs))):
                crew.hire()
            while crew.at_work:
                yield from crew.outcomes()
        finally:
            crew.dismiss()


@dataclass(frozen=True, slots=True)
class _Worker:
    process: BaseProcess
    job: Job


class _Crew:
    """The processes at work and the jobs that wait."""

    def __init__(self, task: Task, waiting: deque[Job]) -> None:
        self._task = task
        self._waiting = waiting
        self._deaths: Counter[int] = Counter()
        self.at_work: dict[Connection, _Worker] = {}

    def hire(self) -> None:
        """A new process with the next job that waits, if one does."""
        if not self._waiting:
            return
        # A forked process would inherit threads' locks.
        context = get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=work, args=(self._task, there), daemon=True)
        process.start()
        there.close()
        self._hand_on(here, process)

    def outcomes(self) -> Iterator[Outcome]:
        """What came in since; waits for the first."""
        for ready in wait(list(self.at_work)):
            assert isinstance(ready, Connection)  # noqa: S101 - all are
            worker = self.at_work.pop(ready)
            try:
                outcome: Outcome = ready.recv()
            except (EOFError, ConnectionError):
                yield from self._after_death(ready, worker)
                continue
            self._hand_on(ready, worker.process)
            yield outcome

    def _hand_on(self, pipe: Connection, process: BaseProcess) -> None:
        if not self._waiting:
            pipe.close()
            process.join(_END_S)
            return
        job = self._waiting.popleft()
        self.at_work[pipe] = _Worker(process, job)
        # One that is dead already is seen when it is asked for the outcome.
        with suppress(ConnectionError):
            pipe.send(job)

    def _after_death(self, pipe: Connection, worker: _Worker) -> Iterator[Outcome]:
        pipe.close()
        worker.process.join(_END_S)
        self._deaths[worker.job.bucket] += 1
        if self._deaths[worker.job.bucket] < MOST_ATTEMPTS:
            self._waiting.append(worker.job)
            self.hire()
        else:
            self.hire()
            yield lost(worker.job, KILLED)

    def dismiss(self) -> None:
        """End what still works: nobody asks any more."""
        for pipe, worker in self.at_work.items():
            pipe.close()
            worker.process.kill()
            worker.process.join(_END_S)


def work(task: Task, pipe: Connection) -> None:
    """In a worker: jobs in, outcomes out, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (2 * WORKER_BYTES, most))
    with suppress(EOFError, ConnectionError):
        while True:
            job: Job = pipe.recv()
            pipe.send(attempted(task, job))


def attempted(task: Task, job: Job) -> Outcome:
    """The outcome of a job; a fault of ours in it costs this bucket, not the night."""
    try:
        return task(job)
    except Exception as error:  # noqa: BLE001 - it is named, and the exit status says so
        return lost(job, printable(f"{type(error).__name__}: {error}"[:300]))
