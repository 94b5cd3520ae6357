"""The last verdicts with their reasons and checks in the reader's language.

The same words as the night report's: both ask `monitor.wording`.
"""

from collections.abc import Mapping
from typing import Any

from monitor.wording import Language, language
from monitor.wording.checks import check_outcome, check_sign, check_title, is_made
from monitor.wording.figures import figures
from monitor.wording.reasons import translated
from monitor.model import MechanismCheck
from monitor.web import overview
from monitor.web.facts import Facts
from monitor.web.schemas import (
    NoQuery,
    Told,
    ToldCheck,
    Verdict,
    Verdicts,
    VerdictsQuery,
)


def verdicts(facts: Facts, query: VerdictsQuery) -> Verdicts:
    """The last analysis, and what it says in words."""
    found = overview.verdicts(facts, NoQuery())
    if query.language is None:
        return found
    tongue = language(query.language)
    told = [
        one.model_copy(update={"told": told_of(one, tongue)}) for one in found.verdicts
    ]
    return found.model_copy(update={"verdicts": told})


def told_of(verdict: Verdict, tongue: Language) -> Told:
    """Reasons and checks of one verdict."""
    checks = (verdict.model_extra or {}).get("mechanism") or []
    reasons = (translated(reason, tongue) for reason in verdict.reasons)
    return Told(
        reasons=[reason for reason in reasons if reason],
        checks=[_told_check(check, tongue) for check in checks],
    )


def _told_check(stored: Mapping[str, Any], tongue: Language) -> ToldCheck:
    check = MechanismCheck(
        check=str(stored.get("check", "")),
        score=int(stored.get("score", 0)),
        detail=str(stored.get("detail", "")),
    )
    return ToldCheck(
        check=check.check,
        title=check_title(check, tongue),
        sign=check_sign(check),
        outcome=check_outcome(check, tongue),
        detail=figures(check.detail, tongue) if is_made(check) else "",
    )
