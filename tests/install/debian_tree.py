"""A clean Debian as a tree of files, and commands in it."""

import os
import subprocess
from pathlib import Path

SUITE = "bookworm"
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


def run(*command: str | Path, allowed: tuple[int, ...] = (0,), **more: str) -> str:
    """What a command says; its failure shows all of it."""
    done = subprocess.run(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, **more},
    )
    assert done.returncode in allowed, f"{command}: {done.stdout}"
    return done.stdout


def make_tree(target: Path, *packages: str) -> None:
    """Debian's smallest system and some packages, as a folder or a `.tar`.

    From where this machine's apt has its packages.
    """
    included = ",".join(("ca-certificates", *packages))
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={included}"]
    sources = [SOURCES] if SOURCES.exists() else []
    run(*command, SUITE, target, *sources)


def inside(tree: Path, *command: str, allowed: tuple[int, ...] = (0,)) -> str:
    """What a command says in a tree, in namespaces of its own."""
    apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={tree}")
    shell = 'mount -t proc proc /proc && exec "$@"'
    return run(
        *(*apart, "/usr/bin/env", "-i", PATH, "LC_ALL=C.UTF-8"),
        *("/bin/sh", "-c", shell, "sh", *command),
        allowed=allowed,
    )
