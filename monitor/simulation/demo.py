"""The home of `monitor demo`: five weeks, two of four services slowed at night."""

from datetime import date

from monitor.simulation.conditions import Conditions, Imposed, Style
from monitor.simulation.families import Family
from monitor.simulation.home import Home, simulate

_DEMO = Family(
    name="demo",
    source="Kazakhstan 2018 as reported: slow after 8 p.m. for a couple of hours",
    conditions=Conditions(
        has_local_rows=True,
        imposed=Imposed(
            style=Style.POLICE,
            rate_bps=256e3,
            nights_share=0.85,
            targets=("facebook", "twitter"),
        ),
    ),
)


def demo_home(seed: int = 2018, *, start: date = date(2018, 3, 13)) -> Home:
    """Five weeks in which Facebook and Twitter are slow on most evenings.

    Every sample has the vantage `simulated`.
    """
    return simulate(_DEMO, seed=seed, days=35, start=start, noise="gaussian_ar")
