"""The program's version, asked once."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("monitor")
