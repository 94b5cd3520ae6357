"""What is said of each verdict, figure and check is what somebody read: kept as text.

After a change that is meant, `python -m tests.wording.test_reference_words` writes the
texts anew; read what changed before it is committed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from monitor.evening_rule import EveningState
from monitor.model import Effect, EveningMark, Evenings, MechanismCheck, Verdict
from monitor.reason import Reason
from monitor.verdict_table import VERDICTS, gravity, row_of
from monitor.wording import Language, language
from monitor.wording.cards import facts, heading, lead, short_sentence
from monitor.wording.check_words import (
    check_figure,
    check_outcome,
    check_sign,
    check_title,
)
from monitor.wording.error_rates import ErrorRate, ErrorRates
from monitor.wording.home_words import stated_title
from monitor.wording.metric_words import metric_title, metric_value, stage_title
from monitor.wording.numbers import evidence_lines
from monitor.wording.part_words import part_title
from monitor.wording.rate_words import told_rates
from monitor.wording.reason_words import told, told_reasons
from monitor.wording.sentences import Setting, sentence, title
from tests.wording.test_sentences import DETAILS, FOUND, SETTING

FOLDER: Final = Path(__file__).parent / "reference"
DEAD_DETAILS: Final = replace(DETAILS, is_mostly_dead=True)
CHANGES: Final[dict[str, dict[str, object]]] = {
    "as it is": {},
    "strong": {"strength": "strong"},
    "mostly dead": {"details": DEAD_DETAILS},
    "of one evening": {
        "evenings": Evenings(observed=1, usable=1, slow=1, dead=1),
        "details": None,
    },
    "without a slow one": {"evenings": Evenings(observed=9, usable=8, slow=0, dead=0)},
    "without a size": {
        "evenings": Evenings(observed=9, usable=8, slow=0, dead=0),
        "effect": Effect(metric="connect_s", ratio=None, ci95=(0.98, None)),
    },
    "by name": {"rule": "by_name"},
    "dead by name": {"rule": "dead_by_name"},
}
CHECKS: Final = """
stage plateau cut_off edges synchrony round_trip load_response destination certificate
server refusals bypass name_swap name_away transport residue twin sender_loss
fingerprint
"""
STRANGE: Final = "of a newer program"


def changed(verdict: str, changes: dict[str, object]) -> Verdict:
    """A verdict of this name; its rule is that of its first reason."""
    rest = {name: value for name, value in changes.items() if name != "rule"}
    rule = changes.get("rule")
    reasons = (Reason(str(rule), "x"),) if rule else ()
    return replace(FOUND, verdict=verdict, reasons=reasons, **rest)


def sentences(tongue: Language) -> Iterator[str]:
    """Every verdict in every setting, in the words of a report."""
    for name, (what, changes) in product((*VERDICTS, STRANGE), CHANGES.items()):
        verdict = changed(name, changes)
        yield f"{name}, {what}: {sentence(verdict, SETTING, tongue)}"
    for state, ratio in product(EveningState, (3.2, None)):
        last = EveningMark(day=date(2026, 3, 1), state=state, ratio=ratio)
        setting = Setting(window=("20:00", "22:00"), n_controls=1, last_evening=last)
        for reasons in ((), (Reason("few_evenings", "x", {"needed": 7}),)):
            first = replace(FOUND, verdict="insufficient_data", reasons=reasons)
            told_first = sentence(first, setting, tongue)
            yield f"{state} {ratio} {len(reasons)}: {told_first}"


def cards(tongue: Language) -> Iterator[str]:
    """The same on the cards of the dashboard, and what stands in a table of them."""
    for name in (*VERDICTS, STRANGE):
        verdict = changed(name, {"onset_date": "2026-03-01"})
        row = row_of(name)
        yield f"{name}: {title(verdict, tongue)}; {heading(verdict, tongue)}"
        yield f"  {gravity(name)} {row.tone.sign} {row.is_suspect} {row.is_about_dead}"
        yield f"  {row.is_established} {row.is_accusing} {row.episode} {row.lead}"
        yield f"  {short_sentence(verdict, tongue)}"
        yield from (f"  {fact.term}: {fact.text}" for fact in facts(verdict, tongue))
    terms = {"since": None, "until": None, "window": ("20:00", "22:00")}
    yield lead([], **terms, language=tongue)


def figures(tongue: Language) -> Iterator[str]:
    """The numbers behind verdicts, the checks, metrics, stages and rates."""
    verdict = changed("selective_slowdown", {"offset_date": "2026-03-20"})
    yield from evidence_lines(verdict, tongue)
    for name in (*CHECKS.split(), STRANGE):
        check = MechanismCheck(check=name, score=0, detail=Reason(name, "x"))
        yield f"{name}: {check_title(check, tongue)}"
    for score, is_made in product((-2, -1, 0, 1, 2), (True, False)):
        check = MechanismCheck(
            check="stage", score=score, detail=Reason("x", "{n}", {"n": 1.23456}),
            is_made=is_made,
        )  # fmt: skip
        outcome, figure = check_outcome(check, tongue), check_figure(check, tongue)
        yield f"{score} {is_made}: {check_sign(check)} {outcome} {figure}"
    for metric in ("goodput_bps", "connect_s", "duration_s", STRANGE):
        values = (0.00012345, 0.1, 0.99, 1.0, 12.345, 100.0, 123456789.0, None)
        told_values = [metric_value(value, metric, tongue) for value in values]
        yield f"{metric_title(metric, tongue)}: {', '.join(told_values)}"
    for stage in ("resolve", "connect", "tls_handshake", "read", "unknown", STRANGE):
        yield stage_title(stage, tongue)
    yield from (stated_title(key, tongue) for key in ("provider", "line", STRANGE))
    yield from (part_title(part, tongue) for part in ("page", "media", STRANGE))
    names = ("false_accusation", "false_accusation_of_capacity", "strong_by_service")
    rates = {
        name: ErrorRate(
            errors=n,
            cases=1234 + n,
            percent=0.125 * n,
            low_percent=0.011,
            high_percent=n / 7,
        )
        for n, name in enumerate((*names, "strong_by_router", "false_all_clear"), 1)
    }
    measured = ErrorRates(method_version="5.5", homes=1200, evenings=90, rates=rates)
    for method in ("5.5", "5.4"):
        yield from told_rates(method, measured, tongue)


def reasons(tongue: Language) -> Iterator[str]:
    """Values of every kind, in the rule's own English and as a catalogue has them."""
    inner = Reason("b", "There is no live control.")
    kinds: dict[str, object] = {
        "factor": 1.23456, "names": ("facebook", "vk"), "checks": ("stage", "twin"),
        "weekdays": (0, 6), "date": "2026-03-01", "stage": "read",
        "metric": "connect_s", "reasons": (inner, inner), "parts": (inner, inner),
        ".1%": 0.1234, ".2f": 1.23456, "": 1234.56789, "day|days": 2,
    }  # fmt: skip
    for kind, value in kinds.items():
        for given in (value, None):
            place = f"{{v:{kind}}}" if kind else "{v}"
            reason = Reason("r", place, {"v": given})
            english = "" if "|" in kind else str(reason)
            yield f"{kind}: {english} = {told(reason, Everything(tongue))}"
    yield told(Reason("r", "{v:date}", {"v": "no date"}), Everything(tongue))
    several = [inner, replace(inner, rule="season"), replace(inner, rule="c"), inner]
    yield " | ".join(told_reasons(several, tongue))


class Everything:
    """A language whose catalogue has every message."""

    def __init__(self, tongue: Language) -> None:
        self._tongue = tongue

    def __getattr__(self, name: str) -> object:
        return getattr(self._tongue, name)

    def knows(self, _message: str) -> bool:
        return True


TEXTS: Final[dict[str, Callable[[Language], Iterator[str]]]] = {
    f"{text.__name__}.txt": text for text in (sentences, cards, figures, reasons)
}


def lines_of(name: str) -> list[str]:
    return [*TEXTS[name](language("en"))]


@pytest.mark.parametrize("name", TEXTS)
def test_words_are_as_they_were_read(name: str) -> None:
    assert lines_of(name) == (FOLDER / name).read_text().splitlines()


if __name__ == "__main__":
    for file_name in TEXTS:
        (FOLDER / file_name).write_text("\n".join(lines_of(file_name)) + "\n")
