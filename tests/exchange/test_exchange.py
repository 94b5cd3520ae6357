"""Other programs' formats, each on real output of that program or its documented form.

data/README.md tells where each file comes from.
"""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pandas as pd
import pytest

from monitor.errors import InputError, ServiceError
from monitor.exchange import (
    blackbox,
    fping,
    har,
    ooni,
    partitions,
    reader,
    speedtest_tracker,
)
from monitor.model import Operation, Role, Sample
from tests.evidence.samples import some_samples
from tests.ports import free_port

DATA = Path(__file__).parent / "data"


def test_ooni_web_connectivity_gives_phases_failure_and_certificate():
    well, reset, missing = ooni.read(DATA / "web_connectivity.jsonl", vantage="kz")
    assert well.target == "www.example.org"
    assert well.started_at_utc == datetime(2026, 10, 20, 15, 4, 5, tzinfo=UTC)
    assert well.domain_lookup_s == pytest.approx(0.02)
    assert well.connect_s == pytest.approx(0.08)
    assert well.tls_handshake_s == pytest.approx(0.1)
    assert (well.http_status, well.failure) == (200, None)
    assert len(well.certificate_sha256) == 64
    assert well.certificate_issuer == "O=Test,CN=www.example.org"
    assert (reset.failed_operation, reset.failure) == (
        Operation.TLS_HANDSHAKE,
        "connection_reset",
    )
    assert reset.connect_s == pytest.approx(0.08)
    assert (missing.failed_operation, missing.failure) == (
        Operation.RESOLVE,
        "dns_nxdomain_error",
    )
    assert missing.target == "blocked.example"


def test_a_measurement_of_ooni_s_own_program_is_read():
    (found,) = ooni.read(DATA / "ooni-real.jsonl", vantage="it")
    assert found.started_at_utc == datetime(2024, 1, 24, 14, 12, 13, tzinfo=UTC)
    assert found.domain_lookup_s is None
    assert found.connect_s == pytest.approx(0.015435)
    assert found.tls_handshake_s == pytest.approx(0.040382)
    assert found.waiting_s == pytest.approx(0.015204)
    assert found.duration_s == pytest.approx(0.112579 - 0.041455)
    assert (found.http_status, found.failure) == (200, None)


def _redirected() -> dict:
    """A page that leads to another site, which is blocked; beside it what OONI adds."""
    first = ["classic", "depth=0", "fetch_body=true"]
    second = ["classic", "depth=1", "fetch_body=true"]
    refused = {"failure": "connection_refused"}
    well = {"failure": None}
    return {
        "queries": [
            {"failure": None, "hostname": "dns.example", "t0": 0.0, "t": 0.9},
            {"failure": None, "hostname": "a.example", "t0": 0.0, "t": 0.01}
            | {"tags": first},
        ],
        "tcp_connect": [
            {"ip": "192.0.2.1", "status": well, "t0": 0.01, "t": 0.03, "tags": first},
            {"ip": "192.0.2.9", "status": refused, "t0": 1, "t": 9, "tags": second},
        ],
        "tls_handshakes": [
            {"failure": None, "t0": 0.03, "t": 0.83, "tags": ["fetch_body=false"]},
        ],
        "requests": [
            {"failure": "connection_refused", "t0": 1, "t": 9, "tags": second},
            {"failure": None, "t0": 0.03, "t": 0.08, "tags": first}
            | {"response": {"code": 302}},
        ],
    }


def test_of_a_redirected_page_the_first_one_is_read(tmp_path):
    line = {
        "test_name": "web_connectivity",
        "input": "http://a.example/",
        "measurement_start_time": "2026-10-20 15:04:05",
        "test_keys": _redirected(),
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    (found,) = ooni.read(tmp_path / "a.jsonl", vantage="kz")
    assert found.domain_lookup_s == pytest.approx(0.01)
    assert found.connect_s == pytest.approx(0.02)
    assert found.tls_handshake_s is None
    assert found.waiting_s == pytest.approx(0.05)
    assert found.duration_s == pytest.approx(0.08)
    assert (found.http_status, found.failure) == (302, None)
    assert found.remote_address == "192.0.2.1"


def test_ooni_is_read_packed_too(tmp_path):
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress((DATA / "web_connectivity.jsonl").read_bytes()))
    assert len(list(ooni.read(packed, vantage="kz"))) == 3


def test_ooni_export_has_its_own_name_and_no_address(tmp_path):
    samples = some_samples()
    path = tmp_path / "a.ooni.jsonl"
    assert ooni.write(path, samples, software_version="1") == len(samples)
    text = path.read_text()
    for sample in samples:
        assert sample.remote_address is None or sample.remote_address not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert {line["test_name"] for line in lines} == {"monitor_page"}
    assert {(k["probe_ip"], k["probe_asn"], k["probe_cc"]) for k in lines} == {
        ("127.0.0.1", "AS0", "ZZ")
    }
    failed = next(k["test_keys"] for k in lines if k["test_keys"]["failure"])
    assert failed["tls_handshakes"][0]["failure"] == "generic_timeout_error"
    assert failed["tcp_connect"][0]["failure"] is None
    page = next(
        k["test_keys"] for k in lines if k["test_keys"]["x_target"] == "facebook"
    )
    connect = page["tcp_connect"][0]
    sample = next(s for s in samples if s.target == "facebook")
    assert connect["t"] - connect["t0"] == pytest.approx(sample.connect_s)


def test_har_adds_up_and_tells_no_address():
    sample = Sample(
        started_at_utc=datetime(2026, 10, 20, 15, 4, 5, tzinfo=UTC),
        target="facebook",
        url="https://www.facebook.com/",
        domain_lookup_s=0.01,
        connect_s=0.02,
        tls_handshake_s=0.03,
        waiting_s=0.04,
        response_s=0.05,
        http_status=200,
        remote_address="31.13.72.36",
        encoded_body_bytes=100,
    )
    text = har.text(sample, software_version="1")
    assert "31.13" not in text
    (entry,) = json.loads(text)["log"]["entries"]
    timings = entry["timings"]
    assert timings["connect"] == pytest.approx(50)
    assert timings["ssl"] == pytest.approx(30)
    assert entry["time"] == pytest.approx(150)
    assert entry["request"]["cookies"] == entry["response"]["cookies"] == []


def test_har_of_a_failed_fetch_says_what_does_not_apply():
    sample = next(s for s in some_samples() if s.failure)
    (entry,) = json.loads(har.text(sample, software_version="1"))["log"]["entries"]
    assert entry["timings"]["dns"] == -1
    assert entry["response"]["_error"] == "generic_timeout_error"
    assert entry["response"]["status"] == 0


def test_partitions_are_local_dates_that_pandas_reads_as_one_table(tmp_path):
    samples = some_samples()
    assert partitions.write(tmp_path / "p", samples, timezone="Asia/Almaty") == 360
    names = sorted(p.name for p in (tmp_path / "p").iterdir())
    assert names == [f"date=2026-10-0{n}" for n in range(1, 5)]
    frame = pd.read_parquet(tmp_path / "p")
    assert len(frame) == 360
    first = frame[frame["date"].astype(str) == "2026-10-01"]
    local = first["started_at_utc"].dt.tz_convert("Asia/Almaty")
    assert set(local.dt.date.astype(str)) == {"2026-10-01"}


def test_speedtest_tracker_gives_goodput_and_failures():
    one, two, failed = speedtest_tracker.read(
        DATA / "speedtest-tracker.csv", vantage="home"
    )
    assert one.goodput_bps == 94_372_816
    assert one.connect_s == pytest.approx(0.007532)
    assert one.role is Role.CONTROL
    assert two.started_at_utc == datetime(2026, 10, 20, 15, 0, 4, tzinfo=UTC)
    assert failed.goodput_bps is None
    assert failed.failure == "unknown_failure: speedtest"


def test_an_export_of_an_old_speedtest_tracker_is_in_bytes(tmp_path):
    """117912222 stood in the file where its page showed 943.3 Mbit/s."""
    path = tmp_path / "results.csv"
    path.write_text(
        "id,ping,download,upload,server id,server url,server name,result url,"
        "scheduled,successful,data,created at\n"
        "1,7.5,117912222,5000000,1,a,b,c,1,1,{},2023-04-06 14:00:05\n"
    )
    (found,) = speedtest_tracker.read(path, vantage="home")
    assert found.goodput_bps == pytest.approx(943.3e6, rel=1e-4)


def test_fping_gives_round_trips_and_lost_packets():
    found = list(fping.read_fping(DATA / "fping.log", vantage="home"))
    hosts = ["127.0.0.1", "localhost", "240.0.0.1"]
    assert [s.target for s in found[:6]] == hosts * 2
    assert found[0].connect_s == pytest.approx(0.000033)
    lost = [s for s in found if s.target == "240.0.0.1"]
    assert {(s.failure, s.connect_s) for s in lost} == {("generic_timeout_error", None)}


def test_smokeping_gives_medians_and_gaps():
    found = list(fping.read_smokeping(DATA / "youtube.txt", vantage="home"))
    assert {(s.target, s.failure) for s in found} == {("youtube", None)}
    assert found[0].started_at_utc == datetime.fromtimestamp(1_795_391_420, UTC)
    assert found[0].connect_s == pytest.approx(44.05e-6)
    # The steps after the last one are gaps.
    assert len(found) < len((DATA / "youtube.txt").read_text().splitlines()) - 2


def test_smokeping_gives_losses():
    found = list(fping.read_smokeping(DATA / "dead.txt", vantage="home"))
    assert len(found) == 13
    assert {(s.failed_operation, s.failure, s.connect_s) for s in found} == {
        (Operation.CONNECT, "generic_timeout_error", None)
    }


def test_blackbox_history_gives_phases_and_failures():
    answer = (DATA / "prometheus.json").read_bytes()
    found = blackbox.samples_of(answer, vantage="home")
    assert [s.target for s in found[:2]] == ["127.0.0.1:18080", "127.0.0.1:18081"]
    well, refused = found[:2]
    assert well.connect_s == pytest.approx(0.000071062)
    assert well.tls_handshake_s is None
    assert (well.http_status, well.failure) == (200, None)
    assert refused.failed_operation is Operation.CONNECT
    assert refused.failure == "unknown_failure: probe_success 0"


@contextmanager
def prometheus(answer: bytes) -> Iterator[tuple[str, list[dict]]]:
    """A server with Prometheus' API on loopback that notes what it was asked."""
    asked: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append({"path": self.path, **parse_qs(body)})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


TERMS = {
    "since": datetime(2026, 10, 1, tzinfo=UTC),
    "until": datetime(2026, 10, 31, tzinfo=UTC),
    "step": timedelta(minutes=5),
    "vantage": "home",
}


def test_a_month_of_prometheus_is_asked_in_parts_it_can_answer():
    answer = (DATA / "prometheus.json").read_bytes()
    with prometheus(answer) as (url, asked):
        found = list(blackbox.read(url, **TERMS))
    assert {a["path"] for a in asked} == {"/api/v1/query_range"}
    spans = [float(a["end"][0]) - float(a["start"][0]) for a in asked]
    assert len(spans) == 2
    assert max(spans) / 300 < 11_000
    assert len(found) == 2 * 4


def test_what_prometheus_refuses_is_told_in_its_words():
    with (
        prometheus(b'{"status":"error","error":"bad range"}') as (url, _),
        pytest.raises(InputError, match="bad range"),
    ):
        list(blackbox.read(url, **TERMS))


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"status":"success"}', b"[]"])
def test_something_else_than_prometheus_is_told(answer):
    with (
        prometheus(answer) as (url, _),
        pytest.raises(ServiceError, match="no answer of its API"),
    ):
        list(blackbox.read(url, **TERMS))


def test_a_prometheus_that_is_away_is_a_service_out_of_reach():
    with pytest.raises(ServiceError, match="prometheus"):
        list(blackbox.read(f"http://127.0.0.1:{free_port()}", **TERMS))


HOSTILE = [b"", b"\x00\xff\xfe", b"{}\n", b"[" * 100_000, b"a,b\n1,2\n", b"Download\n"]
READERS = {
    "ooni": ooni.read,
    "speedtest": speedtest_tracker.read,
    "fping": fping.read_fping,
    "smokeping": fping.read_smokeping,
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_another_kind_of_file_is_refused_with_its_name(tmp_path, name, body):
    path = tmp_path / "a.log"
    path.write_bytes(body)
    with pytest.raises(InputError, match=r"a\.log"):
        list(READERS[name](path, vantage="home"))


@pytest.mark.parametrize(
    "row", ["1,-5,2026-10-20", "1,nan,2026-10-20", "1,x,2026-10-20", "1,5,yesterday"]
)
def test_impossible_values_are_refused_with_their_line(tmp_path, row):
    path = tmp_path / "a.csv"
    path.write_text(f"ID,Download,Created at\n{row}\n")
    with pytest.raises(InputError, match="line 2"):
        list(speedtest_tracker.read(path, vantage="home"))


def test_a_value_that_cannot_be_is_refused_by_every_importer(tmp_path):
    """What an importer takes, our own files must be able to hold."""
    line = json.dumps(
        {
            "test_name": "web_connectivity",
            "input": "https://www.example.org/",
            "measurement_start_time": "2026-10-20 15:04:05",
            "test_keys": {"requests": [{"t0": 0, "t": 1e9, "response": {"code": 200}}]},
        }
    )
    (tmp_path / "a.jsonl").write_text(line)
    read = reader("ooni", vantage="kz", role=Role.TARGET)
    with pytest.raises(InputError, match=r"row 1, column waiting_s"):
        list(read(tmp_path / "a.jsonl"))


def answer_of(*points):
    """An answer of Prometheus with these points of `probe_success` of one target."""
    metric = {"__name__": "probe_success", "instance": "https://a.example/"}
    result = [{"metric": metric, "values": list(points)}]
    return json.dumps({"status": "success", "data": {"result": result}}).encode()


def test_an_impossible_time_of_prometheus_is_no_answer():
    with pytest.raises(ServiceError, match="no answer of its API"):
        blackbox.samples_of(answer_of([1e300, "0"]), vantage="kz")


def test_a_success_of_which_nothing_was_measured_is_a_gap():
    answer = answer_of([1_792_000_000, "1"], [1_792_000_300, "0"])
    (sample,) = blackbox.samples_of(answer, vantage="kz")
    assert sample.failure == "unknown_failure: probe_success 0"


def test_a_cell_that_is_far_too_long_is_refused_by_name_of_its_line(tmp_path):
    file = tmp_path / "results.csv"
    file.write_text(f"Download,Created at\n1,{'x' * 200_000}\n")
    with pytest.raises(InputError, match=r"line 2: found 'field larger"):
        list(speedtest_tracker.read(file, vantage="kz"))
