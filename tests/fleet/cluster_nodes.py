"""Two nodes behind TLS, one of them killed in the middle: `make test-cluster`."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from monitor import fleet
from monitor.cli import cli
from monitor.errors import ServiceError
from tests.fleet.homes import folder_of
from tests.fleet.test_analyze import Here
from tests.ports import free_port
from tests.waiting import eventually

NOW = datetime(2026, 11, 1, tzinfo=UTC)
N_HOMES = 24


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = [f"h{n}" for n in range(N_HOMES)]
    return folder_of(tmp_path_factory.mktemp("homes"), dict.fromkeys(names, "slow_2x"))


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    names = ("ca.pem", "cert.pem", "key.pem")
    authority_path, certificate, key = (str(folder / name) for name in names)
    return authority_path, certificate, key


@contextmanager
def program(settings: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, with all that it starts: a node."""
    with (settings.parent / "nodes.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            start_new_session=True,
            env={**os.environ, "DASK_CONFIG": str(settings)},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        kill(process)


def kill(node: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(node.pid, signal.SIGKILL)
    node.wait()


@contextmanager
def cluster(pem: tuple[str, str, str], folder: Path) -> Iterator[tuple[str, list]]:
    """A scheduler and two nodes; its address and the nodes."""
    port, settings = free_port(), folder / "dask.yaml"
    shown = CliRunner().invoke(cli, ["fleet", "dask-config"])
    settings.write_text(shown.stdout)
    tls = ["--tls-ca-file", pem[0], "--tls-cert", pem[1], "--tls-key", pem[2]]
    address = f"tls://127.0.0.1:{port}"
    with ExitStack() as stack:
        scheduler = ["distributed.cli.dask_scheduler", "--protocol", "tls", *tls]
        place = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        stack.enter_context(program(settings, *scheduler, *place))
        worker = ["distributed.cli.dask_worker", address, *tls, "--nthreads", "1"]
        room = ["--no-dashboard", "--local-directory", str(folder), "--nanny"]
        nodes = [
            stack.enter_context(program(settings, *worker, *room)) for _ in range(2)
        ]
        yield address, nodes


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_a_node_that_dies_loses_nothing(
    homes: Path, pem: tuple[str, str, str], tmp_path: Path, share: float
) -> None:
    expected = fleet.analyze(str(homes), engine=Here(), now_utc=NOW)
    out = tmp_path / "out"
    with cluster(pem, tmp_path) as (address, nodes):
        killer = threading.Thread(target=kill_after, args=(out, share, nodes[0]))
        killer.start()
        run = fleet.analyze(
            str(homes),
            engine="dask",
            scheduler=address,
            tls=pem,
            out=str(out),
            now_utc=NOW,
        )
        killer.join()
        assert nodes[0].returncode == -signal.SIGKILL
    assert run.failed == []
    assert run.document["n_homes"] == N_HOMES
    assert run.document["verdicts_sha256"] == expected.document["verdicts_sha256"]
    vantages = [verdict["vantage"] for verdict in run.verdicts]
    assert len(set(vantages)) == N_HOMES
    assert len(vantages) == len(expected.verdicts)


def kill_after(out: Path, share: float, node: subprocess.Popen[bytes]) -> None:
    """Kill a node, workers and all, once a share of the buckets has an outcome."""
    n_jobs = 20
    eventually(lambda: len(list(out.glob("runs/*/*.json"))) >= share * n_jobs)
    kill(node)


def test_a_scheduler_out_of_reach_is_told(
    homes: Path, pem: tuple[str, str, str], tmp_path: Path
) -> None:
    address, out = f"tls://127.0.0.1:{free_port()}", tmp_path / "out"
    with pytest.raises(ServiceError, match="out of reach"):
        fleet.analyze(
            str(homes), engine="dask", scheduler=address, tls=pem, out=str(out)
        )
    assert not out.exists()
