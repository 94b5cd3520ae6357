"""One process measures a vantage: who is it, who may follow, and what a clock does."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from monitor.errors import HeldError
from monitor.store import Store
from monitor.store.engine import make_engine, writing
from monitor.store.holder import Holder
from monitor.store.tables import leases
from tests.store.test_database import T0

LASTS = timedelta(minutes=15)
HOUR = timedelta(hours=1)


@pytest.fixture
def me() -> Holder:
    return Holder.this_process()


@pytest.fixture
def far(me: Holder) -> Holder:
    """A process on another machine."""
    return replace(me, token="far", host="attic", machine="m2", boot="b2")


def hold(store: Store, holder: Holder, at=T0, vantage: str = "home") -> None:
    store.leases.hold(vantage, holder, lasts=LASTS, now_utc=at)


def move(url: str, by: timedelta) -> None:
    """Step the clock of the last renewal: the server's own cannot be stepped here."""
    engine = make_engine(url)
    shifted = leases.c.renewed_at_us + int(by.total_seconds() * 1e6)
    with writing(engine) as connection:
        connection.execute(update(leases).values(renewed_at_us=shifted))
    engine.dispose()


def test_the_second_process_is_refused_in_one_sentence(store, me, far):
    hold(store, far)
    with pytest.raises(HeldError) as caught:
        hold(store, me)
    said = str(caught.value)
    assert f"vantage 'home' is measured into this database by process {far.pid}" in said
    assert "on 'attic'" in said
    assert "a `vantage` of its own" in said
    hold(store, far)


def test_another_vantage_is_no_obstacle(store, me, far):
    hold(store, far)
    hold(store, me, vantage="garden")


def test_who_ended_well_leaves_at_once(store, me, far):
    hold(store, far)
    store.leases.let_go(far)
    hold(store, me)
    with pytest.raises(HeldError):
        hold(store, far)


def test_a_machine_that_vanished_is_waited_for_three_rounds(
    store, database: str, me, far
):
    hold(store, far)
    move(database, -LASTS + timedelta(minutes=1))
    with pytest.raises(HeldError):
        hold(store, me)
    move(database, -timedelta(minutes=2))
    hold(store, me)


@pytest.mark.parametrize("step", [HOUR, -HOUR, 9000 * HOUR, -9000 * HOUR])
def test_a_step_of_the_clock_locks_nobody_out_for_longer_than_a_lease(
    store, database: str, me, far, step
):
    """A row from a time that is not now binds nobody; its holder learns of the next."""
    hold(store, far)
    move(database, step)
    hold(store, me)
    with pytest.raises(HeldError):
        hold(store, far)
    hold(store, me)


@pytest.mark.parametrize("step", [HOUR, -HOUR, 9000 * HOUR])
def test_a_holder_that_is_seen_alive_keeps_it_whatever_the_clock_says(
    store, database: str, me, step
):
    alive = replace(me, token="other", pid=os.getppid(), began=began(os.getppid()))
    hold(store, alive)
    move(database, step)
    with pytest.raises(HeldError):
        hold(store, me)


def began(pid: int) -> str:
    from monitor.store.holder import _began

    return _began(pid)


@pytest.mark.every_run
def test_who_was_killed_is_followed_at_once(store, me):
    code = (
        "import os; from monitor.store.holder import Holder;"
        "print(Holder.this_process(), flush=True); input()"
    )
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        killed = eval(process.stdout.readline(), {"Holder": Holder})
        hold(store, killed)
        with pytest.raises(HeldError):
            hold(store, me)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        # Also as long as nobody has fetched its exit status.
        hold(store, me)


def test_a_number_that_another_process_has_now_is_no_sign_of_life(store, me):
    hold(store, replace(me, token="old", began="1"))
    hold(store, me)


def test_a_machine_that_was_started_anew_is_followed_at_once(store, me):
    hold(store, replace(me, token="old", boot="before"))
    hold(store, me)


@pytest.mark.parametrize("change", [{"pids": "pid:[1]"}, {"machine": "", "boot": "b"}])
def test_what_cannot_be_seen_is_not_taken_for_gone(store, me, change):
    """A container counts its own processes; a copied card has a machine's number."""
    hold(store, replace(me, token="other", pid=2**22 + 1, **change))
    with pytest.raises(HeldError):
        hold(store, me)


def test_of_many_that_begin_at_once_one_measures(database: str, me):
    from concurrent.futures import ThreadPoolExecutor

    from monitor.store import open_store

    open_store(database).close()
    others = [
        replace(me, token=str(n), machine=f"m{n}", boot=f"b{n}") for n in range(8)
    ]

    def begin(holder: Holder) -> bool:
        with open_store(database) as store:
            try:
                hold(store, holder)
            except HeldError:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, others)) == 1
