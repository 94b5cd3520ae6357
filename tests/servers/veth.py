"""Two network namespaces and a cable: what a real interface received, to the byte.

`unshare -rn PYTHON -m tests.servers.veth CASE` measures in the outer namespace and
serves in the inner one; prints one JSON object with the bytes that the interface
received and those that were counted.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from monitor.clock import SystemClock
from monitor.model import Target
from monitor.probe import Prober, ProbeSettings
from monitor.probe.traffic import Traffic
from tests.servers import web
from tests.servers.tcp import Handler, serve

HOME, SERVER, PORT = "198.18.0.1", "198.18.0.2", 8080
BIG = bytes(3_000_000)
TAGS = "".join(f'<script src="/a{i}.js"></script><img src="/p{i}">' for i in range(8))
PAGE = web.whole(TAGS.encode() + bytes(150_000), headers={"Content-Type": "text/html"})
EXTENSIONS = web.head(200, {"Transfer-Encoding": "chunked"})
EXTENSION = b"1;x=" + b"e" * 8_000 + b"\r\na\r\n"


def site(*, knows_ranges: bool, refuses: bool) -> Handler:
    """A page with 16 files; perhaps without ranges, perhaps refusing transfers."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        request = await web.request_of(reader)
        is_size = "Range: bytes=0-0" in request
        answer = web.whole(BIG)
        if request.startswith("GET / "):
            answer = PAGE
        elif is_size and knows_ranges:
            answer = web.whole(b"x", 206, {"Content-Range": f"bytes 0-0/{len(BIG)}"})
        elif refuses and not is_size:
            answer = web.whole(b"<html>Attention required</html>", 403)
        writer.write(answer)
        await writer.drain()

    return handler


HANDLERS: dict[str, Handler] = {
    "ok": site(knows_ranges=True, refuses=False),
    "refuse": site(knows_ranges=True, refuses=True),
    "norange": site(knows_ranges=False, refuses=True),
    "extensions": web.floods(EXTENSIONS, EXTENSION * 100),
    "interim": web.floods(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    "page": web.says(PAGE),
}


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def received_bytes() -> int:
    return int(interfaces()["out"][0])


def interfaces() -> dict[str, list[str]]:
    """Counters by interface; /sys would tell of the namespace that mounted it."""
    lines = Path("/proc/self/net/dev").read_text().splitlines()[2:]
    return {
        name.strip(): row.split() for name, _, row in (x.partition(":") for x in lines)
    }


async def serve_case(case: str) -> None:
    """The server's side, once the cable is there."""
    ip("addr", "add", f"{SERVER}/24", "dev", "in")
    ip("link", "set", "in", "up")
    async with serve(HANDLERS[case], host=SERVER, port=PORT):
        print("ready", flush=True)
        await asyncio.Event().wait()


@contextlib.contextmanager
def other_side(case: str) -> Iterator[None]:
    """The other namespace with its server, at the other end of a cable."""
    inner = ["unshare", "-n", sys.executable, "-m", "tests.servers.veth", "-", case]
    process = subprocess.Popen(inner, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "apart\n"  # in a namespace of its own now
        cable = ("link", "add", "out", "type", "veth", "peer", "name", "in", "netns")
        ip(*cable, str(process.pid))
        ip("addr", "add", f"{HOME}/24", "dev", "out")
        ip("link", "set", "out", "up")
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.wait()


async def measured(case: str, n_probes: int) -> dict[str, object]:
    """What was received and what was counted, over some transfers or pages."""
    prober = Prober(ProbeSettings(stage_timeout_s=60.0), SystemClock())
    target = Target(name="site", url=f"http://{SERVER}:{PORT}/")
    kind = "https" if case in {"extensions", "interim", "page"} else "download"
    traffic, samples, before = Traffic(), [], received_bytes()
    for _ in range(n_probes):
        sample = await prober.measure(target, kind, traffic=traffic)
        samples.append(replace(sample, timeline=()))
    await asyncio.sleep(0.3)  # what is on its way
    return {
        "received": received_bytes() - before,
        "counted": traffic.received_bytes,
        "bodies": sum(s.encoded_body_bytes or 0 for s in samples),
        "outcomes": [s.failure or s.http_status for s in samples],
    }


def main() -> None:
    """One side or the other."""
    if sys.argv[1] == "-":
        print("apart", flush=True)
        while "in" not in interfaces():
            time.sleep(0.01)
        asyncio.run(serve_case(sys.argv[2]))
        return
    with other_side(sys.argv[1]):
        time.sleep(0.1)
        print(json.dumps(asyncio.run(measured(sys.argv[1], int(sys.argv[2])))))


if __name__ == "__main__":
    main()
