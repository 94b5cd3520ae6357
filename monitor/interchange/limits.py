"""Samples that came another way than in a file of ours, held to the same limits.

What passes can be stored, exported and imported again.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from monitor.interchange.cell_checks import RawBatch, typed
from monitor.interchange.file_columns import NAMES
from monitor.interchange.writing import cells
from monitor.model import Sample

_AT_ONCE: Final = 1000


def within_limits(source: str, samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples, each as soon as it and its next neighbours are checked.

    Parameters
    ----------
    source : where they came from, for messages.

    Raises
    ------
    InputError : a value that cannot be; its row is the sample's number, from 1.
    """
    remaining = iter(samples)
    n_before = 0
    while batch := list(islice(remaining, _AT_ONCE)):
        rows = [cells(sample) for sample in batch]
        columns = {name: [row[name] for row in rows] for name in NAMES}
        typed(RawBatch(source, n_before + 1, len(batch), columns))
        yield from batch
        n_before += len(batch)
