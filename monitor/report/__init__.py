"""The nightly report: verdicts and samples in; HTML, PDF, CSV, JSON and text out.

Nothing here opens a database, reads a clock or writes a file.
"""

from monitor.report.assembly import Beside, night_report, public_copy
from monitor.report.brief import render_text, told_service
from monitor.report.content import (
    Chain,
    CircleCount,
    Gap,
    Host,
    NightReport,
    Scope,
    Service,
    Spoiled,
    Versions,
)
from monitor.report.custody_page import render_custody
from monitor.report.data_files import render_csv, render_json
from monitor.report.html import render_html
from monitor.report.letter import Addressee, render_letter
from monitor.report.pdf import PdfUnavailableError, render_pdf
from monitor.report.shipped_pages import shipped_pages

__all__ = [
    "Addressee",
    "Beside",
    "Chain",
    "CircleCount",
    "Gap",
    "Host",
    "NightReport",
    "PdfUnavailableError",
    "Scope",
    "Service",
    "Spoiled",
    "Versions",
    "night_report",
    "public_copy",
    "render_csv",
    "render_custody",
    "render_html",
    "render_json",
    "render_letter",
    "render_pdf",
    "render_text",
    "shipped_pages",
    "told_service",
]
