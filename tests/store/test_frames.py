"""The frame holds what the store holds, in the types that the analysis expects."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from monitor.interchange import NAMES, samples_from
from monitor.model import Sample
from monitor.store import open_store
from monitor.store.frames import load_frame
from tests.door import ask_store
from tests.store.test_database import FULL, T0, sample


def fill(url: str, samples: list[Sample]) -> None:
    with open_store(url) as store:
        store.samples.append(samples)


def test_the_frame_holds_every_sample_of_the_store(database: str):
    written = [FULL, *(sample(m, target=t) for t in ("a", "b") for m in range(3000))]
    fill(database, written)
    frame = ask_store(database, load_frame)
    with open_store(database) as store:
        stored = list(store.samples.read())
    read = sorted(
        samples_from(frame), key=lambda s: (s.started_at_utc, s.vantage, s.target)
    )
    assert len(frame) == len(written)
    assert [_known(s) for s in read] == [_known(s) for s in stored]


def _known(sample_: Sample) -> tuple[object, ...]:
    return tuple(getattr(sample_, name) for name in NAMES)


def test_columns_have_the_types_of_the_interchange(database: str):
    fill(database, [FULL, sample()])
    frame = ask_store(database, load_frame)
    assert tuple(frame.columns) == NAMES
    assert str(frame["started_at_utc"].dtype) == "datetime64[us, UTC]"
    assert frame["goodput_bps"].dtype == "float64"
    assert isinstance(frame["failure"].dtype, pd.CategoricalDtype)
    assert list(frame["role"]) == ["control", "target"]
    assert frame["failure"].isna().tolist() == [False, True]


def test_an_empty_store_gives_an_empty_frame_of_the_same_types(database: str):
    fill(database, [])
    frame = ask_store(database, load_frame)
    assert (len(frame), tuple(frame.columns)) == (0, NAMES)
    assert str(frame["started_at_utc"].dtype) == "datetime64[us, UTC]"


def test_filters_and_columns_are_kept_to(database: str):
    fill(database, [sample(m, target=t) for m in range(0, 2880, 60) for t in "ab"])
    day = timedelta(days=1)
    frame = ask_store(
        database,
        load_frame,
        since=T0,
        until=T0 + day,
        targets=["a"],
        vantage="home",
        columns=["connect_s", "target", "started_at_utc"],
    )
    assert list(frame.columns) == ["started_at_utc", "target", "connect_s"]
    assert len(frame) == 24
    assert frame["started_at_utc"].max() < datetime(2026, 10, 2, 15, 1, tzinfo=UTC)
    assert ask_store(database, load_frame, vantage="elsewhere").empty


def test_an_unknown_column_is_refused(database: str):
    with pytest.raises(ValueError, match=r"unknown columns \['speed'\]"):
        ask_store(database, load_frame, columns=["speed"])
