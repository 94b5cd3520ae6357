"""A frame of samples, checked and coded: text becomes integers, time microseconds.

Comes in: a DataFrame with the columns of contracts 4, in any order, from anybody. Goes
out: `Rows`, sorted, without duplicates. Numbers that no measurement can give are set
aside and counted; what is not even a number or a time is an `InputError`.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TEXT_DEFAULTS = {
    "vantage": "home",
    "target": "",
    "path": "direct",
    "probe": "https",
    "server_name": "",
    "transport": "tcp",
    "role": "target",
    "failure": "",
    "failed_operation": "",
    "remote_address": "",
    "certificate_issuer": "",
    "service": "",
    "part": "",
}
MEASURED = (
    "goodput_bps",
    "tls_handshake_s",
    "waiting_s",
    "connect_s",
    "response_s",
    "duration_s",
    "domain_lookup_s",
    "tcp_min_rtt_s",
    "encoded_body_bytes",
    "http_status",
    "tcp_rcv_rtt_s",
    "tcp_rcv_ooopack",
    "tcp_segs_in",
    "tcp_retransmits",
)
"""Numeric columns that the analysis reads."""
LARGEST = {
    "goodput_bps": 1e13,
    "encoded_body_bytes": 1e15,
    "http_status": 1e3,
    "tcp_rcv_ooopack": 1e9,
    "tcp_segs_in": 1e9,
    "tcp_retransmits": 1e9,
}
_LONGEST_S = 86_400.0
_MAX_SERIES = 20_000
_IDENTITY = ("vantage", "target", "path", "probe", "server_name")
_EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")
_LATEST = pd.Timestamp("2200-01-01", tz="UTC")


@dataclass(frozen=True, slots=True)
class Text:
    """A text column as codes into its distinct values."""

    codes: NDArray[np.int32]
    """Shape (n,)."""
    values: tuple[str, ...]

    def is_(self, value: str) -> Bools:
        """Rows that hold one value, shape (n,)."""
        if value not in self.values:
            return np.zeros(self.codes.size, np.bool_)
        return np.asarray(self.codes == self.values.index(value))

    def is_any(self, values: frozenset[str]) -> Bools:
        """Rows that hold one of some values, shape (n,)."""
        return np.isin(self.values, list(values))[self.codes]


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples in canonical order: by series, then time; each identity once.

    `order` holds, for each row here, its place in the frame that the columns are read
    from: columns are taken one at a time, so that a long frame never lies in memory
    twice.
    """

    frame: pd.DataFrame
    order: Ints
    time_us: Ints
    lane: Ints
    """Code of (vantage, target, path, probe, server name), shape (n,)."""
    text: dict[str, Text]
    """The lanes' text columns; one entry per lane."""
    n_duplicates: int

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.order.size)

    def column(self, name: str) -> Text:
        """A text column in the order of the rows."""
        return text_column(self.frame, name, self.order)

    def numbers(self, name: str) -> tuple[Floats, int]:
        """A numeric column in the rows' order, and how many values are impossible.

        Missing and impossible values are NaN, and times of 0, which are shorter than
        the clock shows: a whole small page may come at once. A rate of 0 is kept:
        nothing arrived.
        """
        if not self.has(name):
            return np.full(self.n, np.nan), 0
        values = _numbers(self.frame[name].iloc[self.order], name)
        is_bad = _is_impossible(values, name)
        values[is_bad] = np.nan
        return values, int(is_bad.sum())

    def part(self, start: int, stop: int) -> "Rows":
        """The rows from one place to another."""
        return self.some(slice(start, stop))

    def some(self, chosen: Ints | slice) -> "Rows":
        """Some of the rows."""
        return replace(
            self,
            order=self.order[chosen],
            time_us=self.time_us[chosen],
            lane=self.lane[chosen],
        )

    def has(self, name: str) -> bool:
        """Whether the frame has the column."""
        return name in self.frame.columns


def rows(frame: pd.DataFrame) -> Rows:
    """The frame's samples, checked, coded, sorted, each once.

    Raises
    ------
    InputError
        when it is no frame, lacks `started_at_utc` or `target`, holds a time that is
        none, or more series than anybody measures.
    """
    _check_columns(frame)
    frame = _of_tcp(frame)
    time_us = _time_us(frame["started_at_utc"])
    codes = {name: text_column(frame, name) for name in _IDENTITY}
    _check_targets(codes["target"])
    _check_numbers(frame)
    lane, lanes = _lanes(codes)
    order = _order(lane, time_us)
    order, n_duplicates = _each_once(frame, order, lane, time_us)
    return Rows(frame, order, time_us[order], lane[order], lanes, n_duplicates)


def _of_tcp(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows by TCP: another transport is another way, and no evidence here."""
    if "transport" not in frame.columns:
        return frame
    text = text_column(frame, "transport")
    is_tcp = text.is_(TEXT_DEFAULTS["transport"])
    return frame if is_tcp.all() else frame[is_tcp]


def text_column(frame: pd.DataFrame, name: str, places: Ints | None = None) -> Text:
    """A text column as codes; missing values become the column's default.

    Parameters
    ----------
    places : which rows, in which order; None: all as they are
    """
    default = TEXT_DEFAULTS[name]
    n = len(frame) if places is None else places.size
    if name not in frame.columns:
        return Text(np.zeros(n, np.int32), (default,))
    column = frame[name] if places is None else frame[name].iloc[places]
    try:
        codes, uniques = pd.factorize(column)
    except TypeError as error:
        raise InputError(f"{name}: {_short(str(error))}; allowed: text") from error
    values = [_as_text(name, value) for value in uniques]
    values.append(default)
    distinct = sorted(set(values))
    codes_of = {value: code for code, value in enumerate(distinct)}
    place = np.array([codes_of[value] for value in values], np.int32)
    return Text(place[codes], tuple(distinct))


def _as_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name}: found {_short(value)}; allowed: text")
    return value.strip() or TEXT_DEFAULTS[name]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_columns(frame: object) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"samples: found {type(frame).__name__}; allowed: a DataFrame")
    twice = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
    if twice:
        raise InputError(f"samples: found column {twice[0]} twice; allowed: once")
    missing = {"started_at_utc", "target"} - {str(column) for column in frame.columns}
    if missing:
        raise InputError(
            f"samples: found no column {min(missing)}; allowed: frames that have it"
        )


def _check_targets(target: Text) -> None:
    if target.codes.size and target.is_("").any():
        row = int(np.argmax(target.is_("")))
        raise InputError(f"row {row}: target: found nothing; allowed: a name")


def _time_us(column: pd.Series) -> Ints:
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        column = _parsed(column)
    # Sub-microsecond digits are not part of a sample's identity.
    stamps = column.dt.tz_convert("UTC")
    is_bad = (stamps.isna() | (stamps < _EARLIEST) | (stamps > _LATEST)).to_numpy()
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise InputError(
            f"row {row}: started_at_utc: found {_short(column.iloc[row])} ; allowed: "
            "a time between 1990 and 2200 with a zone"
        )
    naive = stamps.dt.tz_localize(None).to_numpy()
    return np.asarray(naive.astype("datetime64[us]").view(np.int64))


def _parsed(column: pd.Series) -> pd.Series:
    """Times of text, datetime objects, or numpy times (UTC by the column's name)."""
    if pd.api.types.is_datetime64_dtype(column.dtype):
        utc: pd.Series = column.dt.tz_localize("UTC")
        return utc
    _refuse_others(column)
    try:
        parsed = pd.to_datetime(column, format="ISO8601")
        if isinstance(parsed.dtype, pd.DatetimeTZDtype):
            return parsed
        _refuse_naive(column)
        return pd.to_datetime(column, format="ISO8601", utc=True)
    except (ValueError, TypeError, OverflowError, AttributeError):
        _refuse_naive(column)
    try:
        return pd.to_datetime(column, format="ISO8601", utc=True)
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise InputError(
            f"started_at_utc: found {_short(str(error))}; allowed: RFC 3339 with a zone"
        ) from error


def _refuse_others(column: pd.Series) -> None:
    """Texts, datetimes and missing values are times; a number is not."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in ("string", "datetime", "datetime64", "empty") or not len(column):
        return
    is_other = column.map(lambda x: not isinstance(x, str | datetime) and pd.notna(x))
    if is_other.any():
        row = int(np.argmax(is_other.to_numpy(np.bool_)))
        raise InputError(
            f"row {row}: started_at_utc: found {_short(column.iloc[row])}; allowed: "
            "RFC 3339 with a zone"
        )


def _refuse_naive(column: pd.Series) -> None:
    is_naive = column.map(_is_naive).to_numpy(np.bool_)
    if is_naive.any():
        row = int(np.argmax(is_naive))
        raise InputError(
            f"row {row}: started_at_utc: found {_short(column.iloc[row])} ; allowed: "
            "RFC 3339 with a zone"
        )


def _is_naive(value: object) -> bool:
    if isinstance(value, str):
        tail = value.strip()[10:]
        return not ("Z" in tail or "z" in tail or "+" in tail or "-" in tail)
    return getattr(value, "tzinfo", None) is None


def _check_numbers(frame: pd.DataFrame) -> None:
    """Refuses columns that hold no numbers, or only impossible ones."""
    for name in MEASURED:
        values = _numbers(frame[name], name) if name in frame.columns else np.zeros(0)
        is_bad = _is_impossible(values, name)
        if is_bad.any() and is_bad.sum() == (~np.isnan(values)).sum():
            worst = _short(float(values[np.argmax(is_bad)]))
            raise InputError(
                f"{name}: found {worst} and no possible value; allowed: "
                f"{_lowest(name):g} to {LARGEST.get(name, _LONGEST_S):g}"
            )


def _is_impossible(values: Floats, name: str) -> Bools:
    with np.errstate(invalid="ignore"):
        is_bad = (values < _lowest(name)) | (values > LARGEST.get(name, _LONGEST_S))
    return np.asarray(is_bad)


def _lowest(name: str) -> float:
    return 0.0 if name in LARGEST else 1e-9


def _numbers(column: pd.Series, name: str) -> Floats:
    try:
        if not pd.api.types.is_numeric_dtype(column.dtype):
            column = pd.to_numeric(column.replace("", np.nan), errors="raise")
        values = column.to_numpy(np.float64, na_value=np.nan, copy=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{name}: {_short(str(error))}; allowed: a number") from error
    if name not in LARGEST:
        values[values == 0.0] = np.nan
    return values


def _lanes(codes: dict[str, Text]) -> tuple[Ints, dict[str, Text]]:
    """One code per row for its series, and the series' names."""
    combined = np.zeros(codes["target"].codes.size, np.int64)
    for name in _IDENTITY:
        combined = combined * len(codes[name].values) + codes[name].codes
        # Renumbered at once: products of several long columns would overflow.
        combined = np.asarray(pd.factorize(combined, sort=True)[0], np.int64)
    n_lanes = int(combined.max()) + 1 if combined.size else 0
    if n_lanes > _MAX_SERIES:
        raise InputError(f"samples: found {n_lanes} series; allowed: {_MAX_SERIES}")
    first = np.zeros(n_lanes, np.int64)
    first[combined[::-1]] = np.arange(combined.size)[::-1]
    lanes = {
        name: Text(codes[name].codes[first], codes[name].values) for name in _IDENTITY
    }
    return combined, lanes


def _order(lane: Ints, time_us: Ints) -> Ints:
    if not lane.size:
        return np.zeros(0, np.int64)
    is_sorted = (lane[1:] > lane[:-1]) | (
        (lane[1:] == lane[:-1]) & (time_us[1:] >= time_us[:-1])
    )
    if is_sorted.all():
        return np.arange(lane.size)
    return np.asarray(np.lexsort((time_us, lane)), np.int64)


def _each_once(
    frame: pd.DataFrame, order: Ints, lane: Ints, time_us: Ints
) -> tuple[Ints, int]:
    """The order with one row per identity; of several, the smallest by value."""
    same = (np.diff(lane[order]) == 0) & (np.diff(time_us[order]) == 0)
    if not same.any():
        return order, 0
    group = np.concatenate([[0], np.cumsum(~same)])
    repeated = np.bincount(group)[group] > 1
    fingerprint = _fingerprint(frame, order[repeated])
    ranked = np.lexsort((fingerprint, group[repeated]))
    is_first = np.ones(ranked.size, np.bool_)
    is_first[1:] = np.diff(group[repeated][ranked]) != 0
    kept = np.concatenate([order[~repeated], order[repeated][ranked[is_first]]])
    kept = kept[np.lexsort((time_us[kept], lane[kept]))]
    return kept, int(order.size - kept.size)


def _fingerprint(frame: pd.DataFrame, places: Ints) -> NDArray[np.uint64]:
    """A number per row that depends on its contents only, to choose among equals."""
    names = sorted(
        str(c) for c in frame.columns if str(c) in MEASURED or str(c) in TEXT_DEFAULTS
    )
    chosen = frame.iloc[places][names].astype(str)
    return np.asarray(pd.util.hash_pandas_object(chosen, index=False).to_numpy())
