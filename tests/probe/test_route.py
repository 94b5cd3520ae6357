"""The default route and counters out of the kernel's files."""

from pathlib import Path

from monitor.probe.route import DefaultRoute, NetworkFiles, default_route

HEAD = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
)
ETHERNET = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
WIFI = "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
LOCAL = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
ARP_HEAD = "IP address HW type Flags HW address Mask Device\n"


def test_default_route_has_the_lowest_metric() -> None:
    expected = DefaultRoute("eth0", "192.168.1.1")
    assert default_route(HEAD + WIFI + LOCAL + ETHERNET) == expected


def test_two_half_routes_are_the_way_before_any_other() -> None:
    halves = "".join(
        f"tun0\t{half}\t01080A0A\t0003\t0\t0\t50\t00000080\t0\t0\t0\n"
        for half in ("00000000", "00000080")
    )
    expected = DefaultRoute("tun0", "10.10.8.1")
    assert default_route(HEAD + ETHERNET + halves) == expected


def test_route_without_a_gateway_and_one_that_refuses() -> None:
    line = "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
    refuses = "lo\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
    assert default_route(HEAD + line) == DefaultRoute("ppp0", None)
    assert default_route(HEAD + refuses) is None


def test_no_default_route_is_none() -> None:
    assert default_route(HEAD + LOCAL) is None
    assert default_route("") is None


def test_files_below_another_root_are_read(tmp_path: Path) -> None:
    statistics = tmp_path / "sys/class/net/eth0/statistics"
    statistics.mkdir(parents=True)
    (statistics / "rx_bytes").write_text("12345\n")
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(HEAD + ETHERNET)
    (tmp_path / "proc/net/arp").write_text(
        ARP_HEAD
        + "192.168.1.1 0x1 0x2 aa:bb:cc:dd:ee:ff * eth0\n"
        + "192.168.1.9 0x1 0x0 00:00:00:00:00:00 * eth0\n"
    )
    files = NetworkFiles(tmp_path)
    assert files.route() == DefaultRoute("eth0", "192.168.1.1")
    assert files.received_bytes("eth0") == 12345
    assert files.is_neighbour("192.168.1.1")
    assert not files.is_neighbour("192.168.1.9")


def test_machine_without_such_files_answers_none(tmp_path: Path) -> None:
    files = NetworkFiles(tmp_path)
    assert (files.route(), files.received_bytes("eth0")) == (None, None)
