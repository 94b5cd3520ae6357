"""Ports of the loopback that nobody else takes meanwhile.

What the kernel gives to a listener on port 0 it may give again as soon as it is free,
to another worker of these tests or to a connection. So a port that has to be free for
a while is none of those, and every worker has its own.
"""

import os
import re
import socket
from itertools import cycle

_FIRST, _PER_WORKER, _WORKERS = 10_000, 1_250, 16


def _ports_of_this_worker() -> list[int]:
    """The worker's ports, from one that depends on the process: two runs may be on."""
    number = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0"
    first = _FIRST + int(number) % _WORKERS * _PER_WORKER
    begin = os.getpid() * 37 % _PER_WORKER
    return [first + (begin + n) % _PER_WORKER for n in range(_PER_WORKER)]


_candidates = cycle(_ports_of_this_worker())


def free_port(host: str = "127.0.0.1") -> int:
    """A port where nobody listens, now and until its turn comes again."""
    return next(port for port in _candidates if _is_free(host, port))


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As a server does it: connections of the last one may still be ending.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
