"""The judge: from samples to one verdict per vantage and target."""

from monitor.analysis.judge import (
    COLUMNS,
    METHOD_VERSION,
    Prepared,
    analyze,
    established,
    judge,
    prepare,
)
from monitor.analysis.owner import as_stated
from monitor.analysis.vantage_groups import analyze_each
from monitor.analysis.verdict_document import analysis, analysis_document, explain
from monitor.service_verdicts import services_of

__all__ = [
    "COLUMNS",
    "METHOD_VERSION",
    "Prepared",
    "analysis",
    "analysis_document",
    "analyze",
    "analyze_each",
    "as_stated",
    "established",
    "explain",
    "judge",
    "prepare",
    "services_of",
]
