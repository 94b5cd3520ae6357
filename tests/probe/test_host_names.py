"""The first host name in a page that is like a pattern."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.probe.host_names import first_like, is_like

CACHE = "r*---sn-*.googlevideo.com"
OWN = "rr1---sn-a5cpn2-axqe.googlevideo.com"


def first(text: str | bytes, pattern: str = CACHE) -> str | None:
    raw = text.encode() if isinstance(text, str) else text
    return next((name for name in first_like(raw.lower(), pattern) if name), None)


@pytest.mark.parametrize(
    "text",
    [
        f'<link rel="preload" href="https://{OWN}/generate_204" as="fetch">',
        f'"url":"https:\\/\\/{OWN}\\/videoplayback?expire=1"',
        f'"url":"https://{OWN.upper()}/videoplayback?expire=1\\u0026ei=x"',
        f'"url":"https:\\u002F\\u002F{OWN}\\u002Fvideoplayback"',
        f"'https:\\x2f\\x2f{OWN}'",
        f'"one\\n{OWN}"',
        f"?next=https%3A%2F%2F{OWN}%2Fvideoplayback",
        f"?next=https%253A%252F%252F{OWN}",
        f"//{OWN}:443/",
        f"seen at {OWN}.",
        f"{OWN}",
        f"www.googlevideo.com x.googlevideo.com {OWN} r2---sn-b.googlevideo.com",
        f"https://{OWN}.evil.test/ https://{OWN}/",
        f"https://x.{OWN}/ https://{OWN}/",
        f"https://evil-{OWN}/ https://{OWN}/",
        f"{'x' * 300}{OWN} {OWN}",
        f"{'.' * 300}googlevideo.com {OWN}",
    ],
)
def test_name_is_found_wherever_it_stands(text: str) -> None:
    assert first(text) == OWN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "googlevideo.com",
        "https://r1---sn-.googlevideo.co/",
        f"https://{OWN}x/",
        f"https://{OWN}.evil.test/",
        f"https://{OWN}-a.test/",
        f"https://x.{OWN}/",
        f"r{'1' * 60}---sn-a.googlevideo.com",
        "r1--sn-a.googlevideo.com",
        "r1---sn\u2010a.googlevideo.com",
    ],
)
def test_whatever_is_not_quite_like_it_is_passed_over(text: str) -> None:
    assert first(text) is None


@pytest.mark.parametrize("slash", ["/", "\\/", "\\u002F", "\\x2f", "%2F", "%252f"])
def test_letters_of_an_escape_are_no_part_of_a_name(slash: str) -> None:
    assert first(f"https:{slash}{slash}{OWN}{slash}", "*.googlevideo.com") == OWN
    assert (
        first(f"https:{slash}{slash}u002f{OWN}", "*.googlevideo.com") == f"u002f{OWN}"
    )


def test_pattern_without_a_star_is_the_name_itself() -> None:
    assert first("a.cdn4.test b.cdn4.test cdn4.test", "cdn4.test") == "cdn4.test"


LABEL = st.text("ab-", max_size=8)


@given(LABEL, st.text("ab-*", min_size=1, max_size=6))
@example("aab", "a*a*b")
@example("ab", "ab*b")
def test_star_is_any_part_of_a_label(label: str, pattern: str) -> None:
    expected = re.fullmatch(pattern.replace("*", "[ab-]*"), label) is not None
    is_name = bool(label)
    assert is_like(f"{label}.x.org", f"{pattern}.x.org") is (expected and is_name)


@pytest.mark.parametrize(
    ("page", "pattern"),
    [
        (b".googlevideo.com" * 125_000, CACHE),
        (b"a.googlevideo.com" * 117_000, CACHE),
        (b"r---sn-" * 285_000, CACHE),
        (b"a" * 2_000_000, "a*a*a*a*a*a*b.x.org"),
        ((b"a" * 60 + b".x.org ") * 29_000, "a*a*a*a*a*a*a*a*a*b.x.org"),
        (b"." * 2_000_000, "*.x.org"),
    ],
)
def test_hostile_page_has_no_more_steps_than_ends(page, pattern) -> None:
    """Each step looks at one end and at the 254 bytes before it."""
    steps = list(first_like(page, pattern))
    assert not any(steps)
    assert len(steps) == page.count(pattern.rpartition("*")[2].encode())
