"""A report as a few lines for a terminal or a message."""

from monitor.report.content import LastNight, NightReport, Service
from monitor.text import printable
from monitor.wording import Language, language, sentences
from monitor.wording.sofar import LastEvening


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
    verdict, last = service.verdict, service.last_night
    setting = sentences.Setting(
        window=report.window,
        n_controls=int(verdict.details.get("controls_live", len(report.controls))),
        last_evening=LastEvening(
            failed=last.failed,
            made=last.made,
            ratio=_ratio(last, is_rate=service.metric.endswith("_bps")),
        ),
    )
    return sentences.sentence(verdict, setting, tongue)


def _ratio(last: LastNight, *, is_rate: bool) -> float | None:
    if not last.in_window or not last.in_rest:
        return None
    ratio = last.in_window / last.in_rest
    return 1 / ratio if is_rate else ratio
