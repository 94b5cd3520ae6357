"""Every seed and every former finding goes through its target without an exception."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_mangled_seed_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """The same mangled bytes every time; `make fuzz` looks for new ones."""
    seeds = [path.read_bytes() for path in INPUTS if path.parent.name == name]
    whole = data.draw(st.sampled_from(seeds))
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(len(whole), begin + 20)))
    TARGETS[name](whole[:begin] + data.draw(st.binary(max_size=20)) + whole[end:])
