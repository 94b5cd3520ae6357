"""The figures of every check are told in the reader's language."""

import pytest

from monitor.analysis import analyze
from monitor.wording import LANGUAGES, language
from monitor.wording.checks import is_made
from monitor.wording.figures import figures, is_known
from monitor.simulation import simulate

WRITTEN = (
    "connect x1.02, slowest later stage x8.10",
    "connect not measured, slowest later stage x8.10",
    "waiting x3.00, handshake and transfer at most x1.10",
    "tcp_min_rtt_s x1.01 on slow evenings",
    "directly x7.90, by the other way x1.02",
    "handshake x5.10 under its own name, 12 evenings",
    "rank correlation -0.12 with the controls' own rise",
    "97% of the transfers within 20 % of 0.512 Mbit/s, 6% of the day's rate, "
    "spread 0.02",
    "31 transfers broke off, 90% near 16.4 kB",
    "0% error statuses in the window, 12% in the rest of the day",
    "20:00-22:00: just outside the window -3% and 2% of the level inside, just inside "
    "98% and 101%",
    "20:00-22:00: rounds every 60 min are too far apart to see edges",
    "other targets are slow at other times",
    "in step with youtube, twitter",
    "4% of the evening's answers from addresses not used by day",
    "0% of the evening's certificates from an issuer not seen by day",
)


@pytest.mark.parametrize("detail", WRITTEN)
def test_figures_are_told_in_words_of_each_language(detail: str) -> None:
    told = {code: figures(detail, language(code)) for code in LANGUAGES}
    assert len(set(told.values())) == len(LANGUAGES), told
    assert not any(
        word in told["ru"] + told["kk"] for word in ("the ", "not ", "with ")
    )


@pytest.mark.parametrize("family", ["slow_3x", "congestion", "block_timeout"])
def test_every_figure_of_a_simulated_home_is_known(family: str) -> None:
    home = simulate(family, seed=2, days=12, every_s=900)
    for verdict in analyze(home.samples, timezone=home.timezone):
        for check in filter(is_made, verdict.mechanism):
            assert is_known(check.detail, language("kk")), check.detail


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert "8,1\N{MULTIPLICATION SIGN}" in figures(WRITTEN[0], language("ru"))


def test_a_figure_of_a_newer_analysis_is_shown_as_it_was_written() -> None:
    assert figures("x{%s} something", language("ru")) == "x{%s} something"


def test_other_services_have_the_names_that_people_know() -> None:
    told = figures("in step with youtube, mastodon", language("en"))
    assert told == "on the same evenings as YouTube, mastodon"
