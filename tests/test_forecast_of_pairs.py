"""`monitor config check` tells what blocks and ways receive in a day."""

from monitor.cli.forecast import pairs_forecast
from monitor.config import parse

SITE = {"name": "a", "url": "https://a.test/", "download_url": "https://a.test/big"}
OTHER = {"name": "b", "url": "tls://b.test"}


def told(**more: object) -> list[str]:
    document = {"timezone": "UTC", "targets": [SITE, OTHER], **more}
    return list(map(str, pairs_forecast(parse(document, source="x"))))


def of_blocks(**section: object) -> str:
    differential = {"neutral": "https://n.test/1m.bin", **section}
    (line,) = told(probing={"level": "extended"}, differential=differential)
    return line


def test_nothing_of_what_is_not_configured() -> None:
    assert told() == []


def test_blocks_of_a_site_with_an_object_have_eight_legs() -> None:
    # 72 sentinels of two legs and three calm blocks; fourteen blocks of the evening
    line = of_blocks(targets=["a"])
    assert line.startswith("blocks: about 47 MB a day more, and at most 31 MB on ")


def test_blocks_of_a_site_without_one_have_four() -> None:
    assert "about 44 MB a day more, and at most 16 MB" in of_blocks(targets=["b"])


def test_one_target_has_the_slot() -> None:
    line = of_blocks(targets=["a", "b"], sentinel_every="10m")
    assert "about 171 MB a day more, and at most 40 MB" in line


def test_a_neutral_server_elsewhere_than_names_are_read_is_told() -> None:
    section = {"neutral": "https://n.test:8443/1m.bin", "targets": ["a"]}
    lines = told(probing={"level": "extended"}, differential=section)
    assert ["port 8443" in line for line in lines] == [False, True]
    section["neutral"] = "https://n.test:443/1m.bin"
    assert len(told(probing={"level": "extended"}, differential=section)) == 1


def test_no_blocks_are_told_as_none() -> None:
    assert "at most 0 MB" in of_blocks(targets=["a"], blocks_per_evening=0)


def test_ways_have_four_legs_each_time() -> None:
    ways = [{"name": "tunnel", "interface": "wg0", "every": "30m"}]
    (line,) = told(ways=ways)
    assert line.startswith("way tunnel: about 54 MB a day more")
