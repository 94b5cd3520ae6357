"""Samples to local evenings: the numbers per evening that the analysis judges.

Frame in, arrays out. Nothing here decides what a number means.
"""

from monitor.series.evenings import EveningTable, evening_table
from monitor.series.grid import Grid, grids
from monitor.series.local import Window, parse_window

__all__ = [
    "EveningTable",
    "Grid",
    "Window",
    "evening_table",
    "grids",
    "parse_window",
]
