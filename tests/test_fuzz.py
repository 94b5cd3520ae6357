"""Every seed and every former finding goes through its target without an exception."""

from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path("fuzz/corpus")
INPUTS = sorted(path for path in CORPUS.glob("*/*"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_input_is_read_or_refused(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_every_target_has_seeds() -> None:
    assert {path.parent.name for path in INPUTS} == set(TARGETS)


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in INPUTS) < 1_000_000
