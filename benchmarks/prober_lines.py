"""A prober that reads jobs as JSON lines and writes samples as JSON lines.

First line: settings. Then ``{"url": ..., "probe": ...}`` per probe.
"""

import asyncio
import dataclasses
import json
import sys
import time

from monitor.clock import SystemClock
from monitor.model import Target
from monitor.probe import Prober, ProbeSettings


async def main() -> None:
    settings = json.loads(sys.stdin.readline())
    prober = Prober(ProbeSettings(**settings), SystemClock())
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        job = json.loads(line)
        target = Target(name="site", url=job["url"], download_url=job["url"])
        before_s = cpu_s()
        sample = await prober.measure(target, job["probe"])
        figures = dataclasses.asdict(sample) | {"cpu_s": cpu_s() - before_s}
        print(json.dumps(figures, default=str), flush=True)


def cpu_s() -> float:
    """CPU time of this process so far [s]."""
    return time.process_time()


asyncio.run(main())
