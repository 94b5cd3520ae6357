"""A loop whose time jumps to what is due next, for rounds of minutes."""

import asyncio
from collections.abc import Callable

import looptime
import pytest


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of a test: virtual where it has the mark `virtual_time`."""
    mark = item.get_closest_marker("virtual_time")
    if mark and mark.args != (False,):
        return {"virtual": looptime.new_event_loop}
    return {"real": asyncio.new_event_loop}
