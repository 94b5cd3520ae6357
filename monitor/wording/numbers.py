"""The numbers behind a verdict, one sentence each."""

from datetime import date

from monitor.model import Verdict
from monitor.wording import Language
from monitor.wording.metric_words import metric_title
from monitor.wording.reason_words import told_reasons


def evidence_lines(verdict: Verdict, language: Language) -> tuple[str, ...]:
    """What was counted and measured, then the analysis' own reasons."""
    lines = (
        _counts(verdict, language),
        _size(verdict, language),
        _statistics(verdict, language),
        _window(verdict, language),
        _season(verdict, language),
        *told_reasons(verdict.reasons, language),
    )
    return tuple(line for line in lines if line)


def _counts(verdict: Verdict, language: Language) -> str:
    evenings = verdict.evenings
    return language.gettext(
        "Evenings observed: %(observed)s; of use: %(usable)s; slow: %(slow)s; without "
        "answer: %(dead)s."
    ) % {
        "observed": language.number(evenings.observed),
        "usable": language.number(evenings.usable),
        "slow": language.number(evenings.slow),
        "dead": language.number(evenings.dead),
    }


def _size(verdict: Verdict, language: Language) -> str:
    effect = verdict.effect
    low, high = effect.ci95
    if effect.ratio is None or low is None or high is None:
        return ""
    return language.gettext(
        "%(what)s: %(ratio)s times as slow as in the rest of the day, beyond what the "
        "control sites did (1 is equally slow; 95%% interval %(low)s to %(high)s)."
    ) % {
        "what": _capitalised(metric_title(effect.metric, language)),
        "ratio": language.number(effect.ratio, 2),
        "low": language.number(low, 2),
        "high": language.number(high, 2),
    }


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _statistics(verdict: Verdict, language: Language) -> str:
    if verdict.e_value is None:
        return ""
    return language.gettext(
        "Odds against pure chance (e-value): %(e)s. It may be looked at every night; "
        "small values say nothing."
    ) % {"e": language.amount(verdict.e_value)}


def _window(verdict: Verdict, language: Language) -> str:
    if verdict.found_window is None:
        return ""
    start, end = verdict.found_window
    return language.gettext(
        "The measurements themselves show it from %(start)s to %(end)s."
    ) % {"start": start, "end": end}


def _season(verdict: Verdict, language: Language) -> str:
    parts = []
    if verdict.onset_date:
        message = language.gettext("It began on %(day)s.")
        parts.append(message % {"day": _day(verdict.onset_date, language)})
    if verdict.offset_date:
        message = language.gettext("It ended after %(day)s.")
        parts.append(message % {"day": _day(verdict.offset_date, language)})
    return " ".join(parts)


def _day(text: str, language: Language) -> str:
    return language.long_date(date.fromisoformat(text))
