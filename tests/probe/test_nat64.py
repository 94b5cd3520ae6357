"""What a home's own network translates is no lie; what is inside is judged."""

import asyncio
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from monitor.model import AddressFamily, Probe, Target
from monitor.probe import wire
from monitor.probe.nat64 import NAME, inner_address, outer_address, prefixes_in
from tests.servers import dns

PREFIX = "fd64:1::"
OF_RFC_6052 = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
]


@pytest.mark.parametrize(("prefix", "address"), OF_RFC_6052)
def test_addresses_of_the_standards_own_table(prefix: str, address: str) -> None:
    inner = inner_address(IPv6Address(address), IPv6Network(prefix))
    assert str(inner) == "192.0.2.33"
    outer = outer_address(IPv4Address("192.0.2.33"), IPv6Network(prefix))
    assert outer == IPv6Address(address)


def test_prefix_is_found_in_the_answer_for_its_name() -> None:
    answer = ("64:ff9b::c000:aa", "64:ff9b::c000:ab", "192.0.0.170")
    assert prefixes_in(answer) == (IPv6Network("64:ff9b::/96"),)
    assert prefixes_in(("2001:db8:122:344:c0:0:aa00::",)) == (
        IPv6Network("2001:db8:122:344::/64"),
    )
    assert prefixes_in(("2001:db8::1", "192.0.0.170")) == ()


async def failure_of(names, make_prober, answer: str, *, family: str = "ipv6"):
    names.rules["site.test"] = dns.addresses(answer)
    prober = make_prober(allow_private_answers=False)
    target = Target(
        name="site", url="https://site.test/", address_family=AddressFamily(family)
    )
    sample = await prober.measure(target, Probe.HTTPS)
    assert sample.dns_answers == (answer,)
    return sample.failed_operation, sample.failure


@pytest.mark.parametrize(
    ("inside", "is_lie"), [("808:808", False), ("7f00:1", True), ("c0a8:101", True)]
)
async def test_what_is_inside_of_a_translated_address_counts(
    names, make_prober, inside: str, is_lie: bool
) -> None:
    names.rules[NAME] = dns.addresses(f"{PREFIX}c000:aa", f"{PREFIX}c000:ab")
    told = await failure_of(names, make_prober, f"{PREFIX}{inside}")
    # Nobody translates here: the connection fails, but nobody is called a liar.
    assert (told == ("resolve", "dns_bogon_error")) is is_lie
    assert told[0] == ("resolve" if is_lie else "connect")


async def test_without_a_translation_it_is_a_lie(names, make_prober) -> None:
    names.rules[NAME] = dns.addresses("192.0.0.170", "192.0.0.171")
    told = await failure_of(names, make_prober, f"{PREFIX}808:808")
    assert told == ("resolve", "dns_bogon_error")


async def test_a_lie_of_ipv4_asks_nobody_else(names, make_prober) -> None:
    told = await failure_of(names, make_prober, "10.0.0.1", family="ipv4")
    assert told == ("resolve", "dns_bogon_error")
    assert NAME not in {name for name, _ in names.asked}


@pytest.mark.parametrize(
    ("answer", "family", "six_alone", "reached"),
    [
        (f"{PREFIX}c000:aa", "any", True, f"{PREFIX}c000:221"),
        ("192.0.0.170", "any", True, "192.0.2.33"),
        (f"{PREFIX}c000:aa", "any", False, "192.0.2.33"),
        (f"{PREFIX}c000:aa", "ipv4", True, "192.0.2.33"),
    ],
    ids=["translated", "no-translation", "has-a-way", "asked-for-ipv4"],
)
async def test_an_address_of_ipv4_is_reached_by_the_translation(
    names, make_prober, monkeypatch, answer, family, six_alone, reached
) -> None:
    """As apps do: Telegram's data centres have addresses and no names."""
    monkeypatch.setattr(wire, "is_six_alone", lambda: six_alone)
    names.rules[NAME] = dns.addresses(answer)
    target = Target(
        name="dc", url="tcp://192.0.2.33:443", address_family=AddressFamily(family)
    )
    prober = make_prober(stage_timeout_s=0.3)
    sample = await prober.measure(target, Probe.TCP)
    assert sample.remote_address == reached
    assert sample.resolver is None


async def test_who_comes_while_the_prefix_is_asked_for_waits(
    names, make_prober, monkeypatch
) -> None:
    """Found in the lab: of three data centres of a round two had no way."""
    monkeypatch.setattr(wire, "is_six_alone", lambda: True)
    names.rules[NAME] = dns.addresses(f"{PREFIX}c000:aa")
    prober = make_prober(stage_timeout_s=0.3)
    targets = [Target(name=f"dc{n}", url=f"tcp://192.0.2.{n}:443") for n in range(1, 4)]
    samples = await asyncio.gather(*(prober.measure(t, Probe.TCP) for t in targets))
    assert [s.remote_address for s in samples] == [
        f"{PREFIX}c000:20{n}" for n in range(1, 4)
    ]
    assert [name for name, _ in names.asked].count(NAME) == 1
