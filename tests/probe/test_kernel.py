import socket
import struct

from monitor.clock import SystemClock
from monitor.probe.kernel import TcpFigures, handshake_s, parsed_figures, tcp_figures


def info(length: int, **values: int) -> bytes:
    raw = bytearray(256)
    for name, value in values.items():
        struct.pack_into("=I", raw, int(name[1:]), value)
    return bytes(raw[:length])


def test_figures_are_read_at_their_offsets():
    raw = info(256, _68=21_000, _92=30_000, _100=3, _140=90, _148=20_500, _224=7)
    assert parsed_figures(raw) == TcpFigures(
        tcp_rtt_s=0.021,
        tcp_rcv_rtt_s=0.03,
        tcp_retransmits=3,
        tcp_min_rtt_s=0.0205,
        tcp_rcv_ooopack=7,
        tcp_segs_in=90,
    )


def test_older_kernel_gives_what_it_has():
    figures = parsed_figures(info(152, _68=21_000, _148=20_500))
    assert figures.tcp_min_rtt_s == 0.0205
    assert (figures.tcp_segs_in, figures.tcp_rcv_ooopack) == (0, None)
    assert parsed_figures(info(143)).tcp_segs_in is None
    assert parsed_figures(b"") == TcpFigures()


def test_unset_round_trip_is_not_measured():
    assert parsed_figures(info(256, _148=0xFFFFFFFF)).tcp_min_rtt_s is None


def test_handshake_of_a_connection_is_known_to_the_kernel():
    begun_s = SystemClock().monotonic_s()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as sock,
    ):
        connected_s = SystemClock().monotonic_s() - begun_s
        assert 0 < handshake_s(sock) < connected_s


def test_handshake_of_an_unconnected_socket_is_not_known():
    with socket.socket() as sock:
        assert handshake_s(sock) is None


def test_socket_that_is_no_tcp_has_no_figures():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert tcp_figures(sock) == TcpFigures()
