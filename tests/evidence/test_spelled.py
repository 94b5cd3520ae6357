"""The leaf cut out of a line is the leaf of its row, at every level."""

from dataclasses import replace

import pytest

from monitor.evidence.chain import DayKeys, day_keys, days_of, leaf
from monitor.evidence.layout import View, lines_of
from monitor.evidence.redact import Hosts, Level
from monitor.evidence.spelled import OddLineError, row_and_leaf
from tests.evidence.samples import some_samples

SECRET = b"s" * 32
ODD = ('a,"vantage":"b', 'x,"path":"y', "\\", '"', ",", "қ", 'a,"x_row":1', "")


def odd_samples():
    """Texts that look like the fields between which a line is cut."""
    first = some_samples()[0]
    return [
        replace(first, target=f"{n}{text}", failure=text, server_name=text, path=text)
        for n, text in enumerate(ODD)
    ]


def days(level, samples):
    for day in days_of(samples):
        keys = day_keys(SECRET, day.vantage, day.day)
        shown = {
            Level.PRIVATE: keys,
            Level.TRUSTED: DayKeys(trusted=keys.trusted, private=None),
            Level.PUBLIC: DayKeys(trusted=None, private=None),
        }[level]
        lines, _ = lines_of(day, View(level, keys, "v-1", Hosts(b"k")))
        yield day, keys, shown, lines


@pytest.mark.parametrize("level", list(Level))
def test_a_line_gives_the_leaf_of_its_row(level):
    for day, keys, shown, lines in days(level, some_samples()):
        for n, (line, row) in enumerate(zip(lines, day.rows, strict=True)):
            assert row_and_leaf(line, n, shown)[1] == leaf(row, n, keys)


@pytest.mark.parametrize("level", list(Level))
def test_odd_texts_give_the_leaf_of_their_row_or_are_left_to_the_slow_way(level):
    n_cut = 0
    for day, keys, shown, lines in days(level, odd_samples()):
        for n, (line, row) in enumerate(zip(lines, day.rows, strict=True)):
            try:
                cut = row_and_leaf(line, n, shown)[1]
            except (OddLineError, ValueError, KeyError):
                continue
            assert cut == leaf(row, n, keys)
            n_cut += 1
    assert n_cut >= len(ODD) - 2


@pytest.mark.parametrize("level", list(Level))
def test_every_altered_byte_of_a_line_gives_another_leaf_or_none(level):
    _, _, shown, lines = next(days(level, some_samples(per_day=2)))
    line, n = lines[0], 0
    right = row_and_leaf(line, n, shown)[1]
    for place in range(len(line)):
        other = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        try:
            assert row_and_leaf(other, n, shown)[1] != right
        except (OddLineError, ValueError, KeyError, TypeError, AttributeError):
            continue
