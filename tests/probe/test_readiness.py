import asyncio
import socket
import time

import pytest

from monitor.clock import SystemClock
from monitor.probe.channel import PlainChannel
from monitor.probe.readiness import connected, readable, send_all
from tests.servers import web
from tests.servers.tcp import closed_port, serve

CLOCK = SystemClock()


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("n_turns", [0, 1, 2, 3])
async def test_given_up_waiting_loses_no_bytes(pair, n_turns):
    ours, theirs = pair
    channel = PlainChannel(ours, CLOCK)
    theirs.send(b"first")
    assert len(await channel.receive()) == 5
    task = asyncio.create_task(channel.receive())
    await asyncio.sleep(0)
    theirs.send(b"second")
    for _ in range(n_turns):  # up to: it was ready, but the task had no turn yet
        await asyncio.sleep(0)
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, asyncio.CancelledError):
        outcome = await channel.receive()
    assert bytes(outcome) == b"second"


async def test_instant_is_that_of_arrival_and_not_of_the_turn(pair):
    ours, theirs = pair
    loop = asyncio.get_running_loop()
    held_up_s: list[float] = []

    def hold_up() -> None:
        held_up_s.append(CLOCK.monotonic_s())
        time.sleep(0.1)

    task = asyncio.create_task(readable(ours, CLOCK))
    await asyncio.sleep(0)
    theirs.send(b"x")
    # In the pass of the loop that sees the arrival; so it is before the task's turn.
    loop.call_soon(loop.call_soon, hold_up)
    assert await task <= held_up_s[0]


async def test_flood_leaves_the_loop_to_others(pair):
    ours, theirs = pair
    channel = PlainChannel(ours, CLOCK)
    turns = 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    for _ in range(50):
        theirs.send(bytes(1000))
        await channel.receive()
    task.cancel()
    assert turns >= 50


async def test_much_is_sent_in_pieces(pair):
    ours, theirs = pair
    theirs.setblocking(False)
    data = bytes(3_000_000)
    sending = asyncio.create_task(send_all(ours, data, CLOCK))
    received = 0
    while received < len(data):
        await readable(theirs, CLOCK)
        received += len(theirs.recv(1 << 20))
    await sending


async def test_connection_takes_its_time_and_says_why_not():
    with socket.socket() as sock:
        sock.setblocking(False)
        with pytest.raises(ConnectionRefusedError):
            await connected(sock, ("127.0.0.1", closed_port()), CLOCK)
    async with serve(web.silent) as server:
        with socket.socket() as sock:
            sock.setblocking(False)
            before_s = CLOCK.monotonic_s()
            began_s, ended_s = await connected(sock, ("127.0.0.1", server.port), CLOCK)
    assert before_s <= began_s < ended_s <= CLOCK.monotonic_s()
