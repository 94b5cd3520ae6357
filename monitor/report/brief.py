"""A report as a few lines for a terminal or a message."""

from monitor.report.content import Host, NightReport, Service
from monitor.service_verdicts import OF_SERVICE
from monitor.text import printable
from monitor.wording import Language, language, sentences
from monitor.wording.reason_words import told_reasons


def render_text(report: NightReport, language_code: str) -> str:
    """A heading and a sentence per service; nothing in it moves a cursor."""
    tongue = language(language_code)
    heading = tongue.gettext("Night report of %(date)s, %(vantage)s") % {
        "date": tongue.long_date(report.night),
        "vantage": report.vantage,
    }
    lines = [heading]
    if report.is_simulated:
        lines.append(tongue.gettext("SIMULATED DATA: nothing here was measured."))
    lines += [
        f"- {told_service(service, report, tongue)}" for service in report.services
    ]
    return "\n".join(printable(line) for line in lines)


def told_service(service: Service, report: NightReport, tongue: Language) -> str:
    """What happened to a service, and at which of its hosts where it has several."""
    which = (r for r in service.verdict.reasons if r.rule == OF_SERVICE)
    first = sentence(service.hosts[0], report, tongue)
    return " ".join([first, *told_reasons(which, tongue)])


def sentence(host: Host, report: NightReport, tongue: Language) -> str:
    """What happened to a host over the period, in one sentence or two."""
    details = host.verdict.details
    setting = sentences.Setting(
        window=report.window,
        n_controls=len(report.controls) if details is None else details.controls_live,
        last_evening=host.evenings[-1] if host.evenings else None,
    )
    return sentences.sentence(host.verdict, setting, tongue)
