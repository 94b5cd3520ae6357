"""The last verdicts and gaps in the reader's language: `monitor.wording` tells."""

from collections.abc import Sequence

from monitor import model
from monitor.model import MechanismCheck
from monitor.web.answers import overview, sample_pages
from monitor.web.answers.facts import Facts
from monitor.web.answers.schemas import (
    Gap,
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
from monitor.wording.check_words import (
    check_figure,
    check_outcome,
    check_sign,
    check_title,
)
from monitor.wording.reason_words import told_reasons
from monitor.wording.round_words import told_gap


def verdicts(facts: Facts, query: VerdictsQuery) -> Verdicts:
    """The last analysis, and what it says in words."""
    if query.language is None:
        return overview.verdicts(facts, NoQuery())
    tongue = language(query.language)
    for stored in facts.analyses(1):
        analysis, answer = stored.read(), overview.verdicts_of(stored)
        told = [
            one.model_copy(update={"told": told_of(verdict, tongue)})
            for one, verdict in zip(answer.verdicts, analysis.verdicts, strict=True)
        ]
        own = [v for v in analysis.verdicts if v.vantage == facts.vantage(None)]
        lead = _lead(facts, own, answer, tongue)
        return answer.model_copy(update={"verdicts": told, "lead": lead})
    none = overview.verdicts(facts, NoQuery())
    return none.model_copy(update={"lead": _lead(facts, [], none, tongue)})


def _lead(
    facts: Facts, own: Sequence[model.Verdict], answer: Verdicts, tongue: Language
) -> str:
    window = facts.config.window
    return cards.lead(
        own,
        since=answer.since,
        until=answer.until,
        window=(window.start, window.end),
        language=tongue,
    )


def gaps(facts: Facts, query: GapsQuery) -> Gaps:
    """Gaps and incomplete rounds, and their reasons in words."""
    found = sample_pages.gaps(facts, query)
    if query.language is None:
        return found
    tongue = language(query.language)
    return found.model_copy(update={"gaps": [_told(gap, tongue) for gap in found.gaps]})


def _told(gap: Gap, tongue: Language) -> Gap:
    told = None if gap.reason is None else told_gap(gap.reason, tongue)
    return gap.model_copy(update={"told": told})


def told_of(verdict: model.Verdict, tongue: Language) -> Told:
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
