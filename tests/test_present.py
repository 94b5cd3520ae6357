"""One moment of a home: whose fault it looks like, and what is not said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import Role
from monitor.present import (
    Gateway,
    LineState,
    Outcome,
    Present,
    Recent,
    SiteState,
    present,
)

NOW = datetime(2026, 10, 20, 16, 30, tzinfo=UTC)
EVERY = timedelta(minutes=5)
FRESH = timedelta(minutes=16)
CONTROLS = ("wikipedia", "debian", "vk")


def outcomes(
    values: Sequence[float | None],
    *,
    failure: str | None = None,
    stage: str | None = None,
) -> list[Outcome]:
    """One every five minutes, the last one a minute ago; None: failed."""
    first = NOW - timedelta(minutes=1) - (len(values) - 1) * EVERY
    return [
        Outcome(
            first + i * EVERY,
            value,
            None if value is not None else failure or "generic_timeout_error",
            None if value is not None else stage or "connect",
        )
        for i, value in enumerate(values)
    ]


def site(
    name: str,
    values: Sequence[float | None] = (20e6, 20e6, 20e6),
    *,
    pages: Sequence[float | None] | None = None,
    stage: str | None = None,
    **more: object,
) -> Recent:
    made = outcomes(values, stage=stage)
    return Recent(
        target=name,
        role=Role.CONTROL if name in CONTROLS else Role.TARGET,
        metric="goodput_bps",
        pages=made if pages is None else outcomes(pages, stage=stage),
        values=made,
        **{"usual": 20e6, **more},
    )


def home(
    *sites: Recent, gateway: bool | None = True, has_next_resolver: bool = False
) -> Present:
    asked = None
    if gateway is not None:
        trip_s = 0.001 if gateway else None
        asked = Gateway(has_answered=gateway, connect_s=trip_s, quickest_s=trip_s)
    return present(
        sites,
        now_utc=NOW,
        fresh=FRESH,
        gateway=asked,
        has_next_resolver=has_next_resolver,
    )


def rules(found: Present) -> list[str]:
    return [reason.rule for reason in found.reasons]


def test_a_quiet_home_is_well_and_says_of_whom() -> None:
    found = home(site("youtube"), *map(site, CONTROLS))
    assert found.line is LineState.UP
    assert rules(found) == ["now_line_up", "now_none_slow"]
    assert "youtube" in str(found.reasons[1])


def test_a_slow_service_is_named_with_its_minutes_and_the_controls() -> None:
    slow = site("youtube", [20e6, 0.5e6, 0.5e6, 0.5e6])
    found = home(slow, *map(site, CONTROLS))
    (youtube, *_) = found.sites
    assert youtube.state is SiteState.SLOW
    assert youtube.times_slower == pytest.approx(40)
    assert youtube.since_utc == NOW - timedelta(minutes=11)
    assert str(found.reasons[1]) == (
        "youtube is 40.0 times slower than usual, for 11 min; the control sites take "
        "x1.00 their usual time."
    )


def test_one_slow_sample_is_chance() -> None:
    found = home(site("youtube", [20e6, 20e6, 0.5e6]), *map(site, CONTROLS))
    assert found.sites[0].state is SiteState.WELL
    assert rules(found) == ["now_line_up"], "nor is it called quick"


def test_who_is_slow_as_everybody_is_not_named() -> None:
    crowded = [site(name, [5e6, 5e6]) for name in CONTROLS]
    found = home(site("youtube", [4e6, 4e6]), *crowded)
    assert found.sites[0].state is SiteState.WELL
    assert rules(found) == ["now_line_up"]


def test_a_site_that_fails_while_the_others_answer() -> None:
    dead = site("twitter", [20e6, None, None], stage="tls_handshake")
    found = home(dead, site("youtube"), *map(site, CONTROLS))
    assert found.line is LineState.UP
    assert "has not answered for 6 min; the attempts end at the stage tls" in str(
        found.reasons[1]
    )


def test_a_site_that_never_answered_is_told_so() -> None:
    dead = site("twitter", [None, None], has_ever_answered=False)
    assert "now_never" in rules(home(dead, *map(site, CONTROLS)))


def test_a_page_without_its_transfer_is_an_answer() -> None:
    cut = site("twitter", [20e6, None, None], pages=[0.3, 0.3, 0.3])
    found = home(cut, *map(site, CONTROLS))
    assert found.sites[0].has_answered
    assert "now_no_transfer" in rules(found)


@pytest.mark.parametrize(
    ("gateway", "stage", "words"),
    [
        (True, "connect", "behind this home's own gateway, which answers"),
        (False, "connect", "own gateway does not answer"),
        (None, "connect", "The line is down: 0 of 4"),
        (True, "resolve", "No name can be looked up"),
        (False, "resolve", "own gateway does not answer"),
    ],
)
def test_where_a_dead_line_ends(gateway: bool | None, stage: str, words: str) -> None:
    names = ("youtube", *CONTROLS)
    dead = [site(name, [None, None], stage=stage) for name in names]
    found = home(*dead, gateway=gateway)
    assert found.line is LineState.DOWN
    assert words in str(found.reasons[0])
    assert len(found.reasons) == 1, "nothing is said of a site while the line is down"


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("resolve", "The first name server that this home uses gives no answer, while"),
        ("connect", "behind this home's own gateway, which answers"),
    ],
)
def test_a_dead_first_resolver_beside_one_that_answers(stage: str, words: str) -> None:
    dead = [site(name, [None, None], stage=stage) for name in ("youtube", *CONTROLS)]
    found = home(*dead, has_next_resolver=True)
    assert found.line is LineState.DOWN
    assert words in str(found.reasons[0])


def test_without_controls_nothing_gets_through_either() -> None:
    dead = [site(name, [None]) for name in ("youtube", "twitter")]
    assert home(*dead).line is LineState.DOWN
    assert home(dead[0], site("twitter")).line is LineState.UP


def test_blocked_targets_are_no_dead_line() -> None:
    dead = [site(f"t{i}", [None, None]) for i in range(9)]
    assert home(*dead, *map(site, CONTROLS)).line is LineState.UP


def test_old_samples_say_nothing_of_now() -> None:
    late = present(
        [site("youtube"), *map(site, CONTROLS)],
        now_utc=NOW + timedelta(hours=1),
        fresh=FRESH,
        gateway=None,
    )
    assert late.line is LineState.UNKNOWN
    assert rules(late) == ["now_unmeasured"]
    assert late.controls_times_slower is None


def test_who_answers_before_the_gateway_is_not_the_site() -> None:
    near = site("telegram", connect_s=0.0001)
    far = site("youtube", connect_s=0.0007)
    assert rules(home(near, far, *map(site, CONTROLS))).count("near_now") == 1


def test_a_gateway_that_answers_late_makes_no_site_near() -> None:
    """A router with other work, or this machine: seen of twenty sites in one round."""
    sites = [site(name, connect_s=0.0003) for name in ("youtube", "telegram")]
    controls = [site(name, connect_s=0.0004) for name in CONTROLS]
    assert "near_now" not in rules(home(*sites, *controls))


def test_one_answer_of_the_gateway_tells_of_no_site() -> None:
    near, far = site("telegram", connect_s=0.0001), map(site, CONTROLS)
    once = Gateway(has_answered=True, connect_s=0.001)
    moment = present([near, *far], now_utc=NOW, fresh=FRESH, gateway=once)
    assert "near_now" not in rules(moment)


def test_without_a_usual_value_nothing_is_called_quick() -> None:
    found = home(site("youtube", usual=None), *map(site, CONTROLS))
    assert found.sites[0].state is SiteState.WELL
    assert rules(found) == ["now_line_up"]
