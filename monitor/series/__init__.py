"""Samples to local evenings: the numbers per evening that the analysis judges.

Frame in, arrays out. Nothing here decides what a number means. What needs pandas is
loaded when it is asked for: questions about evenings need only the local clock.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.series.evening_table import EveningTable
    from monitor.series.grid import Grid, grids

__all__ = [
    "EveningTable",
    "Grid",
    "grids",
]

_WITH_PANDAS = {
    "EveningTable": "evening_table",
    "Grid": "grid",
    "grids": "grid",
}


def __getattr__(name: str) -> object:
    if name not in _WITH_PANDAS:
        raise AttributeError(f"monitor.series has no {name!r}")
    return getattr(import_module(f"monitor.series.{_WITH_PANDAS[name]}"), name)
