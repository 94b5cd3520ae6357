"""A report as a few lines for a terminal or a message."""

from monitor.report.content import NightReport, Service
from monitor.text import printable
from monitor.wording import Language, language, sentences


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


def sentence(service: Service, report: NightReport, tongue: Language) -> str:
    """What happened to a service over the period, in one sentence or two."""
    details = service.verdict.details
    setting = sentences.Setting(
        window=report.window,
        n_controls=len(report.controls) if details is None else details.controls_live,
        last_evening=service.evenings[-1] if service.evenings else None,
    )
    return sentences.sentence(service.verdict, setting, tongue)
