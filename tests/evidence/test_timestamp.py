"""Time-stamps of a real authority: obtained, kept, refused when they do not fit."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.children import Limits
from monitor.errors import InputError, ServiceError
from monitor.evidence import timestamp
from monitor.evidence.timestamp import check, roots, stamp
from tests.costs import in_brief
from tests.evidence.authority import make_authority, serving
from tests.ports import free_port
from tests.servers.hostile import ENDLESS, no_room, silent
from tests.servers.tcp import serve

DIGEST = "ab" * 32


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    make_authority(folder)
    return folder


def test_a_stamp_holds_for_its_digest_only(authority):
    trusted = roots(authority / "root.pem")
    with serving(authority) as url:
        found = stamp(url, DIGEST, trusted=trusted)
    assert found.is_signature_checked
    assert abs(found.stamped_at_utc - datetime.now(UTC)) < timedelta(minutes=1)
    assert check(found.token, DIGEST, trusted=trusted) == found
    with pytest.raises(ValueError, match="does not hold"):
        check(found.token, "cd" * 32, trusted=trusted)


def test_without_a_root_the_digest_is_still_checked(authority):
    with serving(authority) as url:
        found = stamp(url, DIGEST)
    assert not found.is_signature_checked
    with pytest.raises(ValueError, match="on something else"):
        check(found.token, "cd" * 32)


def test_a_stamp_of_a_stranger_does_not_hold(authority, tmp_path):
    make_authority(tmp_path)
    with serving(tmp_path) as url, pytest.raises(ServiceError, match="does not hold"):
        stamp(url, DIGEST, trusted=roots(authority / "root.pem"))


def test_an_altered_token_fails_or_says_the_same(authority):
    """Only bytes of spare copies of certificates may change without harm."""
    trusted = roots(authority / "root.pem")
    with serving(authority) as url:
        genuine = stamp(url, DIGEST, trusted=trusted)
    n_refused = 0
    for position in range(0, len(genuine.token), 7):
        token = bytearray(genuine.token)
        token[position] ^= 1
        try:
            found = check(bytes(token), DIGEST, trusted=trusted)
        except ValueError:
            n_refused += 1
        else:
            assert found.stamped_at_utc == genuine.stamped_at_utc
    assert n_refused > len(genuine.token) / 7 / 2


def test_an_authority_that_is_away_is_a_service_out_of_reach():
    with pytest.raises(ServiceError, match="authority"):
        stamp(f"http://127.0.0.1:{free_port()}/", DIGEST)


@pytest.fixture
def soon(monkeypatch):
    """Little time: what hangs is ended soon, also on a busy machine."""
    limits = Limits(time_s=10, memory_bytes=256 << 20)
    monkeypatch.setattr(timestamp, "_LIMITS", limits)


NOT_ENDING = ("silence", "dripping headers", "chunk extensions", "packed body")
"""One of each way; a message's server, held by the same limits, is tried with all."""


@pytest.mark.parametrize("kind", in_brief(NOT_ENDING, *NOT_ENDING[:2]))
async def test_an_authority_without_end_is_left(soon, kind):
    async with serve(ENDLESS[kind]) as server:
        url = f"http://user:hunter2@127.0.0.1:{server.port}/"
        with pytest.raises(ServiceError, match="authority") as caught:
            await asyncio.to_thread(stamp, url, DIGEST)
    assert "hunter2" not in str(caught.value)


async def test_a_handshake_and_a_connection_without_end_are_left(soon):
    async with serve(silent) as server:
        with pytest.raises(ServiceError, match="authority"):
            await asyncio.to_thread(stamp, f"https://127.0.0.1:{server.port}/", DIGEST)
    with no_room() as port, pytest.raises(ServiceError, match="authority"):
        await asyncio.to_thread(stamp, f"http://127.0.0.1:{port}/", DIGEST)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_an_authority_that_leads_elsewhere_is_not_followed(authority, status):
    with serving(authority) as genuine:

        async def leads(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 {status} A\r\nLocation: {genuine}\r\n"
            writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
            writer.close()

        async with serve(leads) as server:
            url = f"http://127.0.0.1:{server.port}/"
            with pytest.raises(ServiceError, match=f"HTTP status {status}"):
                await asyncio.to_thread(stamp, url, DIGEST)


def test_only_http_is_asked():
    with pytest.raises(InputError, match="allowed: https"):
        stamp("file:///etc/passwd", DIGEST)


def test_a_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "a.pem").write_text("hello")
    with pytest.raises(InputError, match="no certificates"):
        roots(tmp_path / "a.pem")
