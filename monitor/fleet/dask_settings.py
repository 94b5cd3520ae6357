"""Dask, set right: what `dask_engine` runs with, and every machine of a cluster should.

Without them a run takes a third more: the nanny freezes glibc's threshold for mmap, and
workers profile themselves a hundred times a second (dask/distributed 3898, 5000, 2156).
Without routes there is no page with logs and call stacks for anybody who asks.
"""

from collections.abc import Mapping
from typing import Final

from monitor.fleet.engines import MOST_ATTEMPTS
from monitor.untyped import Theirs

SETTINGS: Final[Mapping[str, Theirs]] = {
    "distributed.nanny.pre-spawn-environ": {
        "MALLOC_TRIM_THRESHOLD_": 268_435_456,
        "MALLOC_MMAP_THRESHOLD_": 33_554_432,
        "OMP_NUM_THREADS": 1,
        "MKL_NUM_THREADS": 1,
        "OPENBLAS_NUM_THREADS": 1,
    },
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.allowed-failures": MOST_ATTEMPTS - 1,
    "distributed.comm.timeouts.connect": "10s",
    # Nothing of a run is told to anybody.
    "distributed.diagnostics.nvml": False,
}
"""What `monitor fleet dask-config` prints, for every machine of a cluster."""


def document() -> dict[str, Theirs]:
    """The settings as a file of Dask's has them."""
    tree: dict[str, Theirs] = {}
    for path, value in SETTINGS.items():
        *folders, last = path.split(".")
        branch = tree
        for name in folders:
            branch = branch.setdefault(name, {})
        branch[last] = value
    return tree
