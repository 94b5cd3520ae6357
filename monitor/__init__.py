"""Measure, judge and prove recurring evening slowdowns."""

__version__ = "0.1.0"
