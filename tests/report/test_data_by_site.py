"""What the probes received is told by day, site and kind, as the budget counts it."""

import json
from dataclasses import replace
from datetime import date

import pandas as pd
from selectolax.parser import HTMLParser

from monitor.report import public_copy, render_html, render_json
from monitor.report.data_by_site import data_used
from monitor.wire_bytes import expected_on_wire_bytes

ZONE, SPAN = "Asia/Almaty", (date(2026, 3, 1), date(2026, 3, 2))
ROWS = [
    # Of 1 March in Almaty, which is five hours ahead.
    ("a", "https", "2026-02-28T19:00:00Z", 1000.0),
    ("a", "download", "2026-03-01T10:00:00Z", 500_000.0),
    ("b", "tls", "2026-03-01T10:00:00Z", None),
    ("_own", "own_traffic", "2026-03-01T10:01:00Z", 600_000.0),
    # Of 2 March, when no round counted.
    ("a", "https", "2026-03-01T19:00:00Z", 2000.0),
    # Of no day that is asked for.
    ("a", "https", "2026-02-28T18:59:59Z", 9e9),
    ("a", "https", "2026-03-02T19:00:00Z", 9e9),
]


def used(budget: tuple[int | None, int | None] = (None, None)):
    names = ["target", "probe", "started_at_utc", "encoded_body_bytes"]
    frame = pd.DataFrame(ROWS, columns=names)
    frame["started_at_utc"] = pd.to_datetime(frame["started_at_utc"], utc=True)
    return data_used(frame, ZONE, SPAN, budget)


def test_a_day_is_what_was_counted_else_what_its_bodies_tell() -> None:
    assert used().by_day.tolist() == [600_000, expected_on_wire_bytes(1, 2000)]
    assert used().days == SPAN


def test_rows_that_say_no_kind_are_pages_of_a_site() -> None:
    frame = pd.DataFrame(ROWS[4:5], columns=["target", "probe", "at", "body"])
    frame = frame.assign(started_at_utc=pd.to_datetime(frame["at"], utc=True))
    frame["encoded_body_bytes"] = frame["body"]
    told = data_used(frame.drop(columns="probe"), ZONE, SPAN, (None, None))
    assert told.by_day.tolist() == [0, expected_on_wire_bytes(1, 2000)]


def test_rows_without_a_size_a_kind_or_a_place_are_counted_as_they_are() -> None:
    """Local rows are no site's, and what is not told is a page of no bytes."""
    rows = [
        ("a", None, "2026-03-01T10:00:00Z", 700.0),
        ("a", "dns", "2026-03-02T10:00:00Z", None),
        ("_clock", "clock", "2026-03-02T10:00:00Z", None),
        ("_own", "own_traffic", "2026-03-02T10:00:00Z", 0.0),
        ("b", "https", "2026-03-03T10:00:00Z", 100.0),
    ]
    frame = pd.DataFrame(
        rows, columns=["target", "probe", "started_at_utc", "encoded_body_bytes"]
    )
    frame["started_at_utc"] = pd.to_datetime(frame["started_at_utc"], utc=True)
    told = data_used(frame, ZONE, SPAN, (1, 2))
    page, other = expected_on_wire_bytes(1, 700), expected_on_wire_bytes(1, 0)
    assert told.by_day.tolist() == [page, other]
    assert [(s.name, s.by_kind) for s in told.by_site] == [("a", (page, 0, other))]
    assert (told.per_day, told.per_month) == (1, 2)
    bare = data_used(frame.drop(columns="encoded_body_bytes"), ZONE, SPAN, (None, None))
    assert bare.by_day.tolist() == [other, other]


def test_sites_are_told_by_kind_the_largest_first() -> None:
    a, b = used().by_site
    pages, transfers = (
        expected_on_wire_bytes(2, 3000),
        expected_on_wire_bytes(1, 500_000),
    )
    assert (a.name, a.by_kind) == ("a", (pages, transfers, 0))
    assert (b.name, b.by_kind) == ("b", (0, 0, expected_on_wire_bytes(1, 0)))


def test_the_page_holds_it_against_the_budget(one_service, no_pictures) -> None:
    told = replace(one_service, data_used=used((2_000_000, 30_000_000)))
    text = HTMLParser(render_html(told, "en")).css_first(
        "section[aria-labelledby=data]"
    )
    words = " ".join(text.text().split())
    assert "about 610 kB in all, at most 600 kB on one day (1 March 2026)" in words
    assert "The budget of a day is 2 MB. The budget of a month is 30 MB." in words
    document = json.loads(render_json(told))["data_used"]
    assert document["by_day_bytes"]["2026-03-01"] == 600_000
    assert document["budget_bytes"] == {"per_day": 2_000_000, "per_month": 30_000_000}


def test_a_public_copy_tells_nothing_of_the_home_s_data(one_service, no_pictures):
    copy = public_copy(one_service, "v-1")
    assert 'aria-labelledby="data"' not in render_html(copy, "en")
    assert json.loads(render_json(copy))["data_used"] is None
