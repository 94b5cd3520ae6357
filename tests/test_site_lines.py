"""Sites switched and added in a file: comments stay, and nothing else changes."""

import pytest
from ruamel.yaml import YAML

from monitor.config import Config, parse
from monitor.config.proposal import shipped_text
from monitor.config.site_lines import added, site_lines, switched
from monitor.errors import MonitorError


def read(text: str) -> Config:
    return parse(YAML(typ="safe", pure=True).load(text), source="test")


def names(config: Config) -> list[str]:
    return [site.name for site in (*config.targets, *config.controls)]


ALL = names(read(shipped_text()))


def test_every_site_of_the_shipped_file_is_there():
    assert [site.name for site in site_lines(shipped_text())] == ALL
    assert all(site.is_on for site in site_lines(shipped_text()))


@pytest.mark.parametrize("name", ALL)
def test_a_site_is_switched_off_and_on_again(name: str):
    """Afterwards the file is what it was, byte by byte."""
    off = switched(shipped_text(), name, is_on=False)
    assert names(read(off)) == [site for site in ALL if site != name]
    assert [s.name for s in site_lines(off) if not s.is_on] == [name]
    assert {s.name for s in site_lines(off)} == set(ALL)
    assert off.count("\n") == shipped_text().count("\n")
    assert switched(off, name, is_on=True) == shipped_text()


def test_neighbours_are_switched_each_for_itself():
    text = shipped_text()
    for name in ("youtube-video", "youtube-images"):
        text = switched(text, name, is_on=False)
    text = switched(text, "youtube-video", is_on=True)
    assert [s.name for s in site_lines(text) if not s.is_on] == ["youtube-images"]


@pytest.mark.parametrize("kind", ["targets", "controls"])
def test_a_site_is_added_after_the_last_of_its_kind(kind: str):
    text = added(shipped_text(), kind, "vimeo", "https://vimeo.com/")
    sites = getattr(read(text), kind)
    assert (sites[-1].name, sites[-1].url) == ("vimeo", "https://vimeo.com/")
    removed = [line for line in text.split("\n") if "vimeo" not in line]
    assert removed == shipped_text().split("\n")


@pytest.mark.parametrize(
    ("name", "url", "told"),
    [
        ("facebook", "https://x.example/", "is there already"),
        ("x", "gopher://x.example/", "url"),
        ("a\nb: c", "https://x.example/", "name"),
        ('x", url: "https://evil.example', "https://x.example/", "name"),
        ("x", "https://x.example/\n- {name: y}", "url"),
    ],
)
def test_what_cannot_be_is_refused(name: str, url: str, told: str):
    with pytest.raises(MonitorError, match=told):
        added(shipped_text(), "targets", name, url)


def test_the_last_control_or_target_stays():
    text = shipped_text()
    first, *others = read(text).targets
    for site in others:
        text = switched(text, site.name, is_on=False)
    with pytest.raises(MonitorError, match="targets"):
        switched(text, first.name, is_on=False)
    with pytest.raises(MonitorError, match="not there"):
        switched(text, "nobody", is_on=False)
