"""The dark colours stand twice: no block of CSS is for a query and a choice both."""

import re
from pathlib import Path

STYLE = Path("monitor/web/static/style.css").read_text()


def tokens(selector: str) -> dict[str, str]:
    """The custom properties of the first block of a selector."""
    block = STYLE.split(f"{selector} {{", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"(--[\w-]+): ([^;]+);", block))


def test_dark_is_the_same_by_the_system_and_by_choice():
    by_system = tokens(':root:not([data-theme="light"])')
    assert by_system == tokens(':root[data-theme="dark"]')
    light = tokens(":root")
    assert by_system.keys() == light.keys()
    # What is alike in both is no colour of its own.
    assert [name for name, value in light.items() if by_system[name] == value] == []
