import pytest

from monitor.probe.tls_records import Records


def record(n_bytes: int) -> bytes:
    return b"\x17\x03\x03" + n_bytes.to_bytes(2, "big") + bytes(n_bytes)


def began(*pieces: tuple[float, bytes]) -> float:
    records = Records()
    for arrived_s, data in pieces:
        records.follow(memoryview(data), arrived_s)
    return records.began_s


def test_whole_record_began_when_it_arrived():
    assert began((1.0, record(10))) == 1.0


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 14])
def test_record_in_pieces_began_with_its_first_byte(cut):
    whole = record(10)
    assert began((1.0, whole[:cut]), (2.0, whole[cut:])) == 1.0


def test_whole_tickets_before_the_answer_do_not_count():
    ticket, answer = record(200), record(4000)
    pieces = ((1.0, ticket + ticket), (2.0, answer[:100]), (3.0, answer[100:]))
    assert began(*pieces) == 2.0


def test_ticket_and_beginning_of_the_answer_in_one_piece():
    ticket, answer = record(200), record(4000)
    assert began((1.0, ticket + answer[:3]), (2.0, answer[3:])) == 1.0
    assert began((1.0, ticket[:9]), (2.0, ticket[9:]), (3.0, answer)) == 3.0


def test_empty_record_is_over_at_once():
    assert began((1.0, record(0)), (2.0, record(5))) == 2.0
