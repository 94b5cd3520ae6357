"""Evenings of several homes against each other, by numbers worked out apart."""

from datetime import timedelta
from itertools import permutations

import pytest

from monitor.circle.agreement import (
    CircleHome,
    joint_e_value,
    notes_on,
    pair_agreements,
    service_agreements,
    told_homes,
)
from monitor.circle.digest_chain import contradiction
from monitor.overlap import overlap_tail
from tests.circle.digests import INNOCENT, chain, digest, service


def home(name: str, slow=(0, 1, 1, 0), *, asn=9198, e=30.0, verdict=None, **changes):
    said = verdict or ("selective_slowdown" if any(slow) else INNOCENT)
    services = [service(slow, verdict=said, e=e)]
    return CircleHome(name, (digest(name, asn=asn, services=services, **changes),))


def test_two_homes_agree_on_the_evenings_both_could_use() -> None:
    mine, theirs = home("a", [1, 1, 1, 0, 0, 0, 0]), home("b", [1, 1, 0, 1, 0, 0])
    (pair,) = pair_agreements([mine, theirs])
    assert (pair.n, pair.n_both, pair.n_neither) == (6, 2, 2)
    assert pair.share == pytest.approx(4 / 6)
    assert pair.kappa == pytest.approx((4 / 6 - 0.5) / 0.5)
    assert (pair.home, pair.other) == ("a", "b")


def test_p_is_that_of_all_permutations() -> None:
    mine, theirs = (1, 1, 1, 0, 0, 0), (1, 1, 0, 1, 0, 0)
    agree = sum(a == b for a, b in zip(mine, theirs, strict=True))
    drawn = [
        sum(a == b for a, b in zip(mine, order, strict=True)) >= agree
        for order in permutations(theirs)
    ]
    assert overlap_tail(6, 3, 3, 2) == pytest.approx(sum(drawn) / len(drawn))


def test_a_home_that_never_changes_agrees_by_no_more_than_chance() -> None:
    (pair,) = pair_agreements([home("a", [0] * 5), home("b", [0] * 5)])
    assert (pair.share, pair.kappa, pair.p_value) == (1.0, None, 1.0)


@pytest.mark.parametrize(
    ("systems", "joint"),
    [
        ((9198, 21299), (60.0, "product")),
        ((9198, 9198), (16.0, "mean")),
        ((9198, None), (16.0, "mean")),
        ((None, None), (16.0, "mean")),
    ],
)
def test_only_lines_of_different_providers_are_multiplied(systems, joint) -> None:
    homes = [home("a", asn=systems[0], e=30.0), home("b", asn=systems[1], e=2.0)]
    assert joint_e_value(homes, "youtube") == joint


def test_the_words_count_homes_by_provider() -> None:
    on = [home(name) for name in "abc"] + [home("d", [0] * 4)]
    off = [home("e", [0] * 4, asn=21299), home("f", [0] * 4, asn=29355)]
    (told,) = service_agreements([*on, *off])
    assert told.homes == "3 of 4 homes on AS9198, 0 of 2 elsewhere"
    unnamed = [home("g", asn=None)]
    assert told_homes([*on, *unnamed], "youtube").endswith(
        ", 1 of 1 with a provider not stated"
    )
    assert told_homes(unnamed, "youtube") == "1 of 1 home, provider not stated"


def test_two_vantages_of_one_household_are_one_voice() -> None:
    first = home("a")
    household = first.newest.household
    second = home("b", household=household)
    assert told_homes([first, second], "youtube") == "1 of 1 home on AS9198"


def test_a_home_with_too_little_data_is_not_counted() -> None:
    little = home("a", verdict="insufficient_data")
    assert told_homes([little], "youtube") == "no home could judge it yet"
    assert told_homes([little, home("b")], "youtube") == "1 of 1 home on AS9198"


def test_other_windows_are_told_and_not_compared() -> None:
    late = home("b", window={"start": "21:00", "end": "23:00"})
    homes = [home("a"), late]
    assert list(pair_agreements(homes)) == []
    (note,) = notes_on(homes)
    assert note.startswith("windows differ: 20:00-22:00, 21:00-23:00")


def test_later_digests_go_on_from_earlier_ones() -> None:
    months = [digest("anna", n) for n in (30, 61, 61, 5)]
    assert contradiction(months) is None
    assert contradiction(list(reversed(months))) is None


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ({"number": 40, "made_at_utc": "2026-10-20T06:15Z"}, "made"),
        ({"number": 40, "chain": chain(40, "other")}, "rewritten"),
        ({"number": 30, "chain": chain(30, "other")}, "rewritten"),
        ({"number": 30, "chain": {**chain(30), "day": "2026-10-01"}}, "rewritten"),
        ({"number": 40, "home": "v" + 20 * "0"}, "two homes"),
        ({"number": 40, "household": "g" + 20 * "0"}, "two homes"),
    ],
)
def test_a_chain_that_contradicts_itself_is_told(later, said) -> None:
    number = later.pop("number")
    if "made_at_utc" in later:
        later |= {
            "chain": {**chain(number), "day": "2026-10-01"},
            "until": "2026-10-20",
        }
        later |= {"services": [service([1] * 20)]}
        said = "re-dated"
    told = contradiction([digest("anna", 30), digest("anna", number, **later)])
    assert said in (told or "")


def test_what_was_told_first_stays() -> None:
    first = digest("a", 4, services=[service([1, 1, 0, 0])])
    later = digest("a", 6, services=[service([1, 0, 0, 0, 1, 1])])
    home = CircleHome("a", (first, later))
    assert list(home.slow_evenings("youtube").values()).count(True) == 4
    assert home.slow_evenings("youtube")[first.since + timedelta(days=1)]
    assert list(notes_on([home])) == [
        "a tells 1 evenings otherwise than before; what was told first counts"
    ]
