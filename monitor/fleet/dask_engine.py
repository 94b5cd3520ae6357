"""The engine `dask`: a cluster of this run on this machine, or one that is there.

A scheduler executes whatever it is sent: none without TLS is spoken to beyond this
machine, and none of ours opens a page with its logs. What each of the settings saves is
in docs/fleet.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import dask
from distributed import Client, Future, LocalCluster, as_completed
from distributed.security import Security

from monitor.errors import InputError, ServiceError
from monitor.fleet.dask_settings import SETTINGS
from monitor.fleet.engines import (
    KILLED,
    MOST_ATTEMPTS,
    WORKER_BYTES,
    EngineTerms,
    Task,
)
from monitor.fleet.jobs import Job, Outcome, lost, versions
from monitor.fleet.local_engine import attempted


class DaskEngine:
    """Runs jobs on Dask; a machine that dies loses nothing."""

    def __init__(self, terms: EngineTerms) -> None:
        if terms.scheduler is not None:
            check_address(terms.scheduler)
        self._terms = terms

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """One outcome for each job, as they come.

        Raises
        ------
        ServiceError : the scheduler is out of reach.
        InputError : a worker has other versions than this client.
        """
        with dask.config.set(SETTINGS), _client(self._terms) as client:
            check_versions(client.run(versions))
            jobs_by_key = {f"bucket-{job.bucket}": job for job in jobs}
            futures = [
                client.submit(
                    attempted, task, job, key=key, pure=False, retries=MOST_ATTEMPTS
                )
                for key, job in jobs_by_key.items()
            ]
            for future in as_completed(futures):
                yield _outcome(future, jobs_by_key[future.key])


def _outcome(future: Future[Outcome], job: Job) -> Outcome:
    if future.status == "finished":
        return future.result()
    return lost(job, KILLED)


def check_address(address: str) -> None:
    """Refuse a scheduler that anybody on the way could speak for.

    Raises
    ------
    InputError : neither TLS nor this machine.
    """
    url = urlsplit(address)
    if url.scheme == "tls" and url.hostname:
        return
    if url.scheme == "tcp" and url.hostname and _is_loopback(url.hostname):
        return
    raise InputError(
        f"--scheduler: found {address!r}; allowed: tls://HOST:PORT, or tcp:// on this"
        " machine (127.0.0.1): a scheduler executes what it is sent"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_versions(by_worker: Mapping[str, tuple[tuple[str, str], ...]]) -> None:
    """Refuse workers that would judge otherwise.

    Parameters
    ----------
    by_worker : worker -> its `versions`.

    Raises
    ------
    InputError : which worker, and what.
    """
    here = dict(versions())
    for worker, there in by_worker.items():
        told = [
            f"{name} {theirs} (here {here.get(name)})"
            for name, theirs in there
            if theirs != here.get(name)
        ]
        if told:
            raise InputError(
                f"worker {worker}: found {', '.join(told)}; allowed: the same versions"
                " on every machine"
            )


@contextmanager
def _client(terms: EngineTerms) -> Iterator[Client]:
    if terms.scheduler is not None:
        with _connected(terms.scheduler, _security(terms)) as client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=terms.workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=WORKER_BYTES,
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _security(terms: EngineTerms) -> Security | None:
    if not terms.authority:
        return None
    return Security(
        require_encryption=True,
        tls_ca_file=terms.authority,
        tls_client_cert=terms.certificate,
        tls_client_key=terms.key,
    )


def _connected(address: str, security: Security | None) -> Client:
    try:
        return Client(address, security=security, timeout="15s")
    except (OSError, TimeoutError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise ServiceError(f"scheduler {address}: out of reach: {why}") from error
