"""Hostile texts, one table for all outputs, and what no output may hold.

Who writes them: servers (headers, certificates, failures), files of others (names of
sites and vantages, failures, addresses), people (notes, names of files).
"""

import csv
import io
import re

MARKS = {
    "colour": "\x1b[31mred\x1b[0m",
    "cursor": "\x1b[2J\x1b[1;1H",
    "c1": "\x9b2J",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "backspace": "ok\x08\x08no\x7f",
    "bidi": "\u202egpj.exe",
    "isolate": "\u2067x\u2066",
    "unseen": "face\u200bbook\ufeff\u00ad",
    "tags": "a\U000e0041\U000e007f",
    "line": "a\nALERT: all is well",
    "other lines": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "return": "ALTERED\rintact",
    "tab": "\ta\tb",
}
"""What would move a cursor, hide, turn around or pretend to be another line."""

FORMULAS = {
    "dde": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "after tab": "\t=1+1",
    "after return": "\r=1+1",
    "after line": "\n=1+1",
    "wide": "\uff1d1+1",
    "semicolon": "x;=cmd|' /C calc'!A0;",
    "quoted": '",=1+1,"',
    "apostrophe": "'=1+1",
}
"""What a spreadsheet would run."""

PAGES = {
    "script": "<script>alert(1)</script>",
    "picture": "\"><img src=https://evil.example/x onerror='alert(1)'>",
    "file": '"><link rel=stylesheet href="file:///etc/passwd"><base href=//evil>',
    "template": "{{ 7*7 }}{% include 'report.css' %}",
    "breakout": "]]></style></svg><iframe src=//evil.example>",
    "places": "%(name)s %s %d %% {0} {name}",
    "maths": "$\\frac{1}{0}$ &amp;",
    "markdown": "[a](https://evil.example) ![b](https://evil.example/c) `d` @everyone",
    "rich": "[/red][link=https://evil.example]a[/link] :skull:",
}
"""What a page, a template or a message would take for its own."""

SIZES = {
    "long": "x" * 100_000,
    "wide": "\u5bbd" * 300,
    "stacked": "e" + "\u0301" * 300,
}

TEXTS = {**MARKS, **FORMULAS, **PAGES, **SIZES}

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\U000e0000-\U000e007f]"
)
_FORMULA = re.compile("(^|[;\t\r\n])[=+\\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")


def steering(text: str) -> list[str]:
    """What in a text would steer a terminal or turn a sentence; a line end does not."""
    return [ascii(found) for found in _STEERING.findall(text)]


def is_no_formula(cell: str) -> bool:
    """Whether no spreadsheet takes a cell, or a part of it, for a formula."""
    return _FORMULA.search(cell) is None


def cells(text: str) -> list[str]:
    """All cells of a CSV text."""
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


def storable(text: str, longest: int) -> str:
    """The text as the store and the sample files of others can hold it."""
    return text.replace("\x00", "")[:longest]
