"""What is told of a machine or a file: each phrase is read once in every language."""

from functools import lru_cache
from pathlib import Path

import pytest

from monitor.reason import Reason, Value, phrase, verbatim
from monitor.wording import language
from monitor.wording.reason_words import told
from release.messages import extracted
from tests.wording.test_branches import foreign_words
from tests.wording.test_languages import places

TYPED = {
    "/etc/resolv.conf",
    "10GB",
    "1MB",
    "Accept-Ranges: bytes",
    "Enter",
    "HTTP",
    "MSS",
    "MTU",
    "NTP",
    "PPPoE",
    "TLS",
    "UDP",
    "UTC",
    "`monitor run`",
    "chmod go=",
    "chown",
    "chrony",
    "differential.neutral",
    "docs/deployment.md",
    "download: false",
    "download_url",
    "host_from",
    "host_like",
    "https://",
    "monitor[quic]",
    "pip install qh3",
    "probing.resolvers",
    "quic.targets",
    "quic",
    "sudo",
    "timedatectl set-ntp true",
    "timezone:",
    "way_down",
}
"""What somebody types, and what is called alike everywhere."""


@lru_cache
def phrases() -> list[str]:
    found = extracted(Path(), {"phrase": None})
    return sorted({str(message.id) for message in found})


def value(kind: str) -> Value:
    if kind in ("reasons", "parts"):
        return (verbatim("7"), verbatim("8"))
    if kind == "stage":
        return "read"
    if kind == "date":
        return "2026-10-01"
    return 7.0 if kind.endswith("f") else "7"


def filled(message: str) -> Reason:
    return phrase(message, **{name: value(kind) for name, kind in places(message)})


def test_there_are_phrases_of_all_who_tell() -> None:
    assert {"no default route", "not tried: {why:reasons}"} <= {*phrases()}
    assert len(phrases()) > 100


@pytest.mark.parametrize("code", ["ru", "kk"])
def test_a_phrase_is_told_without_an_english_word(code: str) -> None:
    tongue = language(code)
    for message in phrases():
        text = told(filled(message), tongue)
        assert foreign_words(text, TYPED) == set(), text
        assert "{" not in text
        assert tongue.knows(message)


@pytest.mark.parametrize("code", ["ru", "kk"])
def test_a_phrase_keeps_its_places(code: str) -> None:
    for message in phrases():
        translated = places(language(code).gettext(message))
        kept = {(name, kind) for name, kind in translated if "|" not in kind}
        assert kept == places(message), message


def test_phrases_within_a_phrase_are_told_one_after_the_other() -> None:
    failures = (
        phrase("{stage:stage}: {failure}", stage="connect", failure="x"),
        verbatim("/tmp/y"),
    )
    outer = phrase(
        "{n} of {offering} that offer it give no answer by it: {failures:parts}",
        n=2,
        offering=3,
        failures=failures,
    )
    assert str(outer).endswith("by it: connect: x, /tmp/y")
    assert told(outer, language("ru")).endswith("соединение: x, /tmp/y")
