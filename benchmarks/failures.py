"""Every kind of failure of the lab, and what a sample says of it.

`sudo LAB=... python -m benchmarks.failures` writes the table of docs/failures.md (the
part between the marks) and fails if a stage or name is not the expected one. About
three minutes.
"""

from dataclasses import dataclass

from benchmarks.lab import home, labctl, throttled
from benchmarks.page import write_table
from benchmarks.process import ROOT, Figures

TWITTER = "https://twitter.com/1k.bin"
OBJECT = "https://twitter.com/500k.bin"
PAGE = ROOT / "docs" / "failures.md"


@dataclass(frozen=True)
class Case:
    """One throttler and what a sample must say of it."""

    throttler: tuple[str, ...]
    stage: str = "none"
    failure: str = "none"
    url: str = TWITTER
    probe: str = "https"

    @property
    def name(self) -> str:
        """The throttler as in the table."""
        return " ".join(self.throttler[1:]) or "nothing"


def on_twitter(words: str, stage: str = "none", failure: str = "none") -> Case:
    return Case(("twitter.com", *words.split()), stage, failure)


def on_object(words: str, stage: str = "none", failure: str = "none") -> Case:
    throttler = ("twitter.com", *words.split())
    return Case(throttler, stage, failure, OBJECT, "download")


TIMEOUT = "generic_timeout_error"
CASES = [
    Case(()),
    on_twitter("dns nxdomain", "resolve", "dns_nxdomain_error"),
    on_twitter("dns wrongip", "resolve", "dns_bogon_error"),
    on_twitter("dns timeout", "resolve", TIMEOUT),
    on_twitter("dns servfail", "resolve", "dns_servfail_error"),
    on_twitter("dns refused", "resolve", "dns_refused_error"),
    on_twitter("dns empty", "resolve", "dns_no_answer"),
    on_twitter("dns slow"),
    on_twitter("blackhole syn", "connect", TIMEOUT),
    on_twitter("blackhole all", "connect", TIMEOUT),
    on_twitter("blackhole icmp", "connect", "host_unreachable"),
    on_twitter("blackhole rst", "connect", "connection_refused"),
    on_twitter("rst syn", "connect", "connection_refused"),
    on_twitter("rst clienthello", "tls_handshake", "connection_reset"),
    on_twitter("chdrop", "tls_handshake", TIMEOUT),
    on_twitter("mitm rogue", "tls_handshake", "ssl_unknown_authority"),
    on_twitter("mitm state"),
    on_twitter("blockpage mitm", "tls_handshake", "ssl_unknown_authority"),
    on_twitter("blockpage trusted status=403"),
    on_twitter("blockpage plain", "tls_handshake", "ssl_failed_handshake"),
    on_twitter("blockpage rst", "connect", "connection_refused"),
    Case(("twitter.com", "blockpage", "none"), url="http://twitter.com/"),
    on_object("stall 16k", "read", TIMEOUT),
    on_object("stall 64k by=sni", "read", TIMEOUT),
    on_object("police 150kbit"),
    on_object("shape 150kbit"),
    on_object("sni-police 140kbit"),
    on_object("sni-shape 140kbit"),
    on_object("loss 5"),
    on_object("delay 200"),
    on_object("server 503"),
    on_object("server rate=1mbit"),
    Case(("line", "congestion", "8", "down=10mbit"), url=OBJECT, probe="download"),
]


def measured(case: Case) -> Figures:
    with throttled(*case.throttler), home() as prober:
        return prober.measure(case.url, case.probe)


def evidence(sample: Figures) -> str:
    """What else the sample tells, shortly."""
    told = []
    if sample["failure"] == "dns_bogon_error":
        told.append(f"answer {', '.join(sample['dns_answers'])}")
    if sample["certificate_issuer"]:
        told.append(f"issuer {sample['certificate_issuer'].rpartition('O=')[2]}")
    if sample["http_status"]:
        told.append(f"status {sample['http_status']}")
    if sample["probe"] == "download":
        told.append(f"{sample['encoded_body_bytes'] or 0} bytes")
    if sample["goodput_bps"]:
        told.append(f"{sample['goodput_bps'] / 1000:.0f} kbit/s")
    return ", ".join([*told, f"after {sample['duration_s']:.2f} s"])


def row(case: Case, sample: Figures) -> str:
    stage, failure = sample["failed_operation"] or "none", sample["failure"] or "none"
    is_right = (stage, failure) == (case.stage, case.failure)
    wanted = "" if is_right else f" **(expected {case.stage}, {case.failure})**"
    return (
        f"| {case.name} | {case.probe} | {stage} | {failure}{wanted} "
        f"| {evidence(sample)} |"
    )


def main() -> None:
    labctl("up")
    labctl("clear")
    table = [
        "| lab's throttler | probe | `failed_operation` | `failure` | else |",
        "|---|---|---|---|---|",
    ]
    for case in CASES:
        table.append(row(case, measured(case)))
        print(table[-1], flush=True)
    write_table(PAGE, "failures", table)
    if any("**" in line for line in table):
        raise SystemExit("not every kind has its stage and name")


if __name__ == "__main__":
    main()
