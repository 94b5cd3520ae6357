"""Evidence that a doubter can check: a chain of day digests, bundles, verification.

`write_bundle` packs rows, verdicts, configuration and report; `verify_bundle` checks
such a file on any machine, without the database.
"""

from monitor.evidence.bundle import BundleInfo, names_at, write_bundle
from monitor.evidence.redact import Level
from monitor.evidence.verify import Finding, Verification, verify_bundle
from monitor.model import DayDigest

__all__ = [
    "BundleInfo",
    "DayDigest",
    "Finding",
    "Level",
    "Verification",
    "names_at",
    "verify_bundle",
    "write_bundle",
]
