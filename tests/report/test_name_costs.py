"""What blocks showed of a name stands in the report, and in no picture of the site."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from selectolax.parser import HTMLParser

from monitor.evening_rule import parse_window
from monitor.report import Scope, render_html
from monitor.report.assembly import public_copy
from monitor.report.block_curves import block_curves
from monitor.report.name_costs import name_costs
from monitor.series.pairs import legs_apart
from monitor.simulation.blocks import BLOCK_WORLDS, simulated_blocks
from tests.report.conftest import SCOPE


@pytest.fixture(scope="module")
def legs() -> pd.DataFrame:
    """Seven evenings on which the name alone makes a transfer four times slower."""
    world = replace(BLOCK_WORLDS["D1"], name=4.0, fires=True)
    rng = np.random.default_rng(1)
    rows = simulated_blocks(world, rng, target="facebook", n_evenings=7)
    return rows.assign(vantage="home")


def scope_of(legs: pd.DataFrame, until: date | None = None) -> Scope:
    days = legs.started_at_utc.dt.date
    return replace(
        SCOPE,
        vantage="home",
        since=days.min(),
        night=until or days.max(),
        window=parse_window("20:00-22:00"),
    )


def test_the_name_costs_in_the_evening_and_not_outside(legs) -> None:
    rest, pairs = legs_apart(legs)
    assert len(rest) == 0
    costs = name_costs(pairs, scope_of(legs))["facebook"]
    assert {cost.is_away for cost in costs} == {False, True}
    for cost in costs:
        typical = np.median([evening.times for evening in cost.evenings])
        assert 3 < typical < 5.5
        assert cost.calm.times == pytest.approx(1, abs=0.3)
        assert len(cost.evenings) == 7


def test_an_evening_after_the_night_is_not_told(legs) -> None:
    last = legs.started_at_utc.dt.date.max()
    night = date.fromordinal(last.toordinal() - 3)
    (cost, *_) = name_costs(legs, scope_of(legs, night))["facebook"]
    assert max(evening.day for evening in cost.evenings) <= night


def test_without_blocks_there_is_nothing_to_tell() -> None:
    assert name_costs(None, SCOPE) == {}


def test_the_page_has_a_row_for_each_evening(one_service, legs, no_pictures) -> None:
    costs = name_costs(legs, scope_of(legs))["facebook"]
    hosts = (replace(one_service.hosts[0], name_costs=costs),)
    page = HTMLParser(render_html(replace(one_service, hosts=hosts), "en"))
    captions = [c.text() for c in page.css("caption")]
    assert "What the name cost at a server that is not the service's" in captions
    table = next(t for t in page.css("table") if "own address" in t.text())
    assert len(table.css("tbody tr")) == 7 + 1


def with_curves(legs: pd.DataFrame) -> pd.DataFrame:
    """Each leg's bytes at half of its time and at its end."""
    ends = 8 * legs.encoded_body_bytes / legs.goodput_bps
    texts = [
        json.dumps([[round(end / 2, 6), 128_000], [round(end, 6), 256_000]])
        for end in ends
    ]
    return legs.assign(timeline=texts)


def test_one_block_is_shown_transfer_by_transfer(legs) -> None:
    """The middle one of the newest evening: twice each leg, the name's is slower."""
    told = block_curves(with_curves(legs), scope_of(legs))["facebook"]
    assert [block.is_away for block in told] == [False, True]
    for block in told:
        assert block.begun.date() == legs.started_at_utc.dt.date.max()
        assert block.begun.hour in (20, 21)
        ends = {name: [] for name in (True, False)}
        for leg in block.legs:
            ends[leg.is_under_name].append(leg.points[-1][0])
        assert len(ends[True]) == len(ends[False]) == 2
        assert sum(ends[True]) > 2 * sum(ends[False])
    assert block_curves(legs, scope_of(legs)) == {}
    assert block_curves(None, SCOPE) == {}


def test_a_curve_that_is_none_is_left_out(legs) -> None:
    broken = legs.assign(timeline='[[1, "x"')
    assert block_curves(broken, scope_of(legs)) == {"facebook": ()}


def test_the_page_draws_the_block_and_a_public_one_does_not(one_service, legs) -> None:
    curves = block_curves(with_curves(legs), scope_of(legs))["facebook"]
    hosts = (replace(one_service.hosts[0], block_curves=curves),)
    report = replace(one_service, hosts=hosts)
    page = HTMLParser(render_html(report, "ru"))
    (figure,) = [f for f in page.css("figure") if "Один блок" in f.text()]
    drawing = figure.css_first("svg").html
    assert "по собственному адресу сайта" in drawing
    assert "на другом сервере" in drawing
    assert public_copy(report, "v-1").hosts[0].block_curves == ()
