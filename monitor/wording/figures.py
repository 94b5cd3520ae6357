"""The figures of a mechanism check in the reader's language.

The analysis writes them as short English sentences. Each is known here by its pattern;
one that is not known is shown as it was written.
"""

import re
from functools import lru_cache
from typing import Final

from monitor.wording import Language
from monitor.wording.metrics import metric_title
from monitor.wording.names import display_name

_TIMES: Final = r"x[\d.]+|not measured"
_SHARE: Final = r"-?\d+%"
_NUMBER: Final = r"-?[\d.]+(?:e[+-]?\d+)?"


def figures(detail: str, language: Language) -> str:
    """The detail of a check in a language."""
    for pattern, message in _known(language):
        found = pattern.fullmatch(detail)
        if found:
            cells = found.groupdict()
            return message % {n: _cell(n, text, language) for n, text in cells.items()}
    return detail


def is_known(detail: str, language: Language) -> bool:
    """Whether the detail of a check is known here."""
    return any(pattern.fullmatch(detail) for pattern, _ in _known(language))


def _cell(name: str, text: str, language: Language) -> str:
    if text == "not measured":
        return language.gettext("not measured")
    if name == "metric":
        return metric_title(text, language)
    if name == "names":
        return ", ".join(map(display_name, text.split(", ")))
    if re.fullmatch(r"x[\d.]+", text):
        return f"{language.number(float(text[1:]), 2)}\N{MULTIPLICATION SIGN}"
    if re.fullmatch(_SHARE, text):
        return language.percent(float(text[:-1]))
    if re.fullmatch(_NUMBER, text):
        return language.number(float(text), 3)
    return text


@lru_cache
def _known(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = (*_of_stages(language), *_of_transfers(language), *_of_others(language))
    return tuple((re.compile(pattern), message) for pattern, message in pairs)


def _of_stages(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            rf"connect (?P<connect>{_TIMES}), slowest later stage "
            rf"(?P<later>{_TIMES})",
            t(
                "connecting takes %(connect)s the usual time, the slowest step after "
                "it %(later)s"
            ),
        ),
        (
            rf"waiting (?P<waiting>{_TIMES}), handshake and transfer at most "
            rf"(?P<most>{_TIMES})",
            t(
                "waiting takes %(waiting)s the usual time, encryption and transfer "
                "at most %(most)s"
            ),
        ),
        (
            rf"(?P<metric>\w+) (?P<times>{_TIMES}) on slow evenings",
            t("%(metric)s: %(times)s the usual on slow evenings"),
        ),
        (
            rf"directly (?P<direct>{_TIMES}), by the other way (?P<other>{_TIMES})",
            t("directly %(direct)s the usual, by the other way %(other)s"),
        ),
        (
            rf"handshake (?P<times>{_TIMES}) under its own name, "
            r"(?P<n>\d+) evenings",
            t(
                "under its own name setting up encryption takes %(times)s as long; "
                "evenings: %(n)s"
            ),
        ),
        (
            rf"rank correlation (?P<rho>{_NUMBER}) with the controls' own rise",
            t(
                "moves with the slowness of the control sites: %(rho)s (1: always, 0: "
                "not at all, below 0: the opposite way)"
            ),
        ),
    )


def _of_transfers(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            rf"(?P<share>{_SHARE}) of the transfers within 20 % of (?P<rate>{_NUMBER}) "
            rf"Mbit/s, (?P<day>{_SHARE}) of the day's rate, "
            rf"spread (?P<spread>{_NUMBER})",
            t(
                "%(share)s of the transfers lie near %(rate)s Mbit/s, which is %(day)s "
                "of the rate by day; spread %(spread)s"
            ),
        ),
        (
            rf"(?P<n>\d+) transfers broke off, (?P<share>{_SHARE}) near "
            rf"(?P<size>{_NUMBER}) kB",
            t("transfers broken off: %(n)s, of them near %(size)s kB: %(share)s"),
        ),
        (
            rf"(?P<window>{_SHARE}) error statuses in the window, (?P<rest>{_SHARE}) "
            "in the rest of the day",
            t(
                "answers with an error: %(window)s in the evening, %(rest)s in the "
                "rest of the day"
            ),
        ),
    )


def _of_others(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    edge = (
        rf"(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d): just outside the window "
        rf"(?P<before>{_SHARE}) and (?P<after>{_SHARE}) of the level inside, just "
        rf"inside (?P<first>{_SHARE}) and (?P<last>{_SHARE})"
    )
    return (
        (
            edge,
            t(
                "%(start)s to %(end)s: just before and just after it %(before)s and "
                "%(after)s of the slowness inside, at its beginning and its end "
                "%(first)s and %(last)s"
            ),
        ),
        (
            r"(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d): rounds every (?P<n>\d+) min are "
            "too far apart to see edges",
            t("rounds every %(n)s min are too far apart to see how it begins and ends"),
        ),
        (
            "other targets are slow at other times",
            t("other services are slow at other times"),
        ),
        ("in step with (?P<names>.*)", t("on the same evenings as %(names)s")),
        (
            rf"(?P<share>{_SHARE}) of the evening's answers from addresses not used by "
            "day",
            t("%(share)s of the evening's answers come from addresses not used by day"),
        ),
        (
            rf"(?P<share>{_SHARE}) of the evening's certificates from an issuer not "
            "seen by day",
            t(
                "%(share)s of the evening's certificates are from an issuer not "
                "seen by day"
            ),
        ),
    )
