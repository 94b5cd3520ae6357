"""Engines: what runs the jobs of a night. All of them answer to one protocol.

`local` is a set of processes on this machine; `dask` and `spark` are imported only when
they are asked for, from the extra `monitor[cluster]` or a cluster's own installation.
"""

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from monitor.errors import InputError
from monitor.fleet.jobs import Job, Outcome

Task: TypeAlias = Callable[[Job], Outcome]

MOST_ATTEMPTS: Final = 3
"""So often a job is tried whose worker dies."""
KILLED: Final = f"its worker died {MOST_ATTEMPTS} times"
WORKER_BYTES: Final = 1 << 30
"""Memory of one worker: a home of a month needs about a fifth of it."""


class Engine(Protocol):
    """All that an engine is."""

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """One outcome for each job, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTerms:
    """What is asked of an engine."""

    n_workers: int | None = None
    """None: one per core."""
    scheduler: str | None = None
    """Address of a running cluster; None: one on this machine, for this run."""
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None
    """PEM files for a scheduler behind TLS."""

    @property
    def workers(self) -> int:
        """How many workers on this machine."""
        return self.n_workers or len(os.sched_getaffinity(0))


_MODULES: Final = {
    "local": ("monitor.fleet.local_engine", "LocalEngine"),
    "dask": ("monitor.fleet.dask_engine", "DaskEngine"),
    "spark": ("monitor.fleet.spark_engine", "SparkEngine"),
}
ENGINES: Final = tuple(_MODULES)


def engine_of(name: str, terms: EngineTerms) -> Engine:
    """The engine of a name.

    Raises
    ------
    InputError : there is none of that name, or what it needs is not installed.
    """
    if name not in _MODULES:
        raise InputError(f"--engine: found {name!r}; allowed: {', '.join(ENGINES)}")
    module, kind = _MODULES[name]
    try:
        made: Engine = getattr(importlib.import_module(module), kind)(terms)
    except ModuleNotFoundError as error:
        raise InputError(
            f"--engine {name}: {error.name} is not installed; `pip install"
            " 'monitor[cluster]'` brings dask, a Spark cluster brings pyspark"
        ) from None
    return made
