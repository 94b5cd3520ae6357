"""Many homes, one judgement: the lake of their rows, and what only a fleet can say.

Nothing of the measuring process comes here, and nothing here is loaded unless a `fleet`
command or a notebook asks for it. See docs/fleet.md.
"""

from monitor.fleet.fleet_night import FleetRun, analyze

__all__ = ["FleetRun", "analyze"]
