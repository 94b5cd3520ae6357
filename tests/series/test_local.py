"""From UTC to the evening that an instant belongs to."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from monitor.errors import InputError
from monitor.evening_rule import parse_window
from monitor.series import local_time
from monitor.series.local_time import evening_of, local_seconds
from monitor.wallclock import asked_zone

EPOCH = date(1970, 1, 1)


def seconds(text: str) -> np.ndarray:
    return np.array([int(datetime.fromisoformat(text).timestamp())], np.int64)


def wall(text: str, timezone: str) -> str:
    local_s, _ = local_seconds(seconds(text), timezone)
    return datetime.fromtimestamp(int(local_s[0]), UTC).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("utc", "timezone", "expected"),
    [
        ("2026-10-01T15:00:00Z", "Asia/Almaty", "10-01 20:00"),
        ("2024-02-29T14:00:00Z", "Asia/Almaty", "02-29 20:00"),
        ("2024-03-01T15:00:00Z", "Asia/Almaty", "03-01 20:00"),
        ("2026-03-29T00:59:00Z", "Europe/Berlin", "03-29 01:59"),
        ("2026-03-29T01:00:00Z", "Europe/Berlin", "03-29 03:00"),
        ("2026-10-25T00:30:00Z", "Europe/Berlin", "10-25 02:30"),
        ("2026-10-25T01:30:00Z", "Europe/Berlin", "10-25 02:30"),
        ("2026-01-01T00:00:00Z", "Asia/Kathmandu", "01-01 05:45"),
        ("2026-04-04T15:00:00Z", "Australia/Lord_Howe", "04-05 01:30"),
    ],
)
def test_the_wall_clock_of_a_zone(utc, timezone, expected):
    assert wall(utc, timezone) == expected


def test_every_hour_of_two_years_agrees_with_the_standard_library():
    first = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    utc_s = first + np.arange(2 * 366 * 24, dtype=np.int64) * 3600
    local_s, is_stale = local_seconds(utc_s, "America/New_York")
    zone = asked_zone("America/New_York")
    offsets = [
        datetime.fromtimestamp(int(s), UTC).astimezone(zone).utcoffset() for s in utc_s
    ]
    assert (local_s - utc_s == [o.total_seconds() for o in offsets]).all()
    assert not is_stale


@pytest.mark.parametrize("zone", ["Asia/Almaty", "Asia/Qostanay"])
def test_old_zone_data_are_corrected_and_reported(monkeypatch, zone: str):
    monkeypatch.setattr(
        local_time, "asked_clock", lambda name: _Always(timedelta(hours=6))
    )
    last, first = (seconds(f"2024-02-29T{t}:00Z") for t in ("17:59", "18:00"))
    before, is_stale = local_seconds(last, zone)
    after, is_stale_after = local_seconds(first, zone)
    assert int(before[0] - last[0]) == 6 * 3600
    assert int(after[0] - first[0]) == 5 * 3600
    assert (is_stale, is_stale_after) == (False, True)


class _Always(local_time.ZoneInfo):
    """Almaty as a time-zone database before 2024a gives it."""

    def __new__(cls, offset):
        return super().no_cache("Etc/GMT-6")

    def __init__(self, offset):
        super().__init__()


@pytest.mark.parametrize(
    ("window", "utc", "evening"),
    [
        ("20:00-22:00", "2026-10-01T15:00:00Z", date(2026, 10, 1)),
        ("20:00-22:00", "2026-10-01T20:00:00Z", date(2026, 10, 1)),
        ("20:00-22:00", "2026-10-02T01:30:00Z", date(2026, 10, 2)),
        ("23:00-01:00", "2026-10-01T19:30:00Z", date(2026, 10, 1)),
        ("02:00-04:00", "2026-10-01T22:00:00Z", date(2026, 10, 2)),
    ],
)
def test_an_evening_has_the_date_on_which_its_window_starts(window, utc, evening):
    local_s, _ = local_seconds(seconds(utc), "Asia/Almaty")
    day, _ = evening_of(local_s, parse_window(window))
    assert EPOCH + timedelta(days=int(day[0])) == evening


def test_a_window_reads_back_as_it_was_written():
    for text in ("20:00-22:00", "23:30-01:00", "00:00-02:00", "18:05-19:10"):
        assert "-".join(parse_window(text).text) == text


@pytest.mark.parametrize("text", ["", "20-22", "20:00", "20:60-22:00", "8pm-10pm", 20])
def test_a_bad_window_is_refused(text):
    with pytest.raises(InputError, match="window: found"):
        parse_window(text)
