"""The last verdicts, gaps and rounds in the language of who reads them."""

from monitor.model import Analysis, MechanismCheck
from monitor.model import Verdict as Judged
from monitor.web import overview, samples
from monitor.web.facts import Facts
from monitor.web.schemas import (
    Gaps,
    GapsQuery,
    NoQuery,
    Told,
    ToldCheck,
    ToldFact,
    Verdicts,
    VerdictsQuery,
)
from monitor.wording import Language, cards, language
from monitor.wording.checks import (
    check_figure,
    check_outcome,
    check_sign,
    check_title,
)
from monitor.wording.reasons import told_reasons
from monitor.wording.rounds import told_gap


def verdicts(facts: Facts, query: VerdictsQuery) -> Verdicts:
    """The last analysis, and what it says in words."""
    if query.language is None:
        return overview.verdicts(facts, NoQuery())
    tongue = language(query.language)
    for stored in facts.reader.analyses(1):
        analysis = stored.read()
        plain = overview.verdicts_of(stored, analysis)
        told = [
            answer.model_copy(update={"told": told_of(judged, tongue)})
            for answer, judged in zip(plain.verdicts, analysis.verdicts, strict=True)
        ]
        lead = _lead(facts, analysis, tongue)
        return plain.model_copy(update={"verdicts": told, "lead": lead})
    nothing = overview.verdicts(facts, NoQuery())
    return nothing.model_copy(update={"lead": _lead(facts, None, tongue)})


def _lead(facts: Facts, analysis: Analysis | None, tongue: Language) -> str:
    """What stands above all cards."""
    vantage, window = facts.vantage(None), facts.config.window
    judged = () if analysis is None else analysis.verdicts
    return cards.lead(
        [verdict for verdict in judged if verdict.vantage == vantage],
        since=None if analysis is None else analysis.since,
        until=None if analysis is None else analysis.until,
        window=(window.start, window.end),
        language=tongue,
    )


def gaps(facts: Facts, query: GapsQuery) -> Gaps:
    """Gaps and incomplete rounds, and their reasons in words."""
    found = samples.gaps(facts, query)
    if query.language is None:
        return found
    tongue = language(query.language)
    told = [
        gap.model_copy(update={"told": told_gap(gap.reason, tongue)})
        if gap.reason
        else gap
        for gap in found.gaps
    ]
    return found.model_copy(update={"gaps": told})


def told_of(verdict: Judged, tongue: Language) -> Told:
    """One verdict in words."""
    return Told(
        heading=cards.heading(verdict, tongue),
        sentence=cards.short_sentence(verdict, tongue),
        facts=[
            ToldFact(term=fact.term, text=fact.text)
            for fact in cards.facts(verdict, tongue)
        ],
        reasons=list(told_reasons(verdict.reasons, tongue)),
        checks=[_told_check(check, tongue) for check in verdict.mechanism],
    )


def _told_check(check: MechanismCheck, tongue: Language) -> ToldCheck:
    return ToldCheck(
        check=check.check,
        title=check_title(check, tongue),
        sign=check_sign(check),
        outcome=check_outcome(check, tongue),
        detail=check_figure(check, tongue),
    )
