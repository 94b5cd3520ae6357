"""A verdict on a card of the dashboard, and what stands above all cards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from monitor.model import ServiceVerdict, Verdict
from monitor.verdict_table import Lead, Tone, row_of
from monitor.wording import Language

_SMALLEST_P: Final = 0.001
_AS_FAST: Final = (0.8, 1.25)
"""Between these nobody says that a site is slower: "1 time slower" is no sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of a card."""

    term: str
    text: str


def heading(verdict: Verdict, language: Language) -> str:
    """The verdict as a heading; its own name where it is a newer program's."""
    t = language.gettext
    texts = {
        "targeted_throttling": t("Consistent with targeted throttling"),
        "targeted_blocking": t("Consistent with targeted blocking"),
        "selective_slowdown": t("Selective slowdown"),
        "sustained_slowdown": t("Sustained slowdown"),
        "resolver_blocking": t("No answer from the resolver"),
        "recurring_slowdown": t("Recurring slowdown"),
        "server_side": t("The service or its network"),
        "general_congestion": t("Busy hour for everything"),
        "own_line": t("Your own line"),
        "no_recurring_slowdown": t("No recurring slowdown"),
        "inconclusive": t("Neither shown nor excluded"),
        "insufficient_data": t("Too little data"),
    }
    return texts.get(verdict.verdict, verdict.verdict)


def short_sentence(verdict: Verdict, language: Language) -> str:
    """The verdict in one sentence, empty where it is a newer program's."""
    t = language.gettext
    texts = {
        "targeted_throttling": t(
            "%(name)s was slow on %(slow)s of %(usable)s evenings while the sites "
            "beside it were well, and how it slows down is consistent with "
            "interference."
        ),
        "targeted_blocking": t(
            "%(name)s did not answer on %(dead)s of %(usable)s evenings, mostly at the "
            "same stage, while the sites beside it were well; this is consistent with "
            "blocking."
        ),
        "selective_slowdown": t(
            "%(name)s was slower than the sites beside it on %(slow)s of %(usable)s "
            "evenings. Why is not established."
        ),
        "sustained_slowdown": t(
            "%(name)s has become slower than before at nearly all hours, the sites "
            "beside it have not. Why is not established."
        ),
        "resolver_blocking": t(
            "%(name)s did not answer on %(dead)s of %(usable)s evenings: the resolver "
            "of this home gave no answer for it, or a false one. Whether that is the "
            "home's own filter or the provider's is not shown."
        ),
        "recurring_slowdown": t(
            "%(name)s was slower in the evening on %(slow)s of %(usable)s evenings. "
            "Without live sites beside it nobody can say whether only it was."
        ),
        "server_side": t(
            "%(name)s gets slower in the evening, but the evidence points at the "
            "service, its network or the path to it."
        ),
        "general_congestion": t(
            "%(name)s slows down in the evening together with everything else: the "
            "busy hour."
        ),
        "own_line": t(
            "%(name)s slows down when this household's own line, router or traffic is "
            "the reason."
        ),
        "no_recurring_slowdown": t(
            "%(usable)s usable evenings show no slowdown of %(name)s that comes back. "
            "One larger than below would have been noticed."
        ),
        "inconclusive": t(
            "%(name)s: %(usable)s usable evenings neither show a slowdown nor exclude "
            "it."
        ),
        "insufficient_data": t(
            "%(name)s: %(usable)s usable evenings are too few, or the sites beside it "
            "are missing."
        ),
    }
    return texts.get(verdict.verdict, "") % {
        "name": verdict.target,
        "slow": language.number(verdict.evenings.slow),
        "dead": language.number(verdict.evenings.dead),
        "usable": language.number(verdict.evenings.usable),
    }


def facts(verdict: Verdict, language: Language) -> Iterator[Fact]:
    """The numbers of a card that are known."""
    t = language.gettext
    lines = (
        (t("Evenings"), _evenings(verdict, language)),
        (t("Slower"), _effect(verdict, language)),
        (t("Hours"), _hours(verdict, language)),
        (t("Since"), _since(verdict, language)),
        (t("How sure"), _sureness(verdict, language)),
    )
    return (Fact(term=term, text=text) for term, text in lines if text)


def _evenings(verdict: Verdict, language: Language) -> str:
    counts = verdict.evenings
    if not counts.usable:
        return ""
    row = row_of(verdict.verdict)
    if not row.is_suspect:
        message = language.ngettext(
            "%(n)s usable evening", "%(n)s usable evenings", counts.usable
        )
        return message % {"n": language.number(counts.usable)}
    # Dead evenings are among the slow ones.
    n_slow = counts.dead if row.is_about_dead else counts.slow
    message = language.ngettext(
        "%(slow)s of %(n)s usable evening",
        "%(slow)s of %(n)s usable evenings",
        counts.usable,
    )
    return message % {
        "slow": language.number(n_slow),
        "n": language.number(counts.usable),
    }


def _effect(verdict: Verdict, language: Language) -> str:
    ratio, (low, high) = verdict.effect.ratio, verdict.effect.ci95
    if not ratio:
        return ""
    if row_of(verdict.verdict).tone is Tone.FINE:
        values = {"times": language.times(high)} if high else {}
        return language.fill("at most %(times)s", values) if high else ""
    is_as_fast = _AS_FAST[0] <= ratio <= _AS_FAST[1]
    times = language.gettext("as fast") if is_as_fast else _slower(ratio, language)
    if not low or not high:
        return times
    return language.fill(
        "%(times)s (95 %%: %(low)s to %(high)s)",
        {
            "times": times,
            "low": language.number(low, 1),
            "high": language.number(high, 1),
        },
    )


def _slower(ratio: float, language: Language) -> str:
    """The times as they stand after "slower": some languages say "by"."""
    return language.pgettext("slower", "%(times)s") % {"times": language.times(ratio)}


def _hours(verdict: Verdict, language: Language) -> str:
    if verdict.found_window is None:
        return ""
    start, end = verdict.found_window
    return language.fill(
        "found from %(start)s to %(end)s", {"start": start, "end": end}
    )


def _since(verdict: Verdict, language: Language) -> str:
    if not verdict.onset_date:
        return ""
    begin = language.fill("since %(day)s", {"day": _day(verdict.onset_date, language)})
    if not verdict.offset_date:
        return begin
    end = language.fill("until %(day)s", {"day": _day(verdict.offset_date, language)})
    return f"{begin} {end}"


def _sureness(verdict: Verdict, language: Language) -> str:
    if verdict.strength == "strong":
        return language.gettext("strong evidence")
    if verdict.strength == "likely":
        return language.gettext("likely")
    if not row_of(verdict.verdict).is_suspect or verdict.p_value is None:
        return ""
    percent = f"{language.number(max(verdict.p_value, _SMALLEST_P) * 100, 1)} %"
    if verdict.p_value < _SMALLEST_P:
        percent = language.fill("less than %(percent)s", {"percent": percent})
    return language.fill("by chance alone: %(percent)s", {"percent": percent})


def lead(
    services: Sequence[ServiceVerdict],
    *,
    since: date | None,
    until: date | None,
    window: tuple[str, str],
    language: Language,
) -> str:
    """What stands above the cards: a sentence for each kind, never more than it."""
    t = language.gettext
    if not services:
        return language.fill(
            "Not judged yet. The first analysis comes after the first night; an answer "
            "needs several evenings (%(start)s–%(end)s) and the sites for comparison.",  # noqa: RUF001
            {"start": window[0], "end": window[1]},
        )
    kinds = (
        (
            Lead.SUSPECTED,
            t(
                "In the evenings these were slower than the rest of the day and the "
                "sites measured beside them: %(names)s."
            ),
        ),
        (
            Lead.BLOCKED,
            t(
                "In the evenings these did not answer while the sites beside them did: "
                "%(names)s."
            ),
        ),
        (
            Lead.SUSTAINED,
            t(
                "These have become slower at nearly all hours while the sites beside "
                "them have not: %(names)s."
            ),
        ),
        (
            Lead.RESOLVER,
            t(
                "The resolver of this home gave no answer, or a false one, for these "
                "while it served the sites beside them: %(names)s."
            ),
        ),
        (
            Lead.ALONE,
            t(
                "In the evenings these were slower than in the rest of the day, but "
                "there was no live site to compare with: %(names)s."
            ),
        ),
        (
            Lead.OTHER,
            t(
                "Slower in the evenings, but this looks like the line, the busy hour "
                "or the service itself: %(names)s."
            ),
        ),
    )
    names = [
        (message, [s.service for s in services if row_of(s.verdict).lead is kind])
        for kind, message in kinds
    ]
    said = [message % {"names": ", ".join(these)} for message, these in names if these]
    if not said:
        are_good = all(row_of(s.verdict).tone is Tone.FINE for s in services)
        good = t("No service shows a slowdown that comes back in the evenings.")
        said.append(good if are_good else t("Nothing is established so far."))
    return " ".join([*said, *_period(since, until, language)])


def _period(since: date | None, until: date | None, language: Language) -> list[str]:
    if since is None or until is None:
        return []
    values = {"since": language.day(since), "until": language.day(until)}
    return [language.fill("(%(since)s to %(until)s)", values)]


def _day(text: str, language: Language) -> str:
    return language.day(date.fromisoformat(text))
