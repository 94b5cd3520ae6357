"""The last verdicts and gaps in the reader's language: `monitor.wording` tells."""

from dataclasses import replace

from monitor import model
from monitor.model import MechanismCheck
from monitor.service_verdicts import services_of
from monitor.web.answers import overview, sample_pages
from monitor.web.answers.facts import Facts
from monitor.web.answers.queries import GapsQuery, LanguageQuery, NoQuery
from monitor.web.answers.schemas import Gap, Gaps
from monitor.web.answers.verdict_answers import (
    Member,
    Services,
    ServiceVerdict,
    Told,
    ToldCheck,
    ToldFact,
    Verdicts,
)
from monitor.wording import Language, cards, language
from monitor.wording.check_words import (
    check_figure,
    check_outcome,
    check_sign,
    check_title,
)
from monitor.wording.error_rates import error_rates
from monitor.wording.part_words import part_title
from monitor.wording.rate_words import told_rates
from monitor.wording.reason_words import told_reasons
from monitor.wording.round_words import told_gap


def verdicts(facts: Facts, query: LanguageQuery) -> Verdicts:
    """The last analysis, and what it says in words."""
    if query.language is None:
        return overview.verdicts(facts, NoQuery())
    tongue = language(query.language)
    for stored in facts.analyses(1):
        analysis, answer = stored.read(), overview.verdicts_of(stored)
        told = [
            shown.model_copy(update={"told": told_of(verdict, tongue)})
            for shown, verdict in zip(answer.verdicts, analysis.verdicts, strict=True)
        ]
        lead = _lead(facts, analysis, tongue)
        return answer.model_copy(update={"verdicts": told, "lead": lead})
    none = overview.verdicts(facts, NoQuery())
    return none.model_copy(update={"lead": _lead(facts, None, tongue)})


def services(facts: Facts, query: LanguageQuery) -> Services:
    """The last analysis by service, and what it says in words."""
    tongue = None if query.language is None else language(query.language)
    for stored in facts.analyses(1):
        analysis = stored.read()
        return Services(
            computed_at_utc=stored.computed_at_utc,
            method_version=stored.method_version,
            since=analysis.since,
            until=analysis.until,
            timezone=analysis.timezone,
            services=[_service(s, tongue) for s in services_of(analysis.verdicts)],
            rates=[] if tongue is None else _rates(stored.method_version, tongue),
            lead=None if tongue is None else _lead(facts, analysis, tongue),
        )
    return Services(
        computed_at_utc=None,
        method_version=None,
        since=None,
        until=None,
        timezone=None,
        services=[],
        rates=[],
        lead=None if tongue is None else _lead(facts, None, tongue),
    )


def _service(service: model.ServiceVerdict, tongue: Language | None) -> ServiceVerdict:
    if tongue is None:
        return ServiceVerdict.of(service, None, [*map(Member.of, service.members)])
    members = [
        Member.of(
            host,
            heading=cards.heading(host, tongue),
            part_title=part_title(host.part, tongue),
        )
        for host in service.members
    ]
    told = told_of(replace(service.leading, reasons=service.reasons), tongue)
    return ServiceVerdict.of(service, told, members)


def _rates(method: str, tongue: Language) -> list[str]:
    return list(told_rates(method, error_rates(), tongue))


def _lead(facts: Facts, analysis: model.Analysis | None, tongue: Language) -> str:
    window, vantage = facts.config.window, facts.vantage(None)
    services = () if analysis is None else services_of(analysis.verdicts)
    return cards.lead(
        [service for service in services if service.vantage == vantage],
        since=None if analysis is None else analysis.since,
        until=None if analysis is None else analysis.until,
        window=(window.start, window.end),
        language=tongue,
    )


def gaps(facts: Facts, query: GapsQuery) -> Gaps:
    """Gaps and incomplete rounds, and their reasons in words."""
    answer = sample_pages.gaps(facts, query)
    if query.language is None:
        return answer
    tongue = language(query.language)
    return answer.model_copy(
        update={"gaps": [_told(gap, tongue) for gap in answer.gaps]}
    )


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
