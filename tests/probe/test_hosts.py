import os

import pytest

from monitor.addresses import is_address
from monitor.model import AddressFamily
from monitor.probe.hosts import (
    HostsFile,
    localhost_addresses,
    parsed_hosts,
    system_resolver,
)

HOSTS = """
127.0.0.1 localhost   # us
::1 localhost six
10.0.0.5  NAS.home nas
10.0.0.6  nas
garbage   nas
"""


def test_hosts_are_parsed_with_aliases_and_comments():
    found = parsed_hosts(HOSTS)
    assert found["nas.home"] == ("10.0.0.5",)
    assert found["nas"] == ("10.0.0.5", "10.0.0.6")
    assert found["localhost"] == ("127.0.0.1", "::1")
    assert "us" not in found


@pytest.mark.parametrize(
    ("family", "addresses"),
    [
        (AddressFamily.IPV4, ("127.0.0.1",)),
        (AddressFamily.IPV6, ("::1",)),
        (AddressFamily.ANY, ("127.0.0.1", "::1")),
    ],
)
def test_hosts_are_chosen_by_family(tmp_path, family, addresses):
    path = tmp_path / "hosts"
    path.write_text(HOSTS)
    assert HostsFile(path).addresses("localhost", family) == addresses
    assert localhost_addresses("a.localhost", family) == addresses


def test_changed_hosts_file_is_read_again(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("10.0.0.1 a\n")
    hosts = HostsFile(path)
    assert hosts.addresses("a", AddressFamily.ANY) == ("10.0.0.1",)
    path.write_text("10.0.0.2 a\n")
    os.utime(path, (1, 1))
    assert hosts.addresses("a", AddressFamily.ANY) == ("10.0.0.2",)


def test_missing_hosts_file_knows_nobody(tmp_path):
    assert HostsFile(tmp_path / "none").addresses("a", AddressFamily.ANY) == ()


def test_resolver_is_the_first_name_server(tmp_path):
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# nameserver 1.1.1.1\nsearch x\nnameserver 9.9.9.9\nnameserver 8\n"
    )
    assert system_resolver(path) == "9.9.9.9"
    assert system_resolver(tmp_path / "none") == "127.0.0.1"


def test_names_are_no_addresses():
    assert is_address("::1")
    assert not is_address("a.test")
    assert localhost_addresses("notlocalhost", AddressFamily.ANY) == ()
