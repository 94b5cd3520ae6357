"""UTC to the local clock of an IANA zone, and to the evening that it belongs to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from monitor.evening_rule import DAY_MIN, Window
from monitor.series.rows import Ints
from monitor.wallclock import asked_clock

_DAY_S = DAY_MIN * 60
_QUARTER_S = 900

_STALE = {
    "Asia/Almaty": ("2024-02-29T18:00:00+00:00", 5 * 3600, 6 * 3600),
    "Asia/Qostanay": ("2024-02-29T18:00:00+00:00", 5 * 3600, 6 * 3600),
}
"""Zone changes that a tzdata before 2024a does not know: from when (UTC), offset since
then, offset that such a tzdata still gives [s]. Source: tz database, NEWS of 2024a."""


def local_seconds(utc_s: Ints, timezone: str) -> tuple[Ints, bool]:
    """Reading of the local wall clock, as seconds since 1970 on that clock.

    Parameters
    ----------
    utc_s : shape (n,) [s since 1970 UTC]
    timezone : IANA name

    Returns
    -------
    tuple
        seconds, shape (n,), and whether the installed time-zone data were too old to
        know a change of this zone and had to be corrected.

    Notes
    -----
    The zone is asked once per day of UTC, and once per quarter hour on the few days
    within which its offset changes (zones change on quarter hours of UTC).
    """
    if utc_s.size == 0:
        return utc_s, False
    offsets = _daily_offsets(utc_s, asked_clock(timezone))
    offsets, is_stale = _corrected(utc_s, offsets, timezone)
    return utc_s + offsets, is_stale


def evening_of(local_s: Ints, window: Window) -> tuple[Ints, Ints]:
    """Day number (since 1970) and second of that day of each instant's evening."""
    since = local_s - window.day_start_min * 60
    return since // _DAY_S, since % _DAY_S


def _daily_offsets(utc_s: Ints, tz: ZoneInfo) -> Ints:
    day = utc_s // _DAY_S
    first = int(day.min())
    n_days = int(day.max()) - first + 2
    at_midnight = np.array(
        [_offset_s((first + i) * _DAY_S, tz) for i in range(n_days)], np.int64
    )
    offsets = at_midnight[day - first]
    on_change = (at_midnight[1:] != at_midnight[:-1])[day - first]
    quarters, place = np.unique(utc_s[on_change] // _QUARTER_S, return_inverse=True)
    exact = np.array([_offset_s(int(q) * _QUARTER_S, tz) for q in quarters], np.int64)
    offsets[on_change] = exact[place]
    return offsets


def _offset_s(utc_s: int, tz: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(utc_s, UTC).astimezone(tz).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _corrected(utc_s: Ints, offsets: Ints, timezone: str) -> tuple[Ints, bool]:
    if timezone not in _STALE:
        return offsets, False
    since, right, wrong = _STALE[timezone]
    is_late = utc_s >= int(datetime.fromisoformat(since).timestamp())
    is_wrong = is_late & (offsets == wrong)
    return np.where(is_wrong, right, offsets), bool(is_wrong.any())
