"""How pairs of transfers are read, by the daemon and by the judge alike."""

from typing import Final

LEAST_BPS: Final = 1000.0
"""Rate of a leg of which nothing arrived: slower than any limit on record."""
RESIDUE: Final = 1.5
"""So much slower after the name than before it, in the median: a residue."""
RESIDUE_BLOCKS: Final = 6
"""Blocks of which that is the median; of fewer nothing is told."""
