"""The table of addresses that nobody out on the net owns, whatever Python says."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from monitor.addresses import is_public, neighbourhood

NOBODYS = (
    *("0.0.0.0", "0.1.2.3", "10.66.0.1", "100.64.0.1", "100.127.255.255"),
    *("127.0.0.53", "169.254.169.254", "172.16.5.5", "172.31.255.255"),
    *("192.0.0.1", "192.0.0.9", "192.0.0.170", "192.0.2.1", "192.88.99.1"),
    *("192.168.1.1", "198.18.0.7", "198.19.255.255", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::c0a8:101", "::ffff:127.0.0.1", "::ffff:192.168.1.1"),
    *("::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe"),
    *("64:ff9b:1::8.8.8.8", "100::1", "100:0:0:1::1", "2001::1"),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:1::1", "2001:2::1", "2001:10::1"),
    *("2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:c0a8:101::1", "3fff::1"),
    *("5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1"),
    *("ff02::1", "ff0e::1"),
)
SOMEBODYS = (
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "157.240.0.35"),
    *("172.15.0.1", "172.32.0.1", "192.0.1.1", "198.17.0.1", "198.20.0.1"),
    *("223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2400:cb00::1"),
    *("2606:4700::1111", "2a00:1450::1", "2620:4f:8000::1", "::ffff:8.8.8.8"),
    *("64:ff9b::808:808", "2002:808:808::1"),
)


@pytest.mark.parametrize("address", NOBODYS)
def test_nobody_outside_owns_it(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", SOMEBODYS)
def test_somebody_outside_may_own_it(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("four", ["10.0.0.1", "169.254.169.254", "8.8.4.4"])
@pytest.mark.parametrize("form", ["::ffff:{}", "64:ff9b::{}"])
def test_an_address_inside_another_is_judged(four: str, form: str) -> None:
    assert is_public(form.format(four)) is is_public(IPv4Address(four))


def test_all_that_is_not_given_out_is_nobodys() -> None:
    for top in range(256):
        address = IPv6Address(bytes([top, 0x30]) + bytes(14))
        assert is_public(address) is (0x20 <= top < 0x40), address


@pytest.mark.parametrize("text", ["", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        is_public(text)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("151.101.65.140", "151.101.0.0/16"),
        ("2a04:4e42:600::485", "2a04:4e42::/32"),
        ("64:ff9b::9765:418c", "151.101.0.0/16"),
        ("203.0.113.10", "203.0.113.10/32"),
        ("192.168.1.1", "192.168.1.1/32"),
    ],
)
def test_neighbours_are_of_one_network_and_what_nobody_owns_has_none(address, network):
    assert str(neighbourhood(address)) == network
