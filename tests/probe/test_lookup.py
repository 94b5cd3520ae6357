import asyncio

import pytest
from dns import rdatatype

from monitor.clock import SystemClock
from monitor.model import AddressFamily
from monitor.probe.failure import ProbeFailedError
from monitor.probe.lookup import look_up, split_resolver
from monitor.probe.traffic import Traffic
from tests.servers import dns
from tests.waiting import PATIENCE_S

FOUR, SIX, ANY = AddressFamily.IPV4, AddressFamily.IPV6, AddressFamily.ANY
BOTH = dns.addresses("192.0.2.1", "192.0.2.2", "2001:db8::1")
CLOCK = SystemClock()


async def found(names, family=ANY, host="site.test"):
    async with asyncio.timeout(PATIENCE_S):
        return await look_up(host, family, names.resolver, CLOCK, Traffic())


@pytest.mark.parametrize(
    ("family", "addresses", "n_queries"),
    [
        (FOUR, ("192.0.2.1", "192.0.2.2"), 1),
        (SIX, ("2001:db8::1",), 1),
        (ANY, ("192.0.2.1", "192.0.2.2"), 1),
    ],
)
async def test_one_query_gives_the_addresses_of_a_family(
    names, family, addresses, n_queries
):
    names.rules["site.test"] = BOTH
    answers = await found(names, family)
    assert answers.addresses == addresses
    assert len(names.asked) == n_queries


async def test_ipv6_is_asked_when_there_is_no_ipv4(names):
    names.rules["site.test"] = dns.addresses("2001:db8::1")
    answers = await found(names, ANY)
    assert answers.addresses == ("2001:db8::1",)
    assert [kind for _, kind in names.asked] == [rdatatype.A, rdatatype.AAAA]


async def test_name_that_does_not_exist_is_asked_once(names):
    with pytest.raises(ProbeFailedError, match="dns_nxdomain_error"):
        await found(names, ANY, "nobody.test")
    assert len(names.asked) == 1


async def test_alias_is_followed_inside_the_answer(names):
    names.rules["site.test"] = dns.alias("edge.test.", BOTH)
    answers = await found(names, FOUR)
    assert answers.addresses == ("192.0.2.1", "192.0.2.2")


async def test_truncated_answer_is_fetched_over_tcp(names):
    many = [f"192.0.2.{i}" for i in range(100)]
    names.rules["site.test"] = dns.truncated
    names.over_tcp["site.test"] = dns.addresses(*many)
    answers = await found(names, FOUR)
    assert len(answers.addresses) == 16
    assert set(answers.addresses) < set(many)
    assert len(names.asked) == 2


async def test_answer_to_another_question_is_passed_over(names):
    def wrong_id(query):
        reply = bytearray(BOTH(query).to_wire())
        reply[0] ^= 0xFF
        return bytes(reply)

    names.rules["site.test"] = wrong_id
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await found(names)


async def test_time_is_from_query_to_answer(names):
    names.rules["site.test"] = BOTH
    names.delay_s = 0.1
    begun_s = CLOCK.monotonic_s()
    answers = await found(names)
    assert begun_s <= answers.sent_s <= answers.arrived_s - 0.1
    assert answers.arrived_s <= CLOCK.monotonic_s()


@pytest.mark.parametrize(
    ("resolver", "parts"),
    [
        ("1.1.1.1", ("1.1.1.1", 53)),
        ("1.1.1.1:5353", ("1.1.1.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
        ("[::1]", ("::1", 53)),
    ],
)
def test_resolver_may_have_a_port(resolver, parts):
    assert split_resolver(resolver) == parts
