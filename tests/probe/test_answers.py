import pytest

from monitor.probe.plausibility import has_bogon, is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.66.0.1",
        "100.64.0.1",
        "127.0.0.53",
        "169.254.1.1",
        "172.16.5.5",
        "192.168.1.1",
        "198.18.0.7",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
    ],
)
def test_address_that_leads_nowhere_is_bogus(address):
    assert has_bogon([address])
    assert not has_bogon([address], allow_private=True)


@pytest.mark.parametrize(
    "address", ["157.240.0.35", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_address_is_true(address):
    assert is_public(address)
    assert not has_bogon([address])


def test_one_bogus_address_spoils_the_answer():
    assert has_bogon(["157.240.0.35", "10.0.0.1"])


def test_block_page_address_is_bogus_whatever_else_is_allowed():
    blocked = ("2001:4860:4860:0:0:0:0:8888",)
    assert has_bogon(
        ["2001:4860:4860::8888"], block_page_addresses=blocked, allow_private=True
    )
