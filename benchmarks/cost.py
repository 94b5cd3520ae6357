"""CPU per probe, and the line rate up to which one core measures faithfully.

`python -m benchmarks.cost` fills the two cost tables of docs/accuracy.md. Loopback, no
root: clients on core 1, servers on core 0. The tools take turns; medians of rounds of
CPU seconds, which other load on the machine changes least. No name lookup is in it.
"""

import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import trustme

from benchmarks.page import write_table
from benchmarks.process import ROOT, ProberProcess, prober_process

PAGE = ROOT / "docs" / "accuracy.md"
CLIENT = ("taskset", "-c", "1")
SERVER = ("taskset", "-c", "0")
N_ROUNDS, N_PROBES = 7, 30
SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
RATES_BPS = (100e6, 300e6, 1e9, 2.5e9, 0)
MODULE = """modules:
  page:
    prober: http
    http: {preferred_ip_protocol: ip4, enable_http2: false, tls_config: {ca_file: %s}}
"""


def certificates(folder: Path) -> tuple[Path, Path]:
    """The server's certificate, and all system authorities with its own."""
    authority = trustme.CA()
    server, trusted = folder / "server.pem", folder / "trusted.pem"
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(server))
    trusted.write_bytes(SYSTEM_AUTHORITIES.read_bytes() + authority.cert_pem.bytes())
    return server, trusted


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A server process meanwhile."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


class Exporter:
    """A blackbox_exporter process, asked over HTTP."""

    PORT = 19115

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._pid = process.pid
        self._wait()

    def _wait(self) -> None:
        for _ in range(100):
            try:
                self._get("/")
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit("blackbox_exporter does not start")

    def _get(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.PORT, timeout=30)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def cpu_s(self) -> float:
        """CPU of the exporter so far."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def probes_cpu_s(self, url: str) -> float:
        """CPU of `N_PROBES` probes."""
        before_s = self.cpu_s()
        for _ in range(N_PROBES):
            told = self._get(f"/probe?module=page&target={url}")
            if "probe_success 1" not in told:
                raise SystemExit(told)
        return self.cpu_s() - before_s


def ours_cpu_s(prober: ProberProcess, url: str) -> float:
    samples = [prober.measure(url) for _ in range(N_PROBES)]
    if any(sample["failure"] for sample in samples):
        raise SystemExit(samples[0]["failure"])
    return sum(sample["cpu_s"] for sample in samples)


def curl_cpu_s(url: str) -> float:
    return sum(curl(url)["cpu_s"] for _ in range(N_PROBES))


def curl(url: str) -> dict[str, float]:
    """CPU and goodput of one curl process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            *(*CLIENT, "curl", "-sS", "--http1.1", "-o", "/dev/null"),
            *("--cacert", os.environ["SSL_CERT_FILE"], "-w", "%{json}", url),
        ],
        capture_output=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(done.stdout)
    spent_s = told["time_total"] - told["time_starttransfer"]
    return {
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "goodput_bps": 8 * told["size_download"] / spent_s,
    }


def probe_table(url: str, prober: ProberProcess, exporter: Exporter) -> list[str]:
    ours_cpu_s(prober, url)  # the first one loads the trust store and pages in the code
    tools: dict[str, Callable[[], float]] = {
        "ours, in the daemon": lambda: ours_cpu_s(prober, url),
        "blackbox_exporter": lambda: exporter.probes_cpu_s(url),
        "curl process": lambda: curl_cpu_s(url),
    }
    rounds = [{name: run() for name, run in tools.items()} for _ in range(N_ROUNDS)]
    cost_s = {n: statistics.median(r[n] for r in rounds) / N_PROBES for n in tools}
    ours = cost_s["ours, in the daemon"]
    return [
        "| tool | CPU per probe [ms] | to ours |",
        "|---|---|---|",
        *(f"| {n} | {1000 * c:.2f} | {c / ours:.1f} |" for n, c in cost_s.items()),
    ]


def rate_row(base: str, prober: ProberProcess, rate_bps: float) -> str:
    """Both tools at one pace: goodput over pace, and CPU for a gigabyte."""
    n_bytes = int(min(max(rate_bps, 10e9) / 8 * 0.4, rate_bps / 8 * 2 or 1e9))
    url = f"{base}/{int(rate_bps)}/{n_bytes}"
    runs = [(prober.measure(url, "download"), curl(url)) for _ in range(5)]
    ours, curls = zip(*runs, strict=True)
    our_bps = statistics.median(run["goodput_bps"] for run in ours)
    curl_bps = statistics.median(run["goodput_bps"] for run in curls)
    our_cpu_s = statistics.median(run["cpu_s"] for run in ours) / n_bytes * 1e9
    curl_cpu_s = statistics.median(run["cpu_s"] for run in curls) / n_bytes * 1e9
    pace = f"{rate_bps / 1e6:.0f} Mbit/s" if rate_bps else "none"
    return (
        f"| {pace} | {our_bps / 1e6:.0f} | {curl_bps / 1e6:.0f} "
        f"| {our_bps / curl_bps:.3f} | {our_cpu_s:.2f} | {curl_cpu_s:.2f} "
        f"| {our_cpu_s * our_bps / 8e9:.0%} |"
    )


def rate_table(base: str, prober: ProberProcess) -> list[str]:
    return [
        "| pace of the sender | ours [Mbit/s] | curl [Mbit/s] | ours / curl "
        "| ours, CPU s/GB | curl, CPU s/GB | our share of a core |",
        "|---|---|---|---|---|---|---|",
        *(rate_row(base, prober, rate_bps) for rate_bps in RATES_BPS),
    ]


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server, trusted = certificates(folder)
        os.environ["SSL_CERT_FILE"] = str(trusted)
        (folder / "modules.yml").write_text(MODULE % trusted)
        paced = (sys.executable, "-m", "benchmarks.paced_server", str(server))
        port = port_of(stack.enter_context(running(*SERVER, *paced)))
        exporter = stack.enter_context(
            running(
                *(*CLIENT, "prometheus-blackbox-exporter"),
                f"--config.file={folder / 'modules.yml'}",
                f"--web.listen-address=127.0.0.1:{Exporter.PORT}",
            )
        )
        prober = stack.enter_context(
            prober_process(*CLIENT, download_max_bytes=1 << 40, download_max_s=60.0)
        )
        base = f"https://127.0.0.1:{port}"
        tables = {
            "probe cost": probe_table(f"{base}/0/1000", prober, Exporter(exporter)),
            "line rate": rate_table(base, prober),
        }
    for name, table in tables.items():
        print("\n".join(table), flush=True)
        write_table(PAGE, name, table)


if __name__ == "__main__":
    main()
