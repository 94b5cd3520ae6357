"""The API's answers on both databases, against what was stored."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from monitor.interchange import read_frame
from monitor.model import LOCAL_PROBES
from monitor.store import open_store
from monitor.stored_analysis import read_document
from monitor.wire_bytes import expected_on_wire_bytes
from tests.web import history
from tests.web.conftest import Serve


@pytest.fixture
async def both(serve: Serve, history_url: str) -> TestClient:
    """An open dashboard, once over each kind of database."""
    return await serve(history_url)


async def ask(client: TestClient, path: str, **query: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1{path}", params=query)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_targets_tell_roles_zone_and_window(both: TestClient):
    found = await ask(both, "/targets")
    assert {t["name"]: t["role"] for t in found["targets"]} == history.SITES
    assert found["timezone"] == history.ZONE
    assert found["window"] == {"start": "20:00", "end": "22:00"}
    assert found["targets"][0]["probes"] == ["download", "https"]


async def test_the_heat_map_shows_the_medians_of_local_hours(both: TestClient):
    """The slow evening lies in the rows 20 and 21, not in 15 and 16 (UTC)."""
    query = {"target": "facebook", "since": "2026-10-15", "until": "2026-10-16"}
    found = await ask(both, "/heatmap", **query)
    day = found["values"][0]
    assert found["days"] == ["2026-10-15", "2026-10-16"]
    assert max(day[20], day[21]) < 0.15 * min(day[:20])
    assert found["n"][0] == [4] * 24


async def test_a_cell_is_the_median_of_its_samples(both: TestClient):
    found = await ask(
        both,
        "/heatmap",
        target="vk",
        metric="duration_s",
        since="2026-10-15",
        until="2026-10-15",
    )
    stored = [
        s.duration_s
        for s in history.samples()
        if s.target == "vk"
        and s.probe == "https"
        and s.started_at_utc.isoformat().startswith("2026-10-15T04:")
    ]
    assert found["values"][0][9] == pytest.approx(median(stored))


async def test_a_gap_stays_open_and_a_dead_hour_is_told(both: TestClient):
    """Not measured and not answered are two things."""
    gap = await ask(
        both,
        "/heatmap",
        target="twitter",
        metric="duration_s",
        since="2026-10-18",
        until="2026-10-18",
    )
    assert gap["values"][0][11:14] == [None] * 3
    assert gap["n"][0][11:14] == [0] * 3
    assert gap["dead"][0][20:22] == [True, True]
    assert gap["dead"][0][12] is False
    assert gap["coverage"] == pytest.approx(21 / 24)


async def test_the_view_beyond_controls_is_about_one_when_all_is_well(both: TestClient):
    query = {"view": "beyond_controls", "since": "2026-10-15", "until": "2026-10-16"}
    slow = await ask(both, "/heatmap", target="facebook", **query)
    fine = await ask(both, "/heatmap", target="twitter", **query)
    assert slow["values"][0][20] == pytest.approx(10, rel=0.1)
    assert slow["values"][0][10] == pytest.approx(1, rel=0.1)
    assert all(0.9 < v < 1.1 for v in fine["values"][0][:20])
    assert slow["controls"] == ["wikipedia", "vk", "debian"]


async def test_evenings_are_slow_dead_or_fine(both: TestClient):
    found = await ask(both, "/evenings", since="2026-10-13", until="2026-10-20")
    states = {
        t["target"]: {e["state"] for e in t["evenings"]} for t in found["targets"]
    }
    assert states["facebook"] == {"slow"}
    assert states["twitter"] == {"dead"}


async def test_the_word_of_the_analysis_stands(both: TestClient):
    found = await ask(both, "/evenings", since="2026-10-19", until="2026-10-19")
    facebook = found["targets"][0]
    assert facebook["source"] == "analysis"
    assert facebook["evenings"][0]["ratio"] == 10.2


async def test_a_series_has_every_sample_of_its_span(both: TestClient):
    found = await ask(
        both,
        "/series",
        target="facebook",
        resolution="sample",
        since="2026-10-16T00:00:00Z",
        until="2026-10-16T06:00:00Z",
        with_controls="true",
    )
    assert len(found["curve"]["time_s"]) == 24
    assert found["coverage"] == 1
    assert found["controls"]["value"][0] == pytest.approx(2e6, rel=0.1)


async def test_a_series_by_day_follows_the_local_day(both: TestClient):
    found = await ask(
        both,
        "/series",
        target="vk",
        resolution="day",
        since="2026-10-13T19:00:00Z",
        until="2026-10-15T19:00:00Z",
    )
    assert found["curve"]["n"] == [96, 96]


async def test_pages_of_samples_are_complete_and_in_order(both: TestClient):
    query = {"since": "2026-10-16T00:00:00Z", "until": "2026-10-16T03:00:00Z"}
    found, cursor = [], ""
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        page = await ask(both, "/samples", limit="17", **query, **more)
        found += page["samples"]
        cursor = page["next"]
    times = [sample["started_at_utc"] for sample in found]
    assert len(found) == len({sample["id"] for sample in found}) == 12 * 11
    assert times == sorted(times)


async def test_one_sample_has_its_byte_curve(both: TestClient):
    page = await ask(both, "/samples", target="facebook", probe="download", limit="1")
    found = await ask(both, f"/samples/{page['samples'][0]['id']}")
    assert found["timeline"][-1][1] == 500_000


async def test_failures_can_be_asked_for(both: TestClient):
    page = await ask(both, "/samples", failed="true", limit="1000")
    assert {s["target"] for s in page["samples"]} == {"twitter"}
    assert {s["failed_operation"] for s in page["samples"]} == {"tls_handshake"}


@pytest.mark.parametrize("form", ["csv", "ndjson"])
async def test_a_download_can_be_imported_again(
    both: TestClient, tmp_path: Path, form: str
):
    """Every sample, in the interchange format."""
    path = tmp_path / f"samples.{form}"
    answer = await both.get(f"/api/v1/samples.{form}", params={"target": "facebook"})
    path.write_bytes(await answer.read())
    stored = [s for s in history.samples() if s.target == "facebook"]
    frame = read_frame([path])
    assert len(frame) == len(stored)
    assert set(frame["certificate_issuer"].dropna()) == {history.HOSTILE}


async def test_a_csv_download_holds_no_formula(both: TestClient):
    """A spreadsheet must not run what a server sent."""
    answer = await both.get("/api/v1/samples.csv", params={"target": "facebook"})
    rows = csv.DictReader(io.StringIO(await answer.text()))
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for r in rows for cell in r.values()
    )


async def test_two_windows_are_compared(both: TestClient):
    found = await ask(
        both,
        "/compare",
        target="facebook",
        a_since="2026-10-16T15:00:00Z",
        a_until="2026-10-16T17:00:00Z",
        b_since="2026-10-16T05:00:00Z",
        b_until="2026-10-16T07:00:00Z",
    )
    assert found["ratio"] == pytest.approx(10, rel=0.1)
    assert found["ratio_beyond_controls"] == pytest.approx(10, rel=0.1)
    assert found["a"]["n"] == 8


async def test_verdicts_and_their_history(both: TestClient):
    found = await ask(both, "/verdicts")
    assert found["verdicts"][0]["verdict"] == "targeted_throttling"
    assert found["verdicts"][0]["effect"]["ratio"] == 10.0
    past = await ask(both, "/verdicts/history")
    assert [p["target"] for p in past["verdicts"]] == ["facebook"]


async def test_services_are_told_with_their_hosts(serve: Serve, database: str):
    document = read_document(history.services_document())
    with open_store(database) as store:
        store.samples.append([*history.samples()][:2000])
        store.analyses.append(
            document, computed_at_utc=history.NOW - timedelta(hours=1)
        )
    client = await serve(database)
    found = (await ask(client, "/services"))["services"]
    facebook, telegram = found
    assert (facebook["service"], facebook["verdict"]) == (
        "facebook",
        "targeted_throttling",
    )
    assert facebook["hosts"] == ["facebook-video"]
    assert [m["target"] for m in facebook["members"]] == ["facebook-video", "facebook"]
    assert facebook["reasons"][0].startswith("Of facebook: the media host")
    assert facebook["told"] is None
    assert (telegram["verdict"], telegram["hosts"]) == ("inconclusive", [])
    told = await ask(client, "/services", language="ru")
    assert told["services"][0]["members"][0]["part_title"] == "видео и картинки"
    assert told["lead"].count("facebook") == 1
    assert "сервиса Facebook" in told["services"][0]["told"]["reasons"][0]


async def test_a_twin_is_neither_target_nor_control(serve: Serve, database: str):
    samples = [s for s in history.samples() if s.target == "facebook"][:500]
    twins = [replace(s, target="gvt", part="twin", service="facebook") for s in samples]
    videos = [replace(s, target="video", part="media", service="f") for s in samples]
    with open_store(database) as store:
        store.samples.append([*samples, *twins, *videos])
    client = await serve(database)
    told = {one["name"]: one for one in (await ask(client, "/targets"))["targets"]}
    assert (told["gvt"]["role"], told["gvt"]["service"]) == ("twin", "facebook")
    assert (told["video"]["part"], told["video"]["service"]) == ("media", "f")
    assert (told["facebook"]["part"], told["facebook"]["service"]) == (
        "page",
        "facebook",
    )
    evenings = (await ask(client, "/evenings"))["targets"]
    assert "gvt" not in {one["target"] for one in evenings}
    assert "video" in {one["target"] for one in evenings}
    # It can be looked at all the same.
    asked = {"target": "gvt", "metric": "duration_s"}
    assert (await ask(client, "/heatmap", **asked))["days"]


async def test_before_the_first_analysis_there_is_no_service(
    serve: Serve, database: str
):
    with open_store(database):
        client = await serve(database)
    assert (await ask(client, "/services"))["services"] == []
    assert (await ask(client, "/services", language="en"))["lead"]


async def test_gaps_and_cut_rounds_are_told_with_their_reason(both: TestClient):
    found = await ask(
        both, "/gaps", since="2026-10-18T00:00:00Z", until="2026-10-19T00:00:00Z"
    )
    assert [g["status"] for g in found["gaps"]] == ["overlong", "missed"]
    assert found["gaps"][1]["reason"] == "the monitor was not running"
    assert found["gaps"][1]["end_utc"] == "2026-10-18T09:00:00Z"


async def test_notes_of_a_range_are_told(both: TestClient):
    found = await ask(both, "/annotations", since="2026-10-16", until="2026-10-16")
    assert [n["text"] for n in found["annotations"]] == ["<b>Match</b>"]
    none = await ask(both, "/annotations", since="2026-10-17", until="2026-10-17")
    assert none["annotations"] == []


async def test_health_counts_rounds_gaps_and_bytes(both: TestClient):
    found = await ask(both, "/health")
    assert (found["rounds_complete"], found["rounds_overlong"], found["gaps"]) == (
        1,
        1,
        1,
    )
    assert found["gap_s"] == 3 * 3600
    assert found["event_loop_lateness_s"] == 0.004
    assert found["usage"]["budget_per_month_bytes"] == 20_000_000_000
    today = date(2026, 10, 20)
    days = Counter[date]()
    for s in history.samples():
        if s.probe not in LOCAL_PROBES:
            days[(s.started_at_utc + timedelta(hours=5)).date()] += (
                expected_on_wire_bytes(1, s.encoded_body_bytes or 0)
            )
    used = found["usage"]
    assert used["today_bytes"] == pytest.approx(days[today], abs=100)
    month = sum(n for day, n in days.items() if day.month == 10)
    assert used["month_bytes"] == pytest.approx(month, abs=100)
    week = [days[today - timedelta(days=i)] for i in range(1, 8)]
    expected = month - days[today] + 12 * sum(week) / 7
    assert used["forecast_month_bytes"] == pytest.approx(expected, abs=100)


async def test_data_used_is_counted_before_the_first_roll_up(
    serve: Serve, database: str
):
    """Nobody waits for the roll-ups to learn what a new home has used."""
    with open_store(database) as store:
        store.samples.append(
            [history.page("vk", history.NOW - timedelta(minutes=5), 1)]
        )
    used = (await ask(await serve(database), "/health"))["usage"]
    assert used["today_bytes"] == expected_on_wire_bytes(1, 100_000)
    assert used["month_bytes"] == used["today_bytes"]


async def test_the_profile_has_the_shape_of_the_evening(both: TestClient):
    """Facebook has a tenth from 20:00 to 22:00, the controls have not."""
    found = await ask(both, "/profile", target="facebook")
    shape, controls = found["shape"], found["controls"]
    assert len(shape["median"]) == 24
    evening, day = shape["median"][20:22], shape["median"][:20] + shape["median"][22:]
    assert max(evening) < 0.15 * min(day)
    assert min(controls["median"]) > 0.9 * max(controls["median"])
    assert all(
        low <= middle <= high
        for low, middle, high in zip(
            *(shape[k] for k in ("p10", "median", "p90")), strict=True
        )
    )
    week = await ask(both, "/profile", target="facebook", cycle="week")
    assert len(week["shape"]["n"]) == 168
    # 18 October 2026, a Sunday, has a gap from 11:00 to 14:00 local time.
    assert week["shape"]["n"][6 * 24 + 12] == 0
    assert week["shape"]["median"][6 * 24 + 12] is None
    assert sum(week["shape"]["n"]) == sum(shape["n"])


async def test_data_used_is_told_by_day_site_and_kind(both: TestClient):
    found = await ask(both, "/used", since="2026-10-15", until="2026-10-16")
    rows = {(r["date"], r["site"], r["probe"]): r["bytes"] for r in found["days"]}
    assert rows["2026-10-15", "vk", "https"] == pytest.approx(
        expected_on_wire_bytes(96, 96 * 100_000), rel=0.01
    )
    assert rows["2026-10-16", "facebook", "download"] > 96 * 500_000
    assert {site for _, site, _ in rows} == set(history.SITES)
    assert found["budget_per_month_bytes"] == 20_000_000_000


async def test_expected_is_the_usual_value_by_the_controls_of_the_hour(
    both: TestClient,
):
    """They are steady, so in the slow evening the range is what it is by day."""
    span = {"since": "2026-10-19T15:00:00Z", "until": "2026-10-19T17:00:00Z"}
    found = await ask(both, "/expected", target="facebook", **span)
    assert found["control_names"] == ["wikipedia", "vk", "debian"]
    assert found["time_s"][0] == datetime(2026, 10, 19, 15, tzinfo=UTC).timestamp()
    assert len(found["low"]) == 2
    for low, high in zip(found["low"], found["high"], strict=True):
        assert low <= found["usual"] * 1.03
        assert found["usual"] * 0.97 <= high
        assert low == pytest.approx(1.9e6, rel=0.1)
    none = await ask(
        both, "/expected", target="facebook", metric="failed_share", **span
    )
    assert none["usual"] is None
    assert set(none["low"]) == {None}


async def test_healthz_is_503_with_a_reason_when_samples_stop(
    both: TestClient, clock: Any
):
    assert (await both.get("/healthz")).status == 200
    clock.advance(3600)
    late = await both.get("/healthz")
    assert late.status == 503
    assert "4" in await late.text()


async def test_an_empty_database_is_answered(serve: Serve, database: str):
    """The first minute of every installation."""
    from monitor.store import open_store

    open_store(database).close()
    client = await serve(database)
    assert (await client.get("/healthz")).status == 503
    for path in ("/targets", "/evenings", "/verdicts", "/health", "/annotations"):
        await ask(client, path)
    for path in ("/heatmap", "/series"):
        found = await ask(client, path, target="facebook")
        assert found["coverage"] == 0


BAD = [
    ("/heatmap", {}, "target"),
    ("/heatmap", {"target": "facebook", "metric": "speed"}, "metric"),
    ("/heatmap", {"target": "facebook", "since": "yesterday"}, "since"),
    ("/heatmap", {"target": "facebook", "since": "2026-02-30"}, "since"),
    (
        "/heatmap",
        {"target": "facebook", "since": "2026-03-01", "until": "2026-02-01"},
        "since",
    ),
    (
        "/heatmap",
        {"target": "facebook", "since": "2020-01-01", "until": "2026-02-01"},
        "800",
    ),
    ("/samples", {"limit": "0"}, "limit"),
    ("/samples", {"limit": "1_0"}, "limit"),
    ("/samples", {"since": "2026-10-16T00:00:00"}, "since"),
    ("/samples", {"cursor": "1-1; DROP TABLE samples"}, "cursor"),
    ("/samples", {"unknown": "1"}, "unknown"),
    ("/samples/abc", {}, "id"),
    ("/series", {"target": "facebook", "with_controls": "maybe"}, "with_controls"),
]


@pytest.mark.parametrize(("path", "query", "named"), BAD)
async def test_what_is_not_allowed_is_named(
    client: TestClient, path: str, query: dict[str, str], named: str
):
    answer = await client.get(f"/api/v1{path}", params=query)
    found = await answer.json()
    assert answer.status == 400
    assert named in json.dumps(found["details"])


@pytest.mark.parametrize(
    "path", ["/heatmap?target=nobody", "/samples/1-1", "/heatmap?target=vk&vantage=x"]
)
async def test_what_does_not_exist_is_404(client: TestClient, path: str):
    answer = await client.get(f"/api/v1{path}")
    assert answer.status == 404
    assert (await answer.json())["status"] == 404


async def test_a_parameter_given_twice_is_refused(client: TestClient):
    answer = await client.get("/api/v1/samples?limit=1&limit=2")
    assert answer.status == 400
