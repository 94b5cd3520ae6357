"""The last verdicts, gaps and rounds in the reader's language: `monitor.wording` tells.

What is stored may be older or newer than this program. Reasons from before they were
stored as such are English sentences, and shown as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from monitor import model
from monitor.model import MechanismCheck
from monitor.reason import Reason
from monitor.web import overview, samples
from monitor.web.facts import Facts
from monitor.web.schemas import (
    Gaps,
    GapsQuery,
    NoQuery,
    Told,
    ToldCheck,
    ToldFact,
    Verdict,
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

_SENTENCE: Final = "{sentence}"


def verdicts(facts: Facts, query: VerdictsQuery) -> Verdicts:
    """The last analysis, and what it says in words."""
    found = overview.verdicts(facts, NoQuery())
    if query.language is None:
        return found
    tongue = language(query.language)
    vantage, window = facts.vantage(None), facts.config.window
    lead = cards.lead(
        [_judged(one) for one in found.verdicts if one.vantage == vantage],
        since=found.since,
        until=found.until,
        window=(window.start, window.end),
        language=tongue,
    )
    told = [
        one.model_copy(update={"told": told_of(one, tongue)}) for one in found.verdicts
    ]
    return found.model_copy(update={"verdicts": told, "lead": lead})


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


def told_of(stored: Verdict, tongue: Language) -> Told:
    """One verdict in words."""
    verdict = _judged(stored)
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


def _judged(stored: Verdict) -> model.Verdict:
    """A stored verdict as the record it was; what is not there was not measured."""
    more: Mapping[str, Any] = stored.model_extra or {}
    counts, effect = more.get("evenings") or {}, more.get("effect") or {}
    window, (low, high) = more.get("found_window"), effect.get("ci95") or (None, None)
    return model.Verdict(
        vantage=stored.vantage,
        target=stored.target,
        verdict=stored.verdict,
        strength=stored.strength,
        evenings=model.Evenings(
            observed=counts.get("observed", 0),
            usable=counts.get("usable", 0),
            slow=counts.get("slow", 0),
            dead=counts.get("dead", 0),
        ),
        effect=model.Effect(
            metric=effect.get("metric", ""),
            ratio=effect.get("ratio"),
            ci95=(low, high),
        ),
        p_value=more.get("p_value"),
        e_value=more.get("e_value"),
        found_window=None if window is None else (window["start"], window["end"]),
        onset_date=more.get("onset_date"),
        offset_date=more.get("offset_date"),
        mechanism=tuple(map(_check, more.get("mechanism") or ())),
        reasons=tuple(_reasons(more.get("reason_records"), stored.reasons)),
    )


def _reasons(records: object, sentences: Sequence[str]) -> Iterator[Reason]:
    try:
        yield from [Reason.from_dict(one) for one in _records(records)]
    except ValueError:
        for n, sentence in enumerate(sentences):
            yield _as_it_is(f"sentence_{n}", sentence)


def _records(records: object) -> list[Any]:
    if not isinstance(records, list):
        raise ValueError("stored before reasons were")  # noqa: TRY004 - not a bug
    return records


def _check(stored: Mapping[str, Any]) -> MechanismCheck:
    detail = str(stored.get("detail", ""))
    try:
        figure = Reason.from_dict(stored.get("detail_record"))
    except ValueError:
        figure = _as_it_is("", detail)
    return MechanismCheck(
        check=str(stored.get("check", "")),
        score=int(stored.get("score", 0)),
        detail=figure,
        is_made=bool(stored.get("is_made", not detail.startswith("unknown"))),
    )


def _as_it_is(rule: str, sentence: str) -> Reason:
    return Reason(rule, _SENTENCE, {"sentence": sentence})
