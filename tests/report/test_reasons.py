"""What the analysis says is told in the reader's language, whatever it found."""

import pytest

from monitor.analysis import analyze
from monitor.wording import language
from monitor.wording.reasons import is_known, translated
from monitor.simulation import simulate

FAMILIES = (
    "quiet",
    "slow_3x",
    "block_timeout",
    "congestion",
    "own_load",
    "stale_zone",
    "two_controls",
    "outages",
)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_reason_of_a_simulated_home_is_known(family: str) -> None:
    home = simulate(family, seed=2, days=12, every_s=900)
    for verdict in analyze(home.samples, timezone=home.timezone):
        for reason in verdict.reasons:
            assert is_known(reason, language("ru")), reason


def test_several_sentences_are_told_one_by_one() -> None:
    reason = "Set aside: 3 rounds in outages; 2 impossible values."
    assert translated(reason, language("ru")) == (
        "Отложено кругов во время обрывов линии: 3. Отложено невозможных значений: 2."
    )


def test_numbers_are_written_as_the_language_writes_them() -> None:
    reason = "On slow evenings it typically takes 31.1 times as long."
    assert translated(reason, language("ru")).endswith("коэффициент 31,1.")


def test_a_reason_of_a_newer_analysis_is_shown_as_it_was_written() -> None:
    assert translated("Something new.", language("kk")) == "Something new."
    assert not is_known("Something new.", language("kk"))


def test_what_the_report_says_already_is_not_repeated() -> None:
    assert translated("It began on 2026-03-01.", language("en")) == ""
