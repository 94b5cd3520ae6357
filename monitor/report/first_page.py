"""The first page of a report: what was measured, how sure it is, what else it may be.

A report comes in, sentences in a language go out; none is stronger than its verdict,
and every rate is one that was measured (`error_rates`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.analysis.owner import OWN_ROUTER
from monitor.analysis.rules import STRONG_CHECKS
from monitor.model import MechanismCheck, Verdict
from monitor.report.content import NightReport, Service
from monitor.verdict_table import MOST_ODDS, row_of
from monitor.wording import Language
from monitor.wording.check_words import check_figure
from monitor.wording.error_rates import error_rates
from monitor.wording.names import display_name
from monitor.wording.rate_words import told_rates
from monitor.wording.reason_words import told_reasons

_AT_THE_SERVICE: Final = ("server", "refusals")
_AT_ITS_NETWORK: Final = ("destination",)
_ROUTER: Final = ("own_router", "resolver")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who or what could do the same, and what the samples say of it."""

    who: str
    of: str
    """The services that it is about."""
    answer: str


@dataclass(frozen=True, slots=True)
class FirstPage:
    """What the first page says beside the findings."""

    measured: str
    rates: tuple[str, ...]
    explanations: tuple[Explanation, ...]
    limits: tuple[str, ...]
    circle: tuple[str, ...]


def first_page(report: NightReport, tongue: Language) -> FirstPage:
    """The sentences of the first page."""
    return FirstPage(
        measured=_measured(report, tongue),
        rates=tuple(told_rates(report.versions.method, error_rates(), tongue)),
        explanations=tuple(_explanations(report.services, tongue)),
        limits=tuple(_limits(tongue)),
        circle=tuple(_circle(report, tongue)),
    )


def _measured(report: NightReport, tongue: Language) -> str:
    if report.measured is None:
        return tongue.gettext("No service was measured.")
    return tongue.fill(
        "From %(first)s to %(last)s: %(attempts)s attempts at %(services)s services "
        "and %(controls)s control sites; in the evening (%(start)s to %(end)s) "
        "%(inside)s of them.",
        {
            "first": tongue.moment(report.measured.first),
            "last": tongue.moment(report.measured.last),
            "attempts": tongue.number(report.measured.attempts),
            "inside": tongue.number(report.measured.in_window),
            "services": tongue.number(len(report.services)),
            "controls": tongue.number(len(report.controls)),
            "start": report.window[0],
            "end": report.window[1],
        },
    )


def _circle(report: NightReport, tongue: Language) -> Iterator[str]:
    for count in report.circle:
        yield tongue.fill(
            "%(name)s: slow on %(slow)s of %(lines)s lines of friends that could judge "
            "it.",
            {
                "name": display_name(count.service),
                "slow": tongue.number(count.n_slow),
                "lines": tongue.number(count.n_judged),
            },
        )


def _limits(tongue: Language) -> Iterator[str]:
    t = tongue.gettext
    yield t(
        "One line sees one line: this says nothing about other homes or other "
        "providers."
    )
    yield t(
        "The samples show that and how a service is slow, never who ordered it. "
        '"Consistent with" is the most that this report says about a cause.'
    )
    yield t(
        "What happens inside a service's own network looks the same as what happens on "
        "the way to it, unless a check above tells them apart."
    )
    yield t(
        "This is not a measurement by a regulator's certified tool; it can stand "
        "beside one."
    )


def how_sure(verdict: Verdict, tongue: Language) -> str:
    """How sure a verdict is, in words: strong, likely, or neither; with its odds."""
    told = [_degree(verdict, tongue)]
    if row_of(verdict.verdict).is_suspect and verdict.e_value is not None:
        odds = {"odds": tongue.amount(min(verdict.e_value, MOST_ODDS))}
        told.append(tongue.fill("Odds against pure chance: %(odds)s to 1.", odds))
    return " ".join(told)


def _degree(verdict: Verdict, tongue: Language) -> str:
    t = tongue.gettext
    if verdict.strength == "strong":
        return t(
            "Strong: not chance, and at least one sign is there that neither the "
            "service, its network nor the line can make."
        )
    if verdict.strength == "likely":
        return t(
            "Likely: not chance, and the signs are consistent with interference; none "
            "of them rules out every other cause."
        )
    row = row_of(verdict.verdict)
    if row.is_suspect:
        return t("Beyond chance; the cause is not established.")
    if row.name == "server_side":
        return t(
            "That it was slow is established; that somebody slowed it is not shown."
        )
    if row.name == "no_recurring_slowdown":
        return _excluded(verdict, tongue)
    if row.name in ("general_congestion", "own_line"):
        return t("A slowdown of this service alone is not shown.")
    return t("Nothing is concluded: neither shown nor excluded.")


def _excluded(verdict: Verdict, tongue: Language) -> str:
    bound = verdict.effect.ci95[1]
    if not bound:
        return tongue.gettext("No slowdown is shown that comes back.")
    return tongue.fill(
        "Excluded is a slowdown to more than %(bound)s times the usual, evening after "
        "evening; a smaller or a rarer one is not.",
        {"bound": tongue.number(bound, 2)},
    )


def _explanations(
    services: Iterable[Service], tongue: Language
) -> Iterator[Explanation]:
    """Every explanation once for the services of which the same is to be said."""
    suspects = [
        service.hosts[0].verdict
        for service in services
        if row_of(service.verdict.verdict).is_suspect
    ]
    names: dict[tuple[str, str], list[str]] = {}
    for verdict in suspects:
        for told in _told(verdict, tongue):
            names.setdefault(told, []).append(display_name(verdict.service))
    whos = list(dict.fromkeys(who for who, _ in names))
    for (who, answer), of in sorted(
        names.items(), key=lambda told: whos.index(told[0][0])
    ):
        is_of_all = len(of) == len(suspects)
        yield Explanation(who, "" if is_of_all else ", ".join(of), answer)


def _told(verdict: Verdict, tongue: Language) -> Iterator[tuple[str, str]]:
    t = tongue.gettext
    yield t("The service itself"), _of_service(verdict, _AT_THE_SERVICE, tongue)
    yield t("Its network (CDN)"), _of_service(verdict, _AT_ITS_NETWORK, tongue)
    yield t("The household's router or filter"), _of_router(verdict, tongue)
    yield t("The whole line, the busy hour"), _of_line(verdict, tongue)


def _of_service(verdict: Verdict, checks: Sequence[str], tongue: Language) -> str:
    made = {check.check: check for check in verdict.mechanism if check.is_made}
    against = [made[name] for name in STRONG_CHECKS if name in made]
    against = [check for check in against if check.score > 0]
    if against:
        return tongue.fill(
            "Does not explain this: %(figures)s.",
            {"figures": _figures(against, tongue)},
        )
    towards = [made[name] for name in checks if name in made and made[name].score < 0]
    if towards:
        return tongue.fill(
            "A sign points there: %(figures)s.", {"figures": _figures(towards, tongue)}
        )
    return tongue.gettext("Not ruled out by these measurements.")


def _figures(checks: Iterable[MechanismCheck], tongue: Language) -> str:
    return "; ".join(check_figure(check, tongue) for check in checks)


def _of_router(verdict: Verdict, tongue: Language) -> str:
    reasons = [reason for reason in verdict.reasons if reason.rule in _ROUTER]
    of_router = [r for r in reasons if r.rule == OWN_ROUTER] or reasons
    told = " ".join(told_reasons(of_router, tongue))
    return told or tongue.gettext("Not ruled out by these measurements.")


def _of_line(verdict: Verdict, tongue: Language) -> str:
    n = 0 if verdict.details is None else verdict.details.controls_live
    if not n:
        return tongue.gettext(
            "Not ruled out: there was no control site to compare with."
        )
    return tongue.ngettext(
        "Ruled out: %(n)s control site in the same minutes was not slow.",
        "Ruled out: %(n)s control sites in the same minutes were not slow.",
        n,
    ) % {"n": tongue.number(n)}
