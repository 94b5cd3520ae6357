"""The judge: from samples to one verdict per vantage and target."""

from monitor.analysis.document import analysis, analysis_document, explain
from monitor.analysis.judge import (
    COLUMNS,
    METHOD_VERSION,
    Prepared,
    analyze,
    established,
    judge,
    prepare,
)

__all__ = [
    "COLUMNS",
    "METHOD_VERSION",
    "Prepared",
    "analysis",
    "analysis_document",
    "analyze",
    "established",
    "explain",
    "judge",
    "prepare",
]
