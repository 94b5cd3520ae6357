"""The container: built without a registry, started, and found well by its health check.

`make test-install`. The base is a Debian made of packages; buildah builds without a
daemon, and runs what it built in a chroot.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.install.debian_tree import make_tree, run
from tests.ports import free_port

pytestmark = pytest.mark.timeout(3600)

BASE = "localhost/monitor-base"
IMAGE = "localhost/monitor-tried"
PIP = (Path("/etc/pip.conf"), Path("/etc/ssl/certs"))
COMPOSE = Path("contrib/compose.yaml")


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A container of the image that contrib/Containerfile makes."""
    tree = tmp_path_factory.mktemp("base") / "tree.tar"
    make_tree(tree, "python3", "python3-venv")
    base = run("buildah", "from", "scratch").split()[-1]
    run("buildah", "add", base, tree, "/")
    run("buildah", "commit", "--rm", base, BASE)
    # Where this machine's pip has its packages, and whom it trusts, for the build.
    pip = [f"--volume={path}:{path}:ro" for path in PIP if path.exists()]
    command = ["buildah", "bud", "--isolation", "chroot", *pip, "--format", "docker"]
    named = ["--build-arg", f"BASE={BASE}", "-t", IMAGE, "-f", "contrib/Containerfile"]
    run(*command, *named, ".")
    made = run("buildah", "from", IMAGE).split()[-1]
    yield made
    run("buildah", "rm", made)
    run("buildah", "rmi", IMAGE, BASE)


def test_it_starts_and_is_found_well(container: str, tmp_path: Path) -> None:
    port = free_port()
    home = tmp_path / "config.yaml"
    shipped = Path("config.yaml").read_text()
    home.write_text(shipped.replace("port: 8420", f"port: {port}"))
    enter = ["buildah", "run", "--isolation", "chroot", "--user", "10001"]
    mounted = ["--volume", f"{home}:/etc/monitor/config.yaml:ro"]
    program = "/opt/monitor/bin/monitor --config /etc/monitor/config.yaml run --yes"
    daemon = subprocess.Popen(
        [*enter, *mounted, container, "--", *program.split()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_well(container, port, daemon)
    finally:
        daemon.terminate()
        daemon.wait(60)


def wait_until_well(container: str, port: int, daemon: subprocess.Popen) -> None:
    """Ask by the compose file's own health check until it says yes."""
    (service,) = YAML(typ="safe").load(COMPOSE.read_text())["services"].values()
    kind, *check = service["healthcheck"]["test"]
    assert kind == "CMD"
    check = [word.replace("8420", str(port)) for word in check]
    for _ in range(120):
        done = subprocess.run(
            ["buildah", "run", "--isolation", "chroot", container, "--", *check],
            check=False,
            capture_output=True,
        )
        if done.returncode == 0:
            return
        assert daemon.poll() is None, "the daemon ended"
        time.sleep(1)
    pytest.fail(done.stderr.decode())


def test_compose_knows_the_file() -> None:
    run("docker-compose", "-f", COMPOSE, "config", "-q")
