"""The analysis' reasons in the reader's language.

The analysis writes English sentences with numbers in them. Each is known here by its
pattern and told anew; one that is not known is shown as it was written, so that a newer
analysis is never silenced.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from monitor.wording import Language

_ASIDE: Final = "Set aside: "
_N: Final = r"\d+"
_X: Final = r"[\d.]+"
_SENTENCE_END: Final = re.compile(r"(?<=\.) (?=[A-Z])")
_TOLD_BY_THE_REPORT: Final = re.compile(
    r"It (began on|ended after) [\d-]+\.|The samples show the slowness from .*"
)
"""What the evidence lines of the report say already, with dates written out."""


def translated(reason: str, language: Language) -> str:
    """A reason in a language, sentence by sentence; empty when told already."""
    parts = (_sentence(part, language) for part in _sentences(reason))
    return " ".join(part for part in parts if part)


def is_known(reason: str, language: Language) -> bool:
    """Whether every sentence of a reason is known here."""
    return all(
        _TOLD_BY_THE_REPORT.fullmatch(part) or _found(part, language) is not None
        for part in _sentences(reason)
    )


def _sentences(reason: str) -> Iterator[str]:
    for text in _SENTENCE_END.split(reason):
        if not text.startswith(_ASIDE):
            yield text
            continue
        for part in text.removeprefix(_ASIDE).removesuffix(".").split("; "):
            yield f"{_ASIDE}{part}."


def _sentence(text: str, language: Language) -> str:
    if _TOLD_BY_THE_REPORT.fullmatch(text):
        return ""
    found = _found(text, language)
    return text if found is None else found


def _found(text: str, language: Language) -> str | None:
    for pattern, message in _known(language):
        match = pattern.fullmatch(text)
        if match:
            cells = match.groupdict()
            told = {n: _cell(n, text, language) for n, text in cells.items()}
            return message % told
    return None


def _cell(name: str, text: str, language: Language) -> str:
    if name == "share":
        return language.percent(float(text))
    is_decimal = re.fullmatch(r"\d+\.\d+", text)
    return language.number(float(text), 2) if is_decimal else text


@lru_cache
def _known(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = (
        *_of_slowness(language),
        *_of_other_causes(language),
        *_of_quiet(language),
        *_of_controls(language),
        *_of_what_was_set_aside(language),
    )
    return tuple((re.compile(pattern), message) for pattern, message in pairs)


def _of_slowness(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            rf"Slower than (?P<n>{_N}) controls on (?P<slow>{_N}) of (?P<all>{_N}) "
            "evenings, and .* point to interference on the way.",
            t(
                "Slower than the %(n)s control sites on %(slow)s of %(all)s evenings; "
                "the checks marked + are consistent with interference on the way."
            ),
        ),
        (
            rf"Slower than the controls on (?P<slow>{_N}) of (?P<all>{_N}) evenings; "
            "the cause is open.",
            t(
                "Slower than the control sites on %(slow)s of %(all)s evenings; the "
                "cause is open."
            ),
        ),
        (
            rf"Slower in the window than in the rest of the day on (?P<slow>{_N}) of "
            rf"(?P<all>{_N}) evenings; no control site was measured.*",
            t(
                "Slower in the evening than in the rest of the day on %(slow)s of "
                "%(all)s evenings, without a control site to compare with."
            ),
        ),
        (
            rf"No answer in the window on (?P<dead>{_N}) of (?P<all>{_N}) evenings "
            rf"while the controls were well; (?P<share>{_N})% of the failures at the "
            "stage (?P<stage>.*).",
            t(
                "No answer on %(dead)s of %(all)s evenings while the control sites "
                "were well; %(share)s of the failures were at one stage: %(stage)s."
            ),
        ),
        (
            rf"On slow evenings it typically takes (?P<times>{_X}) times as long.",
            t("On the slow evenings it typically takes %(times)s times as long."),
        ),
        (
            r"Slow evenings keep to (?P<days>.*).",
            t("Slow evenings keep to certain days of the week: %(days)s."),
        ),
    )


def _of_other_causes(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            rf"Slower than the controls on (?P<slow>{_N}) of (?P<all>{_N}) evenings, "
            "but .* point to the service or the path to it.",
            t(
                "Slower than the control sites on %(slow)s of %(all)s evenings; the "
                "checks marked \N{MINUS SIGN} speak for the service or the path to it."
            ),
        ),
        (
            rf"On (?P<n>{_N}) evenings the household itself used much of its line, and "
            rf"the site was slow then; (?P<all>{_N}) evenings without that show no "
            "slowness of this site beyond the controls.",
            t(
                "On %(n)s evenings the household itself used much of its line and the "
                "site was slow then; the other %(all)s evenings show nothing of the "
                "kind."
            ),
        ),
        (
            "The round trip to the home's own gateway is "
            rf"(?P<times>{_X}) times longer in the window.",
            t(
                "The way to the home's own router takes %(times)s times longer in the "
                "evening."
            ),
        ),
        (
            "Controls are slow in the window too.",
            t("The control sites are slow in the evening too."),
        ),
        (
            rf"Controls are slow in the window too: they take (?P<times>{_X}) times as "
            "long as in the rest of the day.",
            t(
                "The control sites are slow in the evening too: they take %(times)s "
                "times as long as in the rest of the day."
            ),
        ),
        (
            rf"Beyond them this site is at most (?P<times>{_X}) times slower.",
            t("Beyond them this site is at most %(times)s times slower."),
        ),
        (
            "This site is slower than they are, but .*",
            t(
                "This site is slower than they are, but in the shape of the common "
                "busy hour: it may only feel that more."
            ),
        ),
        (
            "It is slower than the controls in the window, but that comes .*",
            t(
                "It is slower than the control sites in the evening, but that comes "
                "and goes gently, not as if it were switched on and off: it may be a "
                "busy hour of its own."
            ),
        ),
        (
            "It is slower than the controls only because .*",
            t(
                "It is slower than the control sites only because they are quicker in "
                "the evening than by day; it is not slower than in the rest of its own "
                "day."
            ),
        ),
    )


def _of_quiet(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            rf"(?P<all>{_N}) evenings: typically (?P<times>{_X}) times as slow as the "
            rf"rest of the day, at most (?P<most>{_X}) times; slow evenings: "
            rf"(?P<slow>{_N}).",
            t(
                "%(all)s evenings: typically %(times)s times as slow as the rest of "
                "the day, at most %(most)s times; slow evenings: %(slow)s."
            ),
        ),
        (
            rf"(?P<all>{_N}) evenings neither show nor exclude a recurring slowdown; "
            rf"it could be up to (?P<most>{_X}) times.",
            t("A recurring slowdown of up to %(most)s times is still possible."),
        ),
        (
            rf"{_N} evenings neither show nor exclude a recurring slowdown; it "
            "could be up to any factor.",
            t("A recurring slowdown of any size is still possible."),
        ),
        (
            "Not established, but worth a look with another window: from "
            rf"(?P<start>\d\d:\d\d) to (?P<end>\d\d:\d\d) it typically takes "
            rf"(?P<times>{_X}) times as long.",
            t(
                "Not established, but worth a look with another window: from %(start)s "
                "to %(end)s it typically takes %(times)s times as long."
            ),
        ),
        (
            rf"Usable evenings: (?P<n>{_N}); at least (?P<needed>{_N}) are needed.",
            t("Usable evenings: %(n)s; at least %(needed)s are needed."),
        ),
    )


def _of_controls(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            r"Left out of the controls, being slow or dead themselves: (?P<names>.*).",
            t(
                "Left out of the control sites, being slow or dead themselves: "
                "%(names)s."
            ),
        ),
        ("There is no live control.", t("There is no working control site.")),
        (
            rf"Only (?P<n>{_N}) live control\(s\); to name interference at least "
            rf"(?P<needed>{_N}) are needed.",
            t(
                "Working control sites: %(n)s; to name interference at least "
                "%(needed)s are needed."
            ),
        ),
        (
            "It does not answer in the rest of the day either; .*",
            t(
                "It does not answer in the rest of the day either; from one line, a "
                "service that is down for everybody looks the same."
            ),
        ),
    )


def _of_what_was_set_aside(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            rf"Set aside: (?P<n>{_N}) rounds in outages.",
            t("Set aside: rounds in outages of the line: %(n)s."),
        ),
        (
            rf"Set aside: (?P<n>{_N}) evenings under the household's own load.",
            t("Set aside: evenings under the household's own traffic: %(n)s."),
        ),
        (
            rf"Set aside: (?P<n>{_N}) samples of rounds in which this machine or its "
            "line was at fault.",
            t(
                "Set aside: samples of rounds in which this machine or its line was at "
                "fault: %(n)s."
            ),
        ),
        (
            rf"Set aside: (?P<n>{_N}) impossible values.",
            t("Set aside: values that no measurement can give: %(n)s."),
        ),
        (
            "The installed time-zone data do not know the change of .*",
            t("The installed time-zone data are too old; local times were corrected."),
        ),
        ("Please update the tzdata package.", t("Please update the tzdata package.")),
    )
