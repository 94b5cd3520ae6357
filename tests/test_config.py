"""config.yaml: what is accepted, what is refused, and with which words."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import (
    checked_database_url,
    control_gaps,
    effective,
    load,
    parse,
    partial_controls,
)
from monitor.daemon.wiring import new_ration
from monitor.errors import ConfigError, InputError
from monitor.model import AddressFamily, Role
from monitor.sampling.ration import forecast_bytes_per_day

MINIMAL: dict[str, Any] = {
    "timezone": "Asia/Almaty",
    "targets": [{"name": "facebook", "url": "https://www.facebook.com/"}],
}
SITE = {"name": "a", "url": "https://a.example/"}

NAMED = {
    "name": "n",
    "url": "tls://b.example",
    "host_from": "https://a.example/",
    "host_like": "r*---sn-*.b.example",
}
TWIN = {"name": "twin", "url": "tls://t.example", "role": "twin", "service": "a"}

MISTAKES = [
    ({"timezone": "Asia/Almata"}, "timezone: found 'Asia/Almata'; allowed: an IANA"),
    ({"timezone": "localtime"}, "timezone: found 'localtime'; allowed: an IANA"),
    ({"timezone": "../etc/passwd"}, "timezone: found '../etc/passwd'; allowed"),
    ({"every": "5"}, "every: found '5'; allowed: a whole number with s, m or h"),
    ({"every": 300}, "every: found 300; allowed: a whole number with s, m or h"),
    ({"every": "0s"}, "every: found '0s'; allowed: 10s to 1h"),
    ({"every": "2h"}, "every: found '2h'; allowed: 10s to 1h"),
    ({"window": {"start": "25:00"}}, "window.start: found '25:00'; allowed: a local"),
    ({"window": {"start": 1200}}, "window.start: found 1200; allowed: a local time"),
    (
        {"window": {"start": "20:00", "end": "20:00"}},
        "window: found {'start': '20:00', 'end': '20:00'}; allowed: start and end must",
    ),
    ({"targets": []}, "targets: found []; allowed"),
    ({"targets": "facebook"}, "targets: found 'facebook'; allowed: a list"),
    ({"targets": [SITE] * 101}, "allowed: 100 of them or fewer"),
    ({"targets": ["facebook"]}, "targets[0]: found 'facebook'; allowed: keys with"),
    ({"window": None}, "window: found None; allowed: keys with their values"),
    ({"vantage": False}, "vantage: found False; allowed: a text, in quotes where"),
    ({"targets": [{**SITE, "download": "maybe"}]}, "allowed: true or false"),
    (
        {"targets": [{**SITE, "address_family": "x"}]},
        "allowed: 'any', 'ipv4', 'ipv6' or 'both'",
    ),
    ({"targets": [{**SITE, "url": "https://a:0/"}]}, "when there is one, from 1 to"),
    ({"targets": [{**SITE, "url": "https://a/\x9f"}]}, "or control characters"),
    ({"targets": [SITE, {"name": "b"}]}, "targets[1].url: missing"),
    ({"targets": [{**SITE, "uri": "x"}]}, "targets[0].uri: unknown key"),
    ({"targets": [{**SITE, "name": "_gateway"}]}, "targets[0].name: found '_gateway'"),
    ({"targets": [{**SITE, "name": "a/../b"}]}, "targets[0].name: found 'a/../b'"),
    ({"targets": [{**SITE, "url": "ftp://a"}]}, "targets[0].url: found 'ftp://a'"),
    ({"targets": [{**SITE, "url": "https://"}]}, "targets[0].url: found 'https://'"),
    ({"targets": [{**SITE, "url": "https://a:99999/"}]}, "targets[0].url: found"),
    ({"targets": [{**SITE, "url": "https://u:p@a/"}]}, "targets[0].url: found"),
    ({"targets": [{**SITE, "url": "tcp://a"}]}, "tcp:// needs a host and a port"),
    (
        {"targets": [SITE, SITE]},
        "targets[1].name: found 'a'; allowed: a name that no other site has;"
        " targets[0].name is the same",
    ),
    (
        {"controls": [{"name": "facebook", "url": "https://b/"}]},
        "controls[0].name: found 'facebook'; allowed: a name that no other site has",
    ),
    ({"targets": [{**SITE, "hosts": ["com"]}]}, "targets[0].hosts[0]: found 'com'"),
    ({"targets": [{**SITE, "hosts": ["github.io"]}]}, "not github.io, below which"),
    ({"targets": [{**SITE, "hosts": ["https://x.org/"]}]}, "allowed: a host name such"),
    ({"targets": [{**SITE, "hosts": ["*.x.org"]}]}, "allowed: a host name such as"),
    ({"targets": [{**SITE, "hosts": ["10.0.0.1"]}]}, "allowed: a host name such as"),
    ({"targets": [{**SITE, "hosts": ["localhost"]}]}, "allowed: a host name such as"),
    ({"targets": [{**SITE, "hosts": "x.org"}]}, "targets[0].hosts: found 'x.org'"),
    ({"database": "mysql://u@h/d"}, "database: found 'mysql://u@h/d'; allowed: sqlite"),
    ({"database": "sqlite://"}, "database: found 'sqlite://'; allowed: sqlite"),
    ({"web": {"port": 70000}}, "web.port: found 70000; allowed: 65535 or less"),
    ({"web": {"port": True}}, "web.port: found True; allowed: a whole number"),
    ({"web": {"port": 1.5}}, "web.port: found 1.5; allowed: a whole number"),
    ({"web": {"port": "x"}}, "web.port: found 'x'; allowed: a whole number"),
    ({"throughput": {"max_bytes": "10kB"}}, "throughput.max_bytes: found '10kB'"),
    ({"throughput": {"max_bytes": True}}, "throughput.max_bytes: found True; allowed"),
    ({"probing": {"per_second": 0}}, "probing.per_second: found 0; allowed"),
    ({"budget": {"per_day": "1kB"}}, "budget.per_day: found '1kB'; allowed"),
    (
        {"budget": {"per_month": "1TB"}},
        "budget.per_month: found '1TB'; allowed: a size",
    ),
    ({"consent": "no"}, "consent: found 'no'; allowed"),
    ({"probing": {"level": "wild"}}, "probing.level: found 'wild'; allowed"),
    ({"probing": {"resolvers": ["8.8.8.8"]}}, "allowed: level: extended, since"),
    ({"probing": {"resolvers": ["8.8.8.8:53"]}}, "allowed: level: extended, since"),
    ({"probing": {"resolvers": ["[2001:4860::1]:53"]}}, "allowed: level: extended"),
    ({"probing": {"resolvers": ["dns.example"]}}, "probing.resolvers[0]: found"),
    ({"probing": {"resolvers": ["9.9.9.9:0"]}}, "allowed: an IP address, alone or"),
    ({"probing": {"block_page_addresses": ["x"]}}, "allowed: an IP address"),
    ({"targets": [{**SITE, "url": "https://a..b/"}]}, "targets[0].url: found"),
    ({"budget": {"per_day": 16**4000}}, "budget.per_day: found a number that is"),
    ({"evry": "5m"}, "evry: unknown key"),
    ({"targets": [{**SITE, "service": "a" * 33}]}, "targets[0].service: found 'aaa"),
    ({"targets": [{**SITE, "service": "a b"}]}, "allowed: a name as of a target, of"),
    ({"targets": [{**SITE, "part": "video"}]}, "allowed: 'page', 'media', 'api' or"),
    ({"targets": [{**SITE, "url": "tls://a/x"}]}, "tls:// with a host and a port and"),
    ({"targets": [{**SITE, "url": "tls://a?x"}]}, "tls:// with a host and a port and"),
    ({"targets": [{**SITE, "url": "mtproto://a"}]}, "mtproto:// needs a host and a"),
    ({"targets": [{**NAMED, "host_like": None}]}, "host_from and host_like together"),
    ({"targets": [{**NAMED, "host_from": None}]}, "host_from and host_like together"),
    ({"targets": [{**NAMED, "host_from": "tls://a"}]}, "targets[0].host_from: found"),
    ({"targets": [{**NAMED, "url": "https://a/"}]}, "host_from beside a url with tls"),
    (
        {"targets": [{**SITE, "url": "mtproto://a:1", "download_url": "https://a/"}]},
        "no download_url beside a url with mtproto://",
    ),
    (
        {"targets": [{**SITE, "url": "tls://a", "download_host": "a.example"}]},
        "download_host beside a page as url",
    ),
    ({"targets": [{**SITE, "download_host": "co.uk"}]}, "targets[0].download_host: f"),
    (
        {"targets": [{**SITE, "download_host": "a.org", "download_url": "https://b/"}]},
        "without download_url",
    ),
    ({"targets": [SITE, {**TWIN, "service": None}]}, "targets[1].service: missing"),
    (
        {"targets": [SITE, {**TWIN, "service": "b"}]},
        "targets[1].service: found 'b'; allowed: the service of a target that is no",
    ),
    ({"targets": [SITE, {**TWIN, "part": "media"}]}, "allowed: role: twin without p"),
    ({"targets": [SITE, {**TWIN, "role": "x"}]}, "targets[1].role: found 'x'; allowed"),
    ({"controls": [TWIN]}, "controls[0].role: unknown key"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_mistake_is_named_with_its_path(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({**MINIMAL, **change}, source="config.yaml")
    assert message in str(caught.value)


def test_all_problems_are_reported_at_once() -> None:
    document = {"timezone": "x", "every": "y", "targets": [{"name": "a"}], "z": 1}
    document |= {"controls": [{"name": "a", "url": "https://b/"}]}
    with pytest.raises(ConfigError) as caught:
        parse(document, source="c")
    paths = {problem.split(":")[0] for problem in caught.value.problems}
    assert paths == {
        *("timezone", "every", "targets[0].url", "z"),
        "controls[0].name",
    }


def test_password_does_not_reach_the_message() -> None:
    with pytest.raises(ConfigError) as caught:
        parse({**MINIMAL, "database": "mysql://u:secret@h/d"}, source="c")
    assert "secret" not in str(caught.value)


def test_defaults_are_those_of_the_contract() -> None:
    config = parse(MINIMAL, source="c")
    assert (config.vantage, config.database) == ("home", "sqlite:///monitor.db")
    assert (config.every, str(config.window)) == (timedelta(minutes=5), "20:00-22:00")
    assert (config.web.host, config.web.port) == ("127.0.0.1", 8420)


def test_shipped_file_measures_the_four_services_and_enough_controls() -> None:
    config = load(Path("config.yaml"))
    assert {"facebook", "youtube", "telegram", "twitter"} <= {
        site.name for site in config.targets
    }
    assert len(config.controls) >= 5
    assert any(site.url.startswith("tcp://") for site in config.targets)


def test_shipped_file_measures_the_hosts_that_were_really_slowed() -> None:
    config = load(Path("config.yaml"))
    sites = {target.name: target for target in config.all_targets()}
    of_service: dict[str, set[str]] = {}
    for target in config.targets:
        of_service.setdefault(target.service or "", set()).add(target.part)
    for service in ("facebook", "youtube", "telegram", "twitter"):
        assert {"page", "media"} <= of_service[service]
    assert sites["youtube-video"].host_like == "r*---sn-*.googlevideo.com"
    assert sites["twitter"].download_host == "abs.twimg.com"
    hosts = {target.url.removeprefix("tls://") for target in sites.values()}
    assert {"i.ytimg.com", "pbs.twimg.com", "video.twimg.com", "t.co"} <= hosts
    assert {"scontent.xx.fbcdn.net", "cdn4.telesco.pe"} <= hosts
    assert any(target.url.startswith("mtproto://") for target in sites.values())
    # Who measures a shipped service's own company as a control sees nothing of it.
    assert list(partial_controls(config)) == []


BEFORE_MEDIA_HOSTS_BYTES = 1_218_594_816
"""The forecast of the shipped file without them, of a day."""


def test_shipped_file_needs_no_more_data_than_before_it_had_the_media_hosts() -> None:
    config = load(Path("config.yaml"))
    ration = new_ration(config)
    of_day = forecast_bytes_per_day(ration.costs, ration.timetable)
    assert sum(of_day.values()) <= BEFORE_MEDIA_HOSTS_BYTES


@pytest.mark.parametrize(
    "pattern",
    [
        *("*", "*.com", "a*.co.uk", "*.github.io", "a.b*", "a.*", "10.0.0.1", ""),
        *("a b.example.org", "https://a.example.org/", "a..example.org", "a?.b.org"),
        "[a-z].example.org",
        "(a+)+.example.org",
        f"{'a' * 64}.example.org",
        ".".join(["a" * 60] * 5),
    ],
)
def test_pattern_of_a_host_fits_names_of_one_owner_only(pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({**MINIMAL, "targets": [{**NAMED, "host_like": pattern}]}, source="c")
    assert "targets[0].host_like: found" in str(caught.value)


def test_hosts_of_a_service_become_records() -> None:
    sites = [
        SITE,
        {**NAMED, "service": "a", "part": "media"},
        TWIN,
        {"name": "x" * 40, "url": "mtproto://149.154.167.51:443"},
    ]
    config = parse({**MINIMAL, "targets": sites}, source="c")
    page, media, twin, other = (
        target for site in config.targets for target in site.records(Role.TARGET)
    )
    assert (page.service, page.part) == ("a", "page")
    assert (media.service, media.part) == ("a", "media")
    assert (media.host_from, media.host_like) == (
        "https://a.example/",
        "r*---sn-*.b.example",
    )
    assert (twin.service, twin.part, twin.role) == ("a", "twin", Role.TARGET)
    # Longer than the column of contracts 4: the name of the target is its service's.
    assert other.service is None


def test_twin_of_an_unnamed_service_and_the_other_mistakes_are_told_at_once() -> None:
    sites = [{**TWIN, "service": "b"}, {**NAMED, "host_like": "*"}]
    with pytest.raises(ConfigError) as caught:
        parse({**MINIMAL, "targets": sites}, source="c")
    paths = [problem.split(":")[0] for problem in caught.value.problems]
    assert paths == ["targets[1].host_like", "targets[0].service"]


def test_targets_and_controls_become_records_with_roles() -> None:
    config = parse({**MINIMAL, "controls": [SITE]}, source="c")
    assert [(t.name, t.role) for t in config.all_targets()] == [
        ("facebook", Role.TARGET),
        ("a", Role.CONTROL),
    ]


def test_effective_configuration_masks_the_password() -> None:
    url = "postgresql+psycopg://user:secret@host/name"
    shown = effective(parse({**MINIMAL, "database": url}, source="c"))
    assert shown["database"] == "postgresql+psycopg://user:***@host/name"
    assert shown["every"] == "300s"


def test_effective_configuration_can_be_loaded_again() -> None:
    config = load(Path("config.yaml"))
    shown = effective(config)
    again = {key: value for key, value in shown.items() if value is not None}
    assert parse(again, source="again") == config


# Few lines that stand for nine to the power of seven values, as lists and as merges.
LAUGHS = b"".join(
    b"- &%c [%s]\n" % (98 + i, b", ".join([b"*%c" % (97 + i)] * 9)) for i in range(7)
)
MERGES = LAUGHS.replace(b"[", b"{<<: [").replace(b"]", b"]}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"timezone: [", "not valid YAML"),
        (b"timezone: A\ntimezone: B\n", "not valid YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"", "found nothing"),
        (b"- a\n", "found list"),
        (b"a: &x [*x, *x]\n" + b"b: " + b"[" * 5000, "not valid YAML"),
        (b"x" * 1_000_001, "larger than"),
        (b"targets:\n- &a [x]\n" + LAUGHS + b"- *h\n", "more than 20000 values"),
        (b"targets:\n- &a {x: 1}\n" + MERGES, "more than 20000 values"),
        (b"a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_hostile_file_gets_a_clear_message(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.yaml: cannot be read"):
        load(tmp_path / "nothing.yaml")


def test_database_argument_replaces_the_files(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("timezone: UTC\ntargets: [{name: a, url: 'https://a/'}]\n")
    assert load(path, database="sqlite:///other.db").database == "sqlite:///other.db"


def test_plain_postgresql_url_gets_the_driver_that_is_installed() -> None:
    url = checked_database_url("postgresql://u@h/d", source="--database")
    assert url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize("resolver", ["192.168.1.1", "127.0.0.1:5353", "fe80::1%eth0"])
def test_resolver_of_the_home_is_plain(resolver: str) -> None:
    probing = {"resolvers": [resolver]}
    config = parse({**MINIMAL, "probing": probing}, source="x")
    assert config.probing.level == "plain"


def test_public_resolver_is_extended() -> None:
    probing = {"resolvers": ["9.9.9.9"], "level": "extended"}
    config = parse({**MINIMAL, "probing": probing}, source="x")
    assert config.probing.resolvers == ("9.9.9.9",)


BLOCKS = {"neutral": "https://own.example/1m.bin", "targets": ["facebook"]}


@pytest.mark.parametrize(
    ("level", "change", "words"),
    [
        ("plain", {}, "differential: needs probing.level: extended"),
        ("extended", {"targets": ["nobody"]}, "no such target: nobody"),
        ("extended", {"neutral": "https://m.facebook.com/x"}, "a server of your own"),
        ("extended", {"neutral": "https://dl.files.test/x"}, "not of facebook"),
        ("extended", {"neutral": "https://static.xx.fbcdn.net/x"}, "not of facebook"),
        ("extended", {"neutral": "https://9.9.9.9:8443/x"}, "not of control"),
        ("extended", {"neutral": "https://192.168.1.1/x"}, "out on the net"),
        ("extended", {"neutral": "https://[::1]/x"}, "out on the net"),
        ("extended", {"neutral": "https://localhost/x"}, "out on the net"),
        ("extended", {"neutral": "http://own.example/x"}, "a URL with https:// and a"),
        ("extended", {"sentinel_every": "1m"}, "10m to 24h"),
        ("extended", {"blocks_per_evening": 15}, "differential.blocks_per_evening"),
    ],
)
def test_blocks_need_a_level_targets_and_a_server_of_one_s_own(
    level: str, change: dict[str, object], words: str
) -> None:
    document = {
        **MINIMAL,
        "targets": [
            {
                "name": "facebook",
                "url": "https://www.facebook.com/",
                "download_url": "https://www.files.test/big",
            }
        ],
        "controls": [{"name": "control", "url": "https://9.9.9.9/"}],
        "probing": {"level": level},
        "differential": {**BLOCKS, **change},
    }
    with pytest.raises(InputError, match=words):
        parse(document, source="x")


def test_blocks_are_none_unless_they_are_configured() -> None:
    plain = parse(MINIMAL, source="x")
    name = plain.targets[0].name
    blocks = {**BLOCKS, "targets": [name]}
    more = {"probing": {"level": "extended"}, "differential": blocks}
    assert plain.differential is None
    extended = parse({**MINIMAL, **more}, source="x")
    assert extended.differential is not None
    assert extended.differential.bytes == 256_000


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ({"name": "direct", "interface": "wg0"}, "name: any but direct"),
        ({"name": "t"}, "either interface or url"),
        (
            {"name": "t", "interface": "wg0", "url": "socks5://127.0.0.1:1"},
            "either interface or url",
        ),
        ({"name": "t", "interface": "wg 0"}, "ways.0..interface"),
        ({"name": "t", "url": "socks5://9.9.9.9:1080"}, "not 9.9.9.9: between here"),
        ({"name": "t", "url": "socks5://100.64.0.1:1080"}, "not 100.64.0.1: between"),
        ({"name": "t", "url": "socks5://0.0.0.0:1080"}, "between here and there"),
        ({"name": "t", "url": "socks5://169.254.1.1:1080"}, "between here and there"),
        ({"name": "t", "url": "socks5://proxy.example:1080"}, "with the address"),
        ({"name": "t", "url": "socks5://127.0.0.1"}, "with the address and port"),
        ({"name": "t", "url": "http://u:p@127.0.0.1:8080"}, "and nothing else"),
        ({"name": "t", "url": "https://127.0.0.1:8080"}, "socks5:// or http://"),
        ({"name": "t", "interface": "wg0", "every": "1m"}, "10m to 24h"),
        (
            {"name": "t", "interface": "wg0", "targets": ["nobody"]},
            "no such target: nobody",
        ),
    ],
)
def test_ways_are_of_this_home_and_lead_to_targets(
    way: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        parse({**MINIMAL, "ways": [way]}, source="x")


def test_ways_are_none_unless_they_are_configured() -> None:
    assert parse(MINIMAL, source="x").ways == ()
    ways = [
        {"name": "tunnel", "interface": "wg0"},
        {"name": "proxy", "url": "http://[::1]:3128"},
    ]
    config = parse({**MINIMAL, "ways": ways}, source="x")
    assert [config.names_by(way) for way in config.ways] == [
        {site.name for site in config.targets}
    ] * 2
    with pytest.raises(InputError, match="each name once"):
        parse({**MINIMAL, "ways": ways[:1] * 2}, source="x")


def test_hosts_of_a_service_are_known_or_named() -> None:
    named = {**SITE, "hosts": ["CDN.Example.net."]}
    none = {"name": "b", "url": "https://m.facebook.com/", "hosts": []}
    config = parse(
        {**MINIMAL, "targets": [*MINIMAL["targets"], named, none]}, source="c"
    )
    facebook, own, nothing = config.all_targets()
    assert (facebook.domain, facebook.hosts) == ("facebook.com", ("fbcdn.net",))
    assert (own.domain, own.hosts) == ("a.example", ("cdn.example.net",))
    assert nothing.hosts == ()
    assert effective(config)["targets"][0]["hosts"] == ["fbcdn.net"]


PAGES = [
    {"name": f"c{n}", "url": f"https://{n}.example{n}.org/", "download": True}
    for n in range(5)
]


@pytest.mark.parametrize(
    ("controls", "lack"),
    [
        (PAGES, None),
        ([], "none: nobody can say"),
        (PAGES[:2], "2: with fewer than 3"),
        (PAGES[:4], "4 of 4 owners are few"),
        ([{**p, "url": f"https://{p['name']}.a.org/"} for p in PAGES], "5 of 1 owners"),
        ([{**p, "download": False} for p in PAGES], "0 of 5 have transfers"),
        # Of the target's own company: no stranger, and not counted.
        ([{"name": "c", "url": "https://whatsapp.com/"}], "none: nobody can say"),
    ],
)
def test_what_the_controls_cannot_show_is_told(controls: list[dict], lack: str | None):
    config = parse(
        {
            "timezone": "Asia/Almaty",
            "targets": [{"name": "facebook", "url": "https://www.facebook.com/"}],
            "controls": controls,
        },
        source="x",
    )
    gaps = [str(gap.lack) for gap in control_gaps(config)]
    assert gaps == [] if lack is None else gaps[0].startswith(lack)


def test_nothing_is_missing_of_the_shipped_controls() -> None:
    assert list(control_gaps(load(Path("config.yaml")))) == []


def test_both_families_are_two_hosts_of_one_service() -> None:
    config = parse(
        {**MINIMAL, "targets": [{**SITE, "address_family": "both"}]}, source="x"
    )
    four, six = (t for t in config.all_targets() if t.service == SITE["name"])
    assert (four.name, six.name) == (SITE["name"], f"{SITE['name']}-ipv6")
    families = (four.address_family, six.address_family)
    assert families == (AddressFamily.IPV4, AddressFamily.IPV6)
    assert (four.service, four.url) == (six.service, six.url)


def test_both_families_are_no_two_controls_and_take_no_name() -> None:
    both = {**SITE, "address_family": "both"}
    other = {"name": f"{SITE['name']}-ipv6", "url": "https://b.example/"}
    with pytest.raises(ConfigError, match="another site has that name"):
        parse({**MINIMAL, "targets": [both, other]}, source="x")
    with pytest.raises(ConfigError, match="count as two controls"):
        parse({**MINIMAL, "controls": [{**both, "name": "c"}]}, source="x")


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ({"name": "n" * 33}, "needs a service"),
        ({"name": "n" * 60, "service": "a"}, "too long for a name"),
        ({"url": "tcp://149.154.167.51:443"}, "an address, which is of one family"),
        ({"url": "tls://[2001:db8::1]"}, "an address, which is of one family"),
    ],
)
def test_both_families_are_refused_where_they_would_be_no_two_hosts_of_one_service(
    site: dict[str, Any], message: str
) -> None:
    both = {**SITE, **site, "address_family": "both"}
    with pytest.raises(ConfigError, match=message):
        parse({**MINIMAL, "targets": [both]}, source="x")
    parse({**MINIMAL, "targets": [{**both, "address_family": "any"}]}, source="x")


@pytest.mark.parametrize(
    "twin",
    [
        {"url": SITE["url"]},
        {"url": "tls://cache.a.example"},
        {"url": "tls://n.b.example"},
        {"host_from": "https://t.example/", "host_like": "r*.a.example"},
    ],
)
def test_a_twin_is_no_host_of_a_target_which_would_clear_whoever_slows_both(
    twin: dict[str, Any],
) -> None:
    sites = [SITE, {**NAMED, "service": "a"}, {**TWIN, **twin}]
    with pytest.raises(ConfigError, match="a host of somebody else, not of"):
        parse({**MINIMAL, "targets": sites}, source="x")


def test_what_keys_ask_of_each_other_is_a_problem_each() -> None:
    wrong = {"quic": {"targets": ["x", "y"]}, "report": {"deliver": "weekly"}}
    with pytest.raises(ConfigError) as caught:
        parse({**MINIMAL, **wrong}, source="x")
    paths = [problem.split(":")[0] for problem in caught.value.problems]
    assert paths == ["quic.targets", "quic.targets", "report.deliver"]


def test_the_domain_of_a_site_is_told_apart_and_is_no_key() -> None:
    config = parse(MINIMAL, source="x")
    (site,) = effective(config)["targets"]
    assert "domain" not in site
    assert config.targets[0].domain
    changed = {**MINIMAL, "targets": [{**SITE, "domain": "example.org"}]}
    with pytest.raises(ConfigError, match=r"targets\[0\].domain: unknown key"):
        parse(changed, source="x")
