"""The engine `spark`: the same jobs on an institution's Spark; pyspark is theirs.

Spark hands out jobs and brings outcomes back; it reads no row itself.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import partial

from pyspark.sql import SparkSession

from monitor.errors import InputError, ServiceError
from monitor.fleet.engines import EngineTerms, Task
from monitor.fleet.jobs import Job, Outcome
from monitor.fleet.local_engine import attempted


class SparkEngine:
    """Runs jobs on Spark, four attempts each as Spark has it."""

    def __init__(self, terms: EngineTerms) -> None:
        master = terms.scheduler or f"local[{terms.workers}]"
        if not master.startswith(("local", "spark://", "k8s://", "yarn")):
            raise InputError(
                f"--scheduler: found {master!r}; allowed: a master of Spark, such as"
                " spark://HOST:7077 or yarn"
            )
        self._master = master

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """One outcome for each job, in their order.

        Raises
        ------
        ServiceError : the cluster is out of reach, or gave a job up.
        """
        session = (
            SparkSession.builder.master(self._master)
            .appName("monitor fleet")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )
        context = session.sparkContext
        if self._master.startswith("local"):
            # The workers are this Python, not the first of the path; its option is
            # read by spark-submit alone.
            context.pythonExec = sys.executable
        try:
            spread = context.parallelize(jobs, max(1, len(jobs)))
            # All at once: lazily, Spark would run one partition after the other.
            yield from spread.map(partial(attempted, task)).collect()
        except OSError as error:
            raise ServiceError(f"spark {self._master}: {error}") from error
        finally:
            session.stop()
