"""Samples in files that other programs read and write: CSV, NDJSON, Parquet."""

from monitor.interchange.batch_frames import read_batches, read_frame, samples_from
from monitor.interchange.file_columns import COLUMNS, NAMES, Column
from monitor.interchange.limits import within_limits
from monitor.interchange.writing import write_samples, write_text

__all__ = [
    "COLUMNS",
    "NAMES",
    "Column",
    "read_batches",
    "read_frame",
    "samples_from",
    "within_limits",
    "write_samples",
    "write_text",
]
