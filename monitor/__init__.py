"""Measure, judge and prove recurring evening slowdowns. Importing this imports nothing."""

__version__ = "0.1.0"
