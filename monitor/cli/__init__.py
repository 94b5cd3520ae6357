"""The command line: parses and prints, decides nothing.

Each command lives in a module of its own that is imported only when it is called, so
that `monitor --help` answers at once.
"""

from monitor.cli.root import cli

__all__ = ["cli"]
