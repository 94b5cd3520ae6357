"""Probes: one attempt on the net each, every step timed, every outcome a sample.

`Prober.measure(target, probe)` -> lookup, connect, TLS, request, body -> `Sample`.
"""

from monitor.probe.prober import Prober
from monitor.probe.settings import ProbeSettings, probes_of

__all__ = ["ProbeSettings", "Prober", "probes_of"]
