"""A report as a few lines for a terminal or a message."""

from monitor.wording import language
from monitor.report.content import NightReport
from monitor.report.sentences import sentence
from monitor.text import printable


def render_text(report: NightReport, language_code: str) -> str:
    """A heading and one sentence per service; nothing in it moves a cursor."""
    tongue = language(language_code)
    heading = tongue.gettext("Night report of %(date)s, %(vantage)s") % {
        "date": tongue.long_date(report.night),
        "vantage": report.vantage,
    }
    lines = [heading]
    if report.is_simulated:
        lines.append(tongue.gettext("SIMULATED DATA: nothing here was measured."))
    lines += [f"- {sentence(service, report, tongue)}" for service in report.services]
    return "\n".join(printable(line) for line in lines)
