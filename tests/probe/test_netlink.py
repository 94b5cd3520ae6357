"""The way out as a real kernel tells it, in namespaces of our own."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.model import Probe, Target
from monitor.probe import Prober, ProbeSettings
from monitor.probe.netlink import next_hop
from monitor.probe.route import NetworkFiles
from tests.servers import dns

UNSHARE = ["unshare", "-rnm"]


def has_namespaces() -> bool:
    words = [*UNSHARE, "sh", "-c", "mount -t sysfs none /sys && ip link"]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def told() -> str:
    """Interface, gateway and way of now; the mark of the gateway left out."""
    route, way = NetworkFiles().route(), NetworkFiles().way()
    if route is None or way is None:
        return "none"
    mark = f"/{way.gateway}" if way.gateway else ""
    assert bool(mark) is (route.gateway is not None)
    return f"{route.interface} {route.gateway} {str(way).removesuffix(mark)}"


def inside() -> None:
    """One home after the other, in a namespace without any network."""
    subprocess.run("mount -t sysfs none /sys", shell=True, check=True)
    ip("link set lo up")
    print(told())
    ip("link add eth0 type veth peer name far")
    ip("addr add 198.18.0.2/24 dev eth0")
    ip("link set far up")
    ip("link set eth0 up")
    ip("route add default via 198.18.0.1")
    print(told())
    first = NetworkFiles().way()
    ip("tuntap add tun0 mode tun")
    ip("addr add 10.8.0.2/24 dev tun0")
    ip("link set tun0 up")
    ip("route add 0.0.0.0/1 dev tun0")
    ip("route add 128.0.0.0/1 dev tun0")
    print(told())
    ip("route del 0.0.0.0/1 dev tun0")
    ip("route del 128.0.0.0/1 dev tun0")
    # wg-quick's way: another table, for all that is not its own
    ip("rule add not fwmark 51820 table 51820")
    ip("route add default dev tun0 table 51820")
    print(told())
    ip("rule del table 51820")
    ip("route replace default via 198.18.0.9")
    print(told(), NetworkFiles().way() == first)
    without_a_gateway()


def without_a_gateway() -> None:
    """A home that is its own router, then one with IPv6 alone."""
    ip("route del default")
    ip("route add default dev eth0")
    print(told())
    ip("route del default")
    ip("-6 addr add fd00::2/64 dev eth0 nodad")
    ip("-6 route add default via fe80::1 dev eth0")
    print(told())
    asyncio.run(by_any_family())
    ip("route add default dev eth0")
    asyncio.run(by_any_family())


async def by_any_family() -> None:
    """Prints which of a site's two addresses is taken."""
    rules = {"site.test": dns.addresses("127.0.0.1", "::1")}
    async with dns.name_server(rules) as names:
        settings = ProbeSettings(
            resolvers=(names.resolver,), allow_private_answers=True
        )
        site = Target(name="site", url="tcp://site.test:9")
        sample = await Prober(settings, SystemClock()).measure(site, Probe.TCP)
        print(sample.remote_address, sample.failure)


@pytest.mark.skipif(
    "CI" not in os.environ and not has_namespaces(),
    reason="user namespaces are not allowed here",
)
def test_ways_of_a_home() -> None:
    words = [*UNSHARE, sys.executable, "-m", "tests.probe.test_netlink"]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "none",
        "eth0 198.18.0.1 line/ethernet",
        "tun0 None tunnel/tun",
        "tun0 None tunnel/tun",
        "eth0 198.18.0.9 line/ethernet False",
        "eth0 None line/ethernet",
        "eth0 fe80::1%eth0 line/ethernet",
        "::1 connection_refused",
        "127.0.0.1 connection_refused",
    ]


def test_what_is_no_address_has_no_way() -> None:
    assert next_hop("no address") is None


@pytest.mark.parametrize(
    ("files", "way"),
    [
        ({"uevent": "DEVTYPE=wireguard\n", "type": "65534"}, "tunnel/wireguard"),
        ({"uevent": "DEVTYPE=wlan\n", "type": "1"}, "line/wifi"),
        ({"uevent": "DEVTYPE=wwan\n", "type": "1"}, "phone/wwan"),
        ({"type": "512"}, "line/ppp"),
        ({"type": "1", "tun_flags": "0x1002"}, "tunnel/tun"),
        ({"type": "778"}, "tunnel/gre"),
        ({"type": "1"}, "line/ethernet"),
    ],
)
def test_kinds_of_interfaces(tmp_path: Path, files: dict[str, str], way: str) -> None:
    folder = tmp_path / "sys/class/net/any0"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    (tmp_path / "proc/net").mkdir(parents=True)
    line = "any0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
    (tmp_path / "proc/net/route").write_text(f"head\n{line}")
    assert str(NetworkFiles(tmp_path).way()) == way


def test_phones_by_their_networks(tmp_path: Path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    line = "wlan0\t00000000\t{}\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    kinds = []
    for gateway in ("010A14AC", "012BA8C0", "0101A8C0"):  # least byte first
        (tmp_path / "proc/net/route").write_text(f"head\n{line.format(gateway)}")
        kinds.append(str(NetworkFiles(tmp_path).way()).split("/")[0])
    assert kinds == ["phone", "phone", "line"]


def test_mark_of_a_gateway_is_the_machines_own(tmp_path: Path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    line = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    (tmp_path / "proc/net/route").write_text(f"head\n{line}")
    marks = set()
    for machine in ("a" * 32, "b" * 32):
        (tmp_path / "etc/machine-id").write_text(machine)
        way = NetworkFiles(tmp_path).way()
        assert way is not None
        marks.add(way.gateway)
    assert len(marks) == 2
    assert all(len(mark) == 4 for mark in marks)


if __name__ == "__main__":
    inside()
