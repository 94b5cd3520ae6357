"""Each figure of a card, of a check and of a report, exactly as it is told."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from monitor.evening_rule import EveningState
from monitor.model import Effect, EveningMark, Evenings, MechanismCheck, Role, Verdict
from monitor.present import SiteNow, SiteState
from monitor.reason import Reason, measured, told_together
from monitor.service_verdicts import services_of
from monitor.wording import language
from monitor.wording.cards import facts, lead, short_sentence
from monitor.wording.check_words import check_figure, check_outcome, check_sign
from monitor.wording.moment_words import state_title
from monitor.wording.numbers import evidence_lines
from monitor.wording.reason_words import told, told_reasons
from monitor.wording.sofar import evenings_needed, last_evening_sentence
from tests.store.analyses import an_analysis

ENGLISH = language("en")
NO_BREAK = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"
DAY = date(2026, 3, 1)
"""A Sunday."""
VERDICT = Verdict(
    vantage="home",
    target="facebook",
    verdict="selective_slowdown",
    strength=None,
    evenings=Evenings(observed=31, usable=28, slow=26, dead=21),
    effect=Effect(metric="goodput_bps", ratio=8.127, ci95=(6.0, 9.014)),
    p_value=0.0123,
    e_value=1234.56,
    found_window=("20:05", "21:55"),
    onset_date="2026-03-01",
    offset_date="2026-03-20",
)


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (1234567.5, 0, "1,234,568"),
        (0.126, 2, "0.13"),
        (2.5, 1, "2.5"),
        (2.0, 3, "2"),
        (-1.5, 1, "\N{MINUS SIGN}1.5"),
    ],
)
def test_a_number_has_no_more_decimals_than_it_needs(value, digits, shown):
    assert ENGLISH.number(value, digits) == shown


def test_a_share_is_a_whole_number():
    assert [ENGLISH.percent(v) for v in (0.4, 0.6, 99.5, 12.4, -3)] == [
        *("0%", "1%", "100%", "12%"),
        "\N{MINUS SIGN}3%",
    ]


@pytest.mark.parametrize(
    ("n_bytes", "shown"),
    [
        (0, "0 kB"),
        (999_900, "1,000 kB"),
        (1e6, "1 MB"),
        (9.44e6, "9.4 MB"),
        (10e6, "10 MB"),
        (10.6e6, "11 MB"),
        (999e6, "999 MB"),
        (1e9, "1 GB"),
        (2.34e12, "2,340 GB"),
    ],
)
def test_an_amount_of_data_has_the_unit_that_keeps_it_short(n_bytes, shown):
    assert ENGLISH.size(n_bytes).replace(NO_BREAK, " ") == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (1.04, "1 time"),
        (1.05, "1.1 times"),
        (2, "2 times"),
        (9.94, "9.9 times"),
        (9.97, "10 times"),
        (10.4, "10 times"),
        (1234, "1,234 times"),
    ],
)
def test_times_are_whole_from_ten_on(ratio, shown):
    assert ENGLISH.times(ratio) == shown


def test_days_and_moments():
    assert ENGLISH.long_date(DAY) == "1 March 2026"
    assert ENGLISH.day(DAY) == "Sun, 1 Mar 2026"
    assert ENGLISH.short_date(DAY) == f"1{NO_BREAK}Mar"
    assert ENGLISH.month(DAY) == "Mar 2026"
    moment = datetime(2026, 3, 1, 9, 5, 59, tzinfo=UTC)
    assert ENGLISH.moment(moment) == "1 Mar 2026, 09:05"
    assert (ENGLISH.weekday(0), ENGLISH.weekday(6)) == ("Monday", "Sunday")


def test_a_calendar_begins_with_sunday_and_january():
    names = ENGLISH.calendar()
    assert len(names) == 19
    assert (names["month.1"], names["month.12"]) == ("Jan", "Dec")
    assert (names["weekday.0"], names["weekday.1"]) == ("Sun", "Mon")
    assert names["weekday.6"] == "Sat"


def test_two_days_in_a_row_are_no_span_and_months_do_not_end_one():
    days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)]
    assert ENGLISH.short_dates(days[:2]) == f"27{NO_BREAK}Feb, 28{NO_BREAK}Feb"
    assert ENGLISH.short_dates(days) == (
        f"27{NO_BREAK}Feb{NO_BREAK}{DASH} 1{NO_BREAK}Mar, 3{NO_BREAK}Mar"
    )
    assert ENGLISH.short_dates([]) == ""


def test_what_is_known_of_a_message():
    assert ENGLISH.knows("There is no live control.")
    assert not ENGLISH.knows("There is no such message.")


def test_the_numbers_behind_a_verdict_are_told_one_by_one():
    told_lines = evidence_lines(VERDICT, ENGLISH)
    assert told_lines == (
        "Evenings observed: 31; of use: 28; slow: 26; without answer: 21.",
        "Speed of a transfer: 8.13 times as slow as in the rest of the day, beyond "
        "what the control sites did (1 is equally slow; 95% interval 6 to 9.01).",
        "Odds against pure chance (e-value): 1,234.6. It may be looked at every night; "
        "small values say nothing.",
        "The measurements themselves show it from 20:05 to 21:55.",
        "It began on 1 March 2026. It ended after 20 March 2026.",
    )


@pytest.mark.parametrize(
    "effect",
    [
        Effect(metric=None, ratio=None, ci95=(1.0, 2.0)),
        Effect(metric="connect_s", ratio=2.0, ci95=(None, 2.0)),
        Effect(metric="connect_s", ratio=2.0, ci95=(1.0, None)),
    ],
)
def test_what_was_not_worked_out_has_no_line(effect: Effect):
    bare = replace(
        VERDICT, effect=effect, e_value=None, found_window=None,
        onset_date=None, offset_date=None,
    )  # fmt: skip
    assert len(evidence_lines(bare, ENGLISH)) == 1
    begun = replace(bare, onset_date="2026-03-01")
    assert evidence_lines(begun, ENGLISH)[1:] == ("It began on 1 March 2026.",)


def card(**changes: object) -> dict[str, str]:
    told_facts = facts(replace(VERDICT, **changes), ENGLISH)
    return {fact.term: fact.text for fact in told_facts}


def effect(ratio: float | None, *ci95: float | None) -> Effect:
    return Effect(metric="goodput_bps", ratio=ratio, ci95=ci95)


def test_a_card_tells_what_is_known():
    assert card() == {
        "Evenings": "26 of 28 usable evenings",
        "Slower": "8.1 times (95 %: 6 to 9)",
        "Hours": "found from 20:05 to 21:55",
        "Since": "since Sun, 1 Mar 2026 until Fri, 20 Mar 2026",
        "How sure": "by chance alone: 1.2 %",
    }


def test_a_card_of_what_is_dead_counts_dead_evenings():
    for name in ("targeted_blocking", "resolver_blocking"):
        assert card(verdict=name)["Evenings"] == "21 of 28 usable evenings"
    one = Evenings(observed=1, usable=1, slow=1, dead=0)
    assert card(evenings=one)["Evenings"] == "1 of 1 usable evening"
    none = replace(one, usable=0)
    assert "Evenings" not in card(evenings=none)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (effect(0.8, 0.7, 1.0), "as fast (95 %: 0.7 to 1)"),
        (effect(1.25, 1.1, 1.4), "as fast (95 %: 1.1 to 1.4)"),
        (effect(1.26, None, 1.4), "1.3 times"),
        (effect(0.79, 0.7, None), "0.8 times"),
        (effect(None, 0.7, 1.0), None),
    ],
)
def test_a_size_near_one_is_as_fast(size: Effect, shown: str | None):
    assert card(effect=size).get("Slower") == shown


def test_a_card_without_slowness_tells_the_bound_only():
    fine = {"verdict": "no_recurring_slowdown"}
    assert card(**fine, effect=effect(1.0, 0.9, 1.14))["Slower"] == "at most 1.1 times"
    assert "Slower" not in card(**fine, effect=effect(1.0, 0.9, None))
    assert card(**fine)["Evenings"] == "28 usable evenings"
    assert "How sure" not in card(**fine)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"strength": "strong"}, "strong evidence"),
        ({"strength": "likely"}, "likely"),
        ({"p_value": 0.001}, "by chance alone: 0.1 %"),
        ({"p_value": 0.00099}, "by chance alone: less than 0.1 %"),
        ({"p_value": None}, None),
    ],
)
def test_how_sure_a_card_is(changes: dict[str, object], shown: str | None):
    assert card(**changes).get("How sure") == shown


def test_a_card_leaves_out_what_is_not_known():
    assert card(found_window=None, onset_date=None).keys() == {
        *("Evenings", "Slower", "How sure")
    }
    since = card(offset_date=None)["Since"]
    assert since == "since Sun, 1 Mar 2026"


def test_a_newer_program_s_verdict_has_no_sentence_of_ours():
    assert short_sentence(replace(VERDICT, verdict="bewitched"), ENGLISH) == ""


def above(names: tuple[str, ...], **span: date | None) -> str:
    (bare,) = an_analysis("x").verdicts
    verdicts = [
        replace(bare, target=str(n), service=str(n), verdict=name)
        for n, name in enumerate(names)
    ]
    terms = {"since": None, "until": None, **span, "window": ("20:00", "22:00")}
    return lead(services_of(verdicts), **terms, language=ENGLISH)


def test_what_stands_above_the_cards_names_all_of_a_kind():
    text = above(("targeted_throttling", "selective_slowdown", "own_line"))
    suspected, other = text.split(". ")
    assert suspected.endswith(": 0, 1")
    assert other.endswith(": 2.")


def test_only_when_all_are_fine_nothing_is_wrong():
    fine = "No service shows a slowdown that comes back in the evenings."
    open_ = "Nothing is established so far."
    good, unsure = "no_recurring_slowdown", "inconclusive"
    assert above((good, good)) == fine
    assert above((good, unsure)) == open_


def test_the_evenings_looked_at_are_told_when_both_ends_are_known():
    good = ("no_recurring_slowdown",)
    span = {"since": DAY, "until": date(2026, 3, 20)}
    told_span = "(Sun, 1 Mar 2026 to Fri, 20 Mar 2026)"
    assert above(good, **span).endswith(f". {told_span}")
    for gone in span:
        assert above(good, **(span | {gone: None})).endswith("evenings.")


@pytest.mark.parametrize(
    ("score", "outcome", "sign"),
    [
        (2, "consistent with interference", "+"),
        (1, "consistent with interference", "+"),
        (0, "no clear sign", "\N{MIDDLE DOT}"),
        (-1, "speaks for another cause", "\N{MINUS SIGN}"),
        (-2, "speaks for another cause", "\N{MINUS SIGN}"),
    ],
)
def test_a_check_points_somewhere_or_nowhere(score: int, outcome: str, sign: str):
    check = MechanismCheck(
        check="stage", score=score, detail=Reason("stage", "as by day")
    )
    assert (check_outcome(check, ENGLISH), check_sign(check)) == (outcome, sign)
    assert check_figure(check, ENGLISH) == "as by day"
    unmade = replace(check, is_made=False)
    assert (check_outcome(unmade, ENGLISH), check_sign(unmade)) == ("not known", "?")


def test_a_reason_s_values_are_written_by_their_kind():
    every = Reason(
        "x", "{f:factor} {s:.1%} {n} {d:weekdays} {t:.1f} {p:.2e}",
        {"f": 1.236, "s": 0.1234, "n": 1234, "d": (0, 6), "t": 2.25, "p": 0.001234},
    )  # fmt: skip
    assert str(every) == "x1.24 12.3% 1234 Monday, Sunday 2.2 1.23e-03"
    assert told(every, ENGLISH) == str(every)
    none = Reason("x", "{f:factor}, {s:.0%}, {n}", dict.fromkeys("fsn"))
    assert str(none) == "not measured, nan%, not measured"


def test_reasons_that_follow_each_other_are_one_text():
    one, two = Reason("a", "One."), Reason("b", "Two.")
    assert told_together([one, one, two, one]) == ["One. One.", "Two.", "One."]
    assert list(told_reasons([one, one, two], ENGLISH)) == ["One. One.", "Two."]


def test_a_measured_number_is_finite():
    assert measured(1.2345, 2) == 1.23
    assert measured(1) == 1.0
    assert measured(float("inf")) is None
    assert measured(float("nan"), 1) is None


SITE = SiteNow(
    target="facebook",
    role=Role.TARGET,
    state=SiteState.WELL,
    measured_at_utc=None,
    metric="duration_s",
    value=None,
    usual=None,
    times_slower=None,
    failure="generic_timeout_error",
    failed_operation="connect",
    since_utc=None,
    slow_run=(),
    has_answered=False,
    has_ever_answered=True,
    is_nearer_than_gateway=False,
)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (SiteState.WELL, "answers"),
        (SiteState.SLOW, "answers, slowly"),
        (SiteState.UNMEASURED, "not measured now"),
        (SiteState.FAILED, "connect: generic_timeout_error"),
    ],
)
def test_what_a_site_is_like_at_this_moment(state: SiteState, shown: str):
    assert state_title(replace(SITE, state=state), ENGLISH) == shown


def test_the_first_evenings_name_how_many_are_needed():
    assert evenings_needed(VERDICT) is None
    few = Reason("few_evenings", "At least {needed}.", {"needed": 7})
    reasons = (Reason("x", "Other."), few)
    assert evenings_needed(replace(VERDICT, reasons=reasons)) == 7


@pytest.mark.parametrize("state", [EveningState.REFUSED, EveningState.UNUSABLE])
def test_an_evening_that_tells_nothing_has_no_sentence(state: EveningState):
    mark = EveningMark(day=DAY, state=state, ratio=3.0)
    window = ("20:00", "22:00")
    assert last_evening_sentence(mark, window, ENGLISH) == ""
    assert last_evening_sentence(None, window, ENGLISH) == ""
    slow = replace(mark, state=EveningState.SLOW, ratio=None)
    assert last_evening_sentence(slow, window, ENGLISH) == ""
