"""Telegram's first messages: asked as its apps do, every answer checked."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.probe import probes_of
from monitor.probe.exchanges import N_EXCHANGES
from monitor.probe.failure import ProbeFailedError
from monitor.probe.mtproto import Obfuscated, Question
from tests.probe.site import SITE, at
from tests.servers import web
from tests.servers.mtproto import data_centre, res_pq, says_raw
from tests.servers.tcp import closed_port, serve

INVALID = "unknown_failure: invalid_mtproto_response"


def outcome(sample):
    operation = sample.failed_operation
    return (operation and operation.value, sample.failure)


async def measured(prober, handler):
    async with serve(handler) as server:
        target = at(server.port, "mtproto", "")
        assert probes_of(target) == ("mtproto",)
        return await prober.measure(target, "mtproto")


async def test_twenty_exchanges_in_one_connection(prober):
    seen: list[bytes] = []
    async with serve(data_centre(seen=seen)) as server:
        sample = await prober.measure(at(server.port, "mtproto", ""), "mtproto")
        assert server.n_connections == 1
    assert outcome(sample) == (None, None)
    assert len(seen) == N_EXCHANGES == len(sample.timeline)
    assert len({message[24:] for message in seen}) == N_EXCHANGES, "a nonce of its own"
    ids = [struct.unpack("<q", message[8:16])[0] for message in seen]
    assert ids == sorted(ids)
    assert all(number % 4 == 0 for number in ids)
    assert sample.encoded_body_bytes == N_EXCHANGES * len(res_pq(seen[0]))
    assert (sample.probe, sample.url) == ("mtproto", f"mtproto://{SITE}:{server.port}")
    assert sample.tls_handshake_s is sample.goodput_bps is sample.http_status is None
    assert sample.server_name is None
    assert sample.tcp_retransmits in range(5)  # a busy machine answers late
    assert sample.tcp_segs_in >= N_EXCHANGES
    assert 0 < sample.connect_s < sample.duration_s


async def test_first_answer_is_waited_for_and_the_others_are_the_rest(prober):
    sample = await measured(prober, data_centre(delay_s=0.02))
    assert sample.waiting_s >= 0.02
    assert sample.response_s >= 0.02 * (N_EXCHANGES - 1)


async def test_answer_in_pieces_is_whole(prober):
    sample = await measured(prober, data_centre(piecewise=True))
    assert outcome(sample) == (None, None)
    assert len(sample.timeline) == N_EXCHANGES


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (lambda m: struct.pack("<i", -404), "unknown_failure: mtproto_error_404"),
        (lambda m: res_pq(m, nonce=bytes(16)), INVALID),
        (lambda m: b"\1" + res_pq(m)[1:], INVALID),
        (lambda m: res_pq(m)[:-8], INVALID),
        (lambda m: res_pq(m)[:20] + bytes(4) + res_pq(m)[24:], INVALID),
        (lambda m: res_pq(m)[:40], INVALID),
        (lambda m: res_pq(m, pq=b"\xff" * 200), None),
        (lambda m: res_pq(m)[:56] + b"\xff" + res_pq(m)[57:], INVALID),
        (lambda m: b"", INVALID),
    ],
)
async def test_answer_is_checked(prober, reply, failure):
    sample = await measured(prober, data_centre(reply))
    operation = failure and "http_round_trip"
    assert outcome(sample) == (operation, failure)


async def test_later_answers_are_checked_as_well(prober):
    wrong = data_centre(res_pq, res_pq, lambda m: res_pq(m, nonce=bytes(16)))
    sample = await measured(prober, wrong)
    assert outcome(sample) == ("read", INVALID)
    assert len(sample.timeline) == 2, "what came before is kept"


@pytest.mark.parametrize(
    "answer", [b"\x00" * 100, b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(256))]
)
async def test_other_protocol_is_no_answer(hasty, answer):
    sample = await measured(hasty, says_raw(answer))
    assert sample.failed_operation == "http_round_trip"
    assert sample.failure in (INVALID, "generic_timeout_error")


async def test_flood_is_cut(hasty):
    sample = await measured(hasty, says_raw(bytes(1_000_000)))
    assert sample.failure is not None
    assert sample.encoded_body_bytes is None


@pytest.mark.parametrize(
    ("handler", "operation", "failure"),
    [
        (web.silent, "http_round_trip", "generic_timeout_error"),
        (web.resets_at_once, "http_round_trip", "connection_reset"),
        (web.closes_at_once, "http_round_trip", "eof_error"),
        (data_centre(ends_after=3), None, None),
        (data_centre(resets_after=3), "read", "connection_reset"),
        (data_centre(res_pq, res_pq, lambda m: None), "read", "generic_timeout_error"),
    ],
)
async def test_failure_is_a_value_in_its_stage(hasty, handler, operation, failure):
    assert outcome(await measured(hasty, handler)) == (operation, failure)


async def test_nobody_listens(prober):
    sample = await prober.measure(at(closed_port(), "mtproto", ""), "mtproto")
    assert outcome(sample) == ("connect", "connection_refused")


async def test_answers_that_take_longer_than_the_limit_are_slow_and_no_failure(
    make_prober,
):
    slow = make_prober(stage_timeout_s=1.0)
    sample = await measured(slow, data_centre(delay_s=0.3))
    assert outcome(sample) == (None, None)
    assert sample.response_s >= 1.0
    assert 1 < len(sample.timeline) < N_EXCHANGES


@given(st.binary(max_size=300))
def test_any_bytes_are_no_answer_to_this_question(data):
    packets, question = Obfuscated(), Question()
    n_refused = 0
    try:
        for reply in packets.opened(data):
            with pytest.raises(ProbeFailedError, match="unknown_failure: "):
                question.check(reply)
            n_refused += 1
    except ProbeFailedError:
        assert n_refused <= len(data)
