"""Which of many alike a test takes in every run, and which in `make test-long`."""

from collections.abc import Iterable

import pytest


def in_brief(values: Iterable[object], *kept: object) -> list[object]:
    """The values for `parametrize`, all but the kept ones left to `make test-long`."""
    return [
        value if value in kept else pytest.param(value, marks=pytest.mark.long)
        for value in values
    ]
