"""Answers kept for seconds: many visitors with one question cost as much as one."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from monitor.clock import Clock

KEPT_S: Final = 5.0
MAX_KEPT: Final = 64
COMPRESS_FROM_BYTES: Final = 1400


@dataclass(frozen=True, slots=True)
class Packed:
    """The body of an answer, plain and, when it is worth it, gzipped."""

    plain: bytes
    gzipped: bytes | None


@dataclass(slots=True)
class _Entry:
    lock: Lock = field(default_factory=Lock)
    made_at_s: float | None = None
    packed: Packed | None = None


class KeptAnswers:
    """Bodies by question; called from worker threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[str, _Entry] = {}

    def get(self, question: str, make: Callable[[], bytes]) -> Packed:
        """The kept body, or a new one; who asks meanwhile waits for that."""
        entry = self._entry(question)
        with entry.lock:
            now_s = self._clock.monotonic_s()
            if entry.packed is None or now_s - (entry.made_at_s or 0.0) > KEPT_S:
                entry.packed = _packed(make())
                entry.made_at_s = now_s
            return entry.packed

    def forget(self) -> None:
        """Make every answer anew: what it is made of was changed here."""
        with self._lock:
            self._entries.clear()

    def _entry(self, question: str) -> _Entry:
        with self._lock:
            entry = self._entries.pop(question, None) or _Entry()
            # The one asked for last stands last; the first is the oldest.
            self._entries[question] = entry
            while len(self._entries) > MAX_KEPT:
                del self._entries[next(iter(self._entries))]
            return entry


def _packed(body: bytes) -> Packed:
    is_long = len(body) >= COMPRESS_FROM_BYTES
    return Packed(body, gzip.compress(body, 5) if is_long else None)
