"""Kept answers: one question at a time, for a few seconds, not too many."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event

from monitor.web.answer_cache import KEPT_S, MAX_KEPT, KeptAnswers
from tests.fakes import FakeClock
from tests.waiting import PATIENCE_S


def test_the_same_question_is_answered_once_in_a_while():
    clock, numbers = FakeClock(), count()
    kept = KeptAnswers(clock)

    def ask() -> bytes:
        return kept.get("a", lambda: b"%d" % next(numbers)).plain

    assert [ask(), ask()] == [b"0", b"0"]
    clock.advance(KEPT_S + 1)
    assert ask() == b"1"


def test_who_asks_meanwhile_waits_for_the_one_answer():
    kept, asked, go = KeptAnswers(FakeClock()), [], Event()

    def slow() -> bytes:
        asked.append(1)
        go.wait(PATIENCE_S)
        return b"x"

    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(kept.get, "a", slow) for _ in range(8)]
        go.set()
        assert {a.result().plain for a in answers} == {b"x"}
    assert len(asked) == 1


def test_a_failure_is_not_kept():
    kept = KeptAnswers(FakeClock())

    def fail() -> bytes:
        raise ValueError("away")

    for _ in range(2):
        try:
            kept.get("a", fail)
        except ValueError:
            continue
        raise AssertionError("it must fail each time")
    assert kept.get("a", lambda: b"back").plain == b"back"


def test_memory_is_bounded_and_long_answers_are_packed():
    kept = KeptAnswers(FakeClock())
    for number in range(3 * MAX_KEPT):
        kept.get(str(number), lambda: b"x" * 2000)
    assert len(kept._entries) == MAX_KEPT
    packed = kept.get("last", lambda: b"y" * 5000)
    assert gzip.decompress(packed.gzipped) == packed.plain
    assert kept.get("short", lambda: b"z").gzipped is None
