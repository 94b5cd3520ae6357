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
    "--config",
    "--timezone",
    "--yes",
    "/etc/resolv.conf",
    "/monitor",
    "/srv/reports",
    "10GB",
    "1MB",
    "1h",
    "2MB",
    "500kB",
    "5m",
    "90s",
    "=yes",
    "Accept-Ranges: bytes",
    "Apprise",
    "Asia/Almaty",
    "Enter",
    "HTTP",
    "IANA",
    "IP",
    "ISO",
    "KZ",
    "MSS",
    "MTU",
    "NTP",
    "PPPoE",
    "TLS",
    "UDP",
    "UTC",
    "UTF-8",
    "YAML",
    "[2620:fe::fe]",
    "`direct`",
    "`monitor import`",
    "`monitor init`",
    "`monitor resume`",
    "`monitor run`",
    "`monitor web password`",
    "`monitor web token`",
    "`vantage`",
    "behind_proxy",
    "chmod go=",
    "chown",
    "chrony",
    "consent: require",
    "Ctrl-C",
    "database:",
    "differential.neutral",
    "docs/deployment.md",
    "download: false",
    "download_host",
    "download_url",
    "end:",
    "false",
    "host:",
    "host_from",
    "host_like",
    "http://",
    "https://",
    "init:",
    "interface:",
    "level: extended",
    "localhost",
    "mailto://",
    "monitor[quic]",
    "mtproto://",
    "name:",
    "notify.urls",
    "ntfy://ntfy.sh/",
    "ntfy://topic",
    "part:",
    "password_hash",
    "pip install qh3",
    "postgresql+psycopg://user:password@host/database",
    "probing.resolvers",
    "proxies:",
    "quic",
    "quic.targets",
    "reports",
    "resolvers:",
    "role: twin",
    "service:",
    "sites:",
    "socks5://",
    "sqlite:///",
    "ssh -D",
    "start:",
    "sudo",
    "timedatectl set-ntp true",
    "timezone:",
    "tls://",
    "token_hash",
    "true",
    "url:",
    "way_down",
    "web.port",
    "wg0",
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
