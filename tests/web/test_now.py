"""The present of a home, asked of real databases over HTTP and on the terminal."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from monitor.cli.root import cli
from monitor.config import load
from monitor.model import Probe, Role, Sample
from monitor.probe.next_resolver import FIRST_SILENT
from monitor.store import open_store
from monitor.store.instants import to_us
from monitor.store.reader import Point
from monitor.web.answers.now import NEVER, _outcomes
from monitor.web.answers.overview import _target
from tests.fakes import FakeClock
from tests.web import history
from tests.web.conftest import Serve

HALF_PAST_NINE = datetime(2026, 10, 20, 16, 31, tzinfo=UTC)
"""In the evening of the made-up home; its last round was a minute ago."""


@pytest.fixture
def evening(clock: FakeClock) -> FakeClock:
    clock.step((HALF_PAST_NINE - history.NOW).total_seconds())
    return clock


async def test_the_evening_is_told_as_it_is(
    serve: Serve, history_url: str, evening: FakeClock
) -> None:
    client = await serve(history_url)
    answer = await client.get("/api/v1/now", params={"language": "en"})
    assert answer.status == 200, await answer.text()
    found = await answer.json()
    sites = {site["target"]: site for site in found["sites"]}
    assert found["line"] == "up"
    assert sites["facebook"]["state"] == "slow"
    assert sites["facebook"]["times_slower"] == pytest.approx(10, rel=0.1)
    assert sites["facebook"]["since_utc"] == "2026-10-20T15:00:01Z"
    assert sites["twitter"]["state"] == "failed"
    assert sites["twitter"]["failed_operation"] == "tls_handshake"
    assert sites["twitter"]["has_ever_answered"]
    assert {sites[name]["state"] for name in ("wikipedia", "vk")} == {"well"}
    assert found["told"][0] == "The line is well: 4 of 5 sites answered."
    assert any(
        "Facebook is 9" in told or "Facebook is 10" in told for told in found["told"]
    )


async def test_the_line_is_in_health_and_metrics(
    serve: Serve, sqlite_history: str, evening: FakeClock
) -> None:
    client = await serve(sqlite_history)
    health = await (await client.get("/healthz")).json()
    assert (health["fresh"], health["line"]) == (True, "up")
    assert (await client.get("/healthz/line")).status == 200
    assert await line_up(client) == 1.0


async def line_up(client: TestClient) -> float | None:
    text = await (await client.get("/metrics")).text()
    families = {f.name: f for f in text_string_to_metric_families(text)}
    found = families.get("monitor_line_up")
    return None if found is None else found.samples[0].value


def fill_dead_line(url: str, now: datetime) -> None:
    """Two rounds in which nothing answered but the gateway."""
    with open_store(url) as store:
        for minutes in (16, 1):
            moment = now - timedelta(minutes=minutes)
            store.samples.append([*dead_round(moment)])


def dead_round(moment: datetime) -> list[Sample]:
    dead = [
        Sample(
            started_at_utc=moment + timedelta(seconds=place),
            target=name,
            role=role,
            duration_s=10.0,
            failed_operation="connect",
            failure="generic_timeout_error",
        )
        for place, (name, role) in enumerate(history.SITES.items())
    ]
    gateway = Sample(
        started_at_utc=moment,
        target="_gateway",
        role=Role.CONTROL,
        probe=Probe.GATEWAY,
        connect_s=0.001,
    )
    return [*dead, gateway]


async def test_a_dead_line_is_told_everywhere_and_the_daemon_is_well(
    serve: Serve, database: str, clock: FakeClock
) -> None:
    fill_dead_line(database, history.NOW)
    client = await serve(database)
    answer = await client.get("/healthz")
    health = await answer.json()
    assert answer.status == 200, "a supervisor must not restart a healthy daemon"
    assert health["line"] == "down"
    assert "gateway, which answers: 0 of 5" in health["line_reason"]
    assert (await client.get("/healthz/line")).status == 503
    assert await line_up(client) == 0.0
    now = await (await client.get("/api/v1/now?language=ru")).json()
    assert (now["line"], len(now["told"])) == ("down", 1)
    assert (await (await client.get("/api/v1/health")).json())["line"] == "down"


async def test_a_dead_first_resolver_is_told_where_another_one_answers(
    serve: Serve, database: str
) -> None:
    moment = history.NOW - timedelta(minutes=1)
    unnamed = [
        replace(row, failed_operation="resolve") if row.failure else row
        for row in dead_round(moment)
    ]
    answering = Sample(
        started_at_utc=moment,
        target="_resolver",
        role=Role.CONTROL,
        probe=Probe.RESOLVER,
        domain_lookup_s=0.01,
        resolver="9.9.9.9",
        failure=FIRST_SILENT,
    )
    with open_store(database) as store:
        store.samples.append([*unnamed, answering])
    client = await serve(database)
    health = await (await client.get("/healthz")).json()
    assert "while another one does" in health["line_reason"]
    now = await (await client.get("/api/v1/now?language=kk")).json()
    assert "while another one does" in now["reasons"][0]
    assert now["told"][0] != now["reasons"][0]


async def test_an_empty_home_is_unknown(serve: Serve, database: str) -> None:
    open_store(database).close()
    client = await serve(database)
    answer = await client.get("/healthz/line")
    assert (answer.status, (await answer.json())["line"]) == (503, "unknown")
    assert await line_up(client) is None


@pytest.fixture
def in_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the home's configuration, as a user's shell stands in it."""
    monkeypatch.chdir(tmp_path)
    config = history.config("sqlite:///monitor.db")
    document = {
        "timezone": config.timezone,
        "database": config.database,
        "every": "15m",
        "targets": [{"name": s.name, "url": s.url} for s in config.targets],
        "controls": [{"name": s.name, "url": s.url} for s in config.controls],
    }
    with (tmp_path / "config.yaml").open("w") as file:
        YAML(typ="safe").dump(document, file)
    return tmp_path


def test_the_command_ends_with_1_when_the_line_is_down(in_a_home: Path) -> None:
    fill_dead_line("sqlite:///monitor.db", datetime.now(UTC))
    plain = CliRunner().invoke(cli, ["now"])
    assert plain.exit_code == 1
    assert plain.stdout.startswith("The line is down behind this home's own gateway")
    told = CliRunner().invoke(cli, ["now", "--json"])
    assert told.exit_code == 1
    document = json.loads(told.stdout)
    assert document["line"] == "down"
    assert [s["state"] for s in document["sites"]] == ["failed"] * 5


def test_the_command_never_makes_a_database(in_a_home: Path) -> None:
    found = CliRunner().invoke(cli, ["now"])
    assert found.exit_code == 2
    assert not (in_a_home / "monitor.db").exists()


async def test_a_pause_is_told_and_is_no_illness(
    serve: Serve, database: str, clock: FakeClock
) -> None:
    fill_dead_line(database, history.NOW)
    with open_store(database) as store:
        until = history.NOW + timedelta(hours=3)
        store.pauses.append("home", asked_at_utc=history.NOW, until_utc=until)
    client = await serve(database)
    clock.advance(2 * 3600)
    answer = await client.get("/healthz")
    assert answer.status == 200, "a supervisor must not restart it"
    assert (await answer.json())["reason"] == "paused by the owner until 02:00"
    now = await (await client.get("/api/v1/now?language=en")).json()
    assert now["told"][0] == "Paused by the owner until 21 October 2026, 02:00."
    clock.advance(2 * 3600)
    assert (await client.get("/healthz")).status == 503


def test_a_sample_that_came_while_the_page_was_asked_has_to_wait() -> None:
    """Its stage was not read: the moment before it is told, not "unknown"."""
    last = Sample(
        started_at_utc=HALF_PAST_NINE,
        target="twitter",
        failed_operation="connect",
        failure="generic_timeout_error",
    )
    first = to_us(HALF_PAST_NINE)
    points = {1: [Point(1, first + n, None, last.failure) for n in (-9, 0, 9)]}
    outcomes = _outcomes(points, [1], [last])
    assert [o.failed_operation for o in outcomes] == [None, "connect"]
    assert len(_outcomes(points, [1], [])) == 3


async def test_before_the_first_sample_nothing_has_been_measured_yet(
    serve: Serve, database: str
) -> None:
    """Not "in the last 16 minutes", as if something had stopped."""
    open_store(database).close()
    client = await serve(database)
    answer = await (await client.get("/api/v1/now", params={"language": "ru"})).json()
    assert answer["reasons"] == [str(NEVER)]
    assert answer["told"] == ["Пока ничего не измерено."]


def test_before_the_first_sample_a_host_belongs_to_its_service() -> None:
    """The page shows a card for each service, not for each of fourteen hosts."""
    shipped = load(Path(__file__).parents[2] / "config.yaml")
    told = [_target(t.name, t.role, t, []) for t in shipped.all_targets()]
    services = {site.service for site in told if site.role == "target"}
    assert services == {"facebook", "youtube", "telegram", "twitter"}


@pytest.mark.parametrize(("n_answers", "is_told"), [(1, False), (3, True)])
async def test_a_site_is_near_only_beside_several_answers_of_the_gateway(
    serve: Serve,
    sqlite_history: str,
    evening: FakeClock,
    n_answers: int,
    *,
    is_told: bool,
) -> None:
    """One of them may be late, as on a busy machine."""
    now = evening.now_utc()
    near = Sample(
        started_at_utc=now,
        target="wikipedia",
        role=Role.CONTROL,
        connect_s=0.0001,
        duration_s=0.5,
    )
    answers = [
        Sample(
            started_at_utc=now - timedelta(minutes=5 * place),
            target="_gateway",
            role=Role.CONTROL,
            probe=Probe.GATEWAY,
            connect_s=0.001,
        )
        for place in range(n_answers)
    ]
    with open_store(sqlite_history) as store:
        store.samples.append([near, *answers])
    client = await serve(sqlite_history)
    answer = await client.get("/api/v1/now", params={"language": "en"})
    told = " ".join((await answer.json())["told"])
    assert ("something near answers" in told) is is_told
