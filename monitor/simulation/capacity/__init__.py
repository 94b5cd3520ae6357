"""Homes of a second physics: sites that differ, a line that is shared, a household.

The first simulator adds times: what a busy line does to one site it does to every site.
Here a transfer gets the least of what the site gives and what is left of the line,
objects have the sizes that real sites have, and somebody at home may be the cause. The
study judges both: a rate that holds in one world only is no rate.
"""

from monitor.simulation.capacity.causes import Acted
from monitor.simulation.capacity.household import CapacityHome, capacity_home
from monitor.simulation.capacity.kinds import KINDS, Group, HomeKind

__all__ = ["KINDS", "Acted", "CapacityHome", "Group", "HomeKind", "capacity_home"]
