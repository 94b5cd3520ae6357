"""The chain: stable digests, sealed parts, links."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import InputError
from monitor.evidence.chain import (
    GENESIS,
    DayKeys,
    day_keys,
    days_of,
    leaf,
)
from monitor.evidence.layout import View, written
from monitor.evidence.redact import Hosts, Level, network
from tests.evidence.chains import day_digests
from tests.evidence.samples import some_samples

SECRET = b"s" * 32


def test_each_vantage_has_a_chain_of_its_own():
    links = list(day_digests(some_samples(), secret=SECRET))
    assert len(links) == 6
    for vantage in ("home", "office"):
        own = [link for link in links if link.vantage == vantage]
        assert own[0].previous == GENESIS
        assert [a.digest for a in own[:-1]] == [b.previous for b in own[1:]]


def test_digests_of_known_samples_never_change():
    """A changed spelling of rows would make every stored digest worthless."""
    found = {
        row_format: list(
            day_digests(some_samples(), secret=SECRET, row_format=row_format)
        )[-1].digest
        for row_format in (1, 2, 3)
    }
    assert found == {
        1: "4aed4d30c258e482f574b19bceb991f3b108df4b0b36f7457529a22ade84b8f2",
        2: "d66eb04671eae9b430f65bc89f35a67dd7056023ece51bffdb1cb132ca4b961b",
        3: "c2d72ae74e895cb3de752b8f9fbbb6b6935a038b1875b4cc2b057b8add92a62a",
    }


def test_one_microsecond_changes_that_day_and_all_later_ones():
    samples = some_samples()
    moved = replace(
        samples[130],
        started_at_utc=samples[130].started_at_utc + timedelta(microseconds=1),
    )
    before = list(day_digests(samples, secret=SECRET))
    after = list(day_digests([*samples[:130], moved, *samples[131:]], secret=SECRET))
    changed = [
        a.day for a, b in zip(before, after, strict=True) if a.digest != b.digest
    ]
    assert changed == ["2026-10-02", "2026-10-03"]


def test_order_within_an_instant_does_not_matter():
    samples = some_samples()
    turned = some_samples()
    turned.reverse()
    turned.sort(key=lambda s: s.started_at_utc)
    assert list(day_digests(samples, secret=SECRET)) == list(
        day_digests(turned, secret=SECRET)
    )


def test_samples_out_of_order_are_refused():
    with pytest.raises(InputError, match="order them by time"):
        list(day_digests(some_samples()[::-1], secret=SECRET))


@pytest.mark.parametrize("level", list(Level))
def test_a_row_of_every_level_has_the_leaf_of_the_full_row(level):
    day = next(days_of(some_samples()))
    keys = day_keys(SECRET, day.vantage, day.day)
    open_keys = {
        Level.PRIVATE: keys,
        Level.TRUSTED: DayKeys(trusted=keys.trusted, private=None),
        Level.PUBLIC: DayKeys(trusted=None, private=None),
    }[level]
    for n, row in enumerate(day.rows):
        shown = written(row, n, View(level, keys, "v-1", Hosts(b"k")))
        assert leaf(shown, n, open_keys) == leaf(row, n, keys)


def test_equal_sealed_parts_look_different_in_each_row():
    """Else a reader of a public bundle could count how often an address changed."""
    day = next(days_of(some_samples()))
    keys = day_keys(SECRET, day.vantage, day.day)
    rows = [r for r in day.rows if r["target"] == "facebook"]
    view = View(Level.PUBLIC, keys, "v", Hosts(b"k"))
    seals = {written(r, n, view)["x_private"] for n, r in enumerate(rows)}
    assert len(rows) > 10
    assert len(seals) == len(rows)


def test_each_day_has_keys_of_its_own():
    a, b = (day_keys(SECRET, "home", day) for day in ("2026-10-01", "2026-10-02"))
    assert len({a.trusted, a.private, b.trusted, b.private}) == 4


def test_stand_ins_keep_the_network_and_who_is_equal_to_whom():
    hosts = Hosts(b"k")
    own = [f"31.13.72.{n}" for n in range(256)] + [
        f"2620:0:861::{n:x}" for n in range(50)
    ]
    found = [hosts(address) for address in own]
    assert len(set(found)) == len(own)
    assert [network(a) for a in own] == [network(a) for a in found]
    assert sum(a == b for a, b in zip(own, found, strict=True)) < 10
    assert [Hosts(b"k")(address) for address in own] == found
    assert Hosts(b"other")(own[1]) != found[1] or Hosts(b"other")(own[2]) != found[2]
    assert hosts("no address") == ""
