"""Other programs' formats, each on real output of that program or its documented form.

data/README.md tells where each file comes from.
"""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from monitor.errors import InputError, ServiceError
from monitor.exchange import (
    FORMATS,
    Provenance,
    blackbox,
    fping,
    har,
    iperf3,
    ndt7,
    ookla,
    ooni,
    partitions,
    reader,
    ripe_atlas,
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
    assert well.dns_answers == ("93.184.216.34",)
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


def test_whom_ooni_asked_and_what_came_back_are_read(tmp_path):
    """A resolver inside the home is not named; answers of A and AAAA stand together."""
    query = {"failure": None, "hostname": "a.example", "t0": 0, "t": 0.1}
    four = {"answer_type": "A", "ipv4": "192.0.2.1"}
    alias = {"answer_type": "CNAME", "hostname": "b.example"}
    six = {"answer_type": "AAAA", "ipv6": "2001:db8::1"}
    line = {
        "test_name": "web_connectivity",
        "input": "https://a.example/",
        "measurement_start_time": "2026-10-20 15:04:05",
        "test_keys": {
            "client_resolver": "8.8.8.8",
            "queries": [
                {**query, "resolver_address": "", "answers": [alias, four]},
                {**query, "resolver_address": "", "answers": [six, four]},
            ],
        },
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    (outside,) = ooni.read(tmp_path / "a.jsonl", vantage="kz")
    assert outside.dns_answers == ("192.0.2.1", "2001:db8::1")
    assert outside.resolver == "8.8.8.8"
    line["test_keys"]["queries"][0]["resolver_address"] = "192.168.1.1:53"
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    (inside,) = ooni.read(tmp_path / "a.jsonl", vantage="kz")
    assert inside.resolver == "private"


def test_tests_of_ooni_without_a_page_are_named(tmp_path):
    names = ["telegram", "ndt", "telegram"]
    lines = [json.dumps({"test_name": name, "test_keys": {}}) for name in names]
    (tmp_path / "im.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match="only telegram, ndt"):
        list(ooni.read(tmp_path / "im.jsonl", vantage="kz"))


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


ALMATY = ZoneInfo("Asia/Almaty")


def test_speedtest_tracker_gives_goodput_and_failures():
    one, two, failed = speedtest_tracker.read(
        DATA / "speedtest-tracker.csv", vantage="home", zone=ALMATY
    )
    assert one.goodput_bps == 94_372_816
    assert one.connect_s == pytest.approx(0.007532)
    assert one.role is Role.CONTROL
    assert two.started_at_utc == datetime(2026, 10, 20, 10, 0, 4, tzinfo=UTC)
    assert failed.goodput_bps is None
    assert failed.failure == "unknown_failure: speedtest"


def test_times_of_an_unknown_zone_are_not_guessed():
    with pytest.raises(InputError, match=r"line 2: .*--timezone"):
        list(speedtest_tracker.read(DATA / "speedtest-tracker.csv", vantage="home"))


def speedtests(path: Path, *lines: str, zone: str = "UTC") -> list[Sample]:
    """The samples of a file with these lines."""
    path.write_text("\n".join(lines))
    found = speedtest_tracker.read(path, vantage="home", zone=ZoneInfo(zone))
    return list(found)


FORERUNNER = (
    "id,ping,download,upload,server_id,server_name,server_host,url,scheduled,failed,"
    "created_at,updated_at"
)


@pytest.mark.parametrize(
    ("header", "row", "bps"),
    [
        # Issue 529 of the program: 117912222 where its page showed 943.3 Mbit/s.
        (
            "id,ping,download,upload,server id,server url,server name,result url,"
            "scheduled,successful,data,created at",
            "1,7.5,117912222,5000000,1,a,b,c,1,1,{},2023-04-06 14:00:05",
            943_297_776,
        ),
        (
            FORERUNNER,
            "7,12.5,93.71,9,1,a,b,c,1,0,2023-04-06 14:00:05,2023-04-06 14:00:09",
            93_710_000,
        ),
        (
            "id,ping,download,upload,created_at,updated_at",
            "7,12.5,93.71,9,2023-04-06 14:00:05,2023-04-06 14:00:05",
            93_710_000,
        ),
        ("ID,Download,Ping,Created at", "1,93710000,7,2023-04-06 14:00:05", 93_710_000),
        # The newest writes what it stores, bytes, and `Ping` first.
        (
            "ID,Ping,Download,Created at",
            "1,7,93710000,2023-04-06 14:00:05",
            749_680_000,
        ),
    ],
)
def test_each_version_of_speedtest_tracker_has_its_unit(tmp_path, header, row, bps):
    (sample,) = speedtests(tmp_path / "a.csv", header, row)
    assert sample.goodput_bps == pytest.approx(bps)


@pytest.mark.parametrize(
    "header",
    [
        "ID,Download,Created at",
        "id,ping,download,created_at",
        "ID,Пинг,Загрузка,Создано",
    ],
)
def test_a_unit_that_the_header_does_not_tell_is_not_guessed(tmp_path, header):
    with pytest.raises(InputError, match=r"line 1: .*allowed: a header"):
        speedtests(tmp_path / "a.csv", header, "1,2,3,4")


def test_a_spreadsheet_s_semicolons_and_commas_are_read(tmp_path):
    header = "ID;Download;Ping;Created at"
    rows = [
        "1;94372816;7,532;2026-10-20 14:00:05",
        "2;94372816,5;9;2026-10-20 15:00:05",
    ]
    one, two = speedtests(tmp_path / "a.csv", header, *rows)
    assert one.connect_s == pytest.approx(0.007532)
    assert two.goodput_bps == 94_372_816.5


@pytest.mark.parametrize(
    ("shown", "said"),
    [("2026-10-25 02:30:00", "only once"), ("2026-03-29 02:30:00", "Berlin showed")],
)
def test_a_time_that_was_shown_twice_or_never_is_refused(tmp_path, shown, said):
    header, zone = "ID,Download,Ping,Created at", "Europe/Berlin"
    with pytest.raises(InputError, match=f"line 2.*{said}"):
        speedtests(tmp_path / "a.csv", header, f"1,2,3,{shown}", zone=zone)
    (sample,) = speedtests(
        tmp_path / "a.csv", header, f"1,2,3,{shown}+01:00", zone=zone
    )
    assert sample.started_at_utc.hour == 1


def test_ookla_s_program_counts_bytes_per_second():
    well, failed = ookla.read(DATA / "ookla.jsonl", vantage="home")
    assert well.started_at_utc == datetime(2026, 10, 20, 15, 0, 5, tzinfo=UTC)
    assert well.goodput_bps == 94_372_816
    assert well.connect_s == pytest.approx(0.007532)
    assert (well.encoded_body_bytes, well.response_s) == (101_122_848, 8.612)
    assert (failed.goodput_bps, failed.failure) == (None, "unknown_failure: speedtest")
    text = json.dumps([str(well), str(failed)])
    assert not any(word in text for word in ("203.0.113.9", "192.168", "Example"))


def iperf3_test(**start: object) -> dict:
    """The output of iperf3 for a download, with another beginning."""
    document = json.loads((DATA / "iperf3.json").read_text())
    test = {k: start.pop(k) for k in ("reverse", "protocol", "bidir") if k in start}
    document["start"] |= start
    document["start"]["test_start"] |= test
    return document


def test_iperf3_gives_downloads_as_the_home_received_them(tmp_path):
    (sample,) = iperf3.read(DATA / "iperf3.json", vantage="home")
    assert sample.started_at_utc == datetime(2026, 11, 29, 10, 46, 7, tzinfo=UTC)
    assert sample.target == "127.0.0.1"
    assert sample.goodput_bps == pytest.approx(11_744_252_332.5)
    # What `iperf3 --json >> FILE` makes: documents of many lines, one after the other.
    failed = {**iperf3_test(), "error": "interrupt - the server has terminated"}
    both = [iperf3_test(reverse=0), iperf3_test(), failed]
    log = tmp_path / "log.json"
    log.write_text("\n".join(json.dumps(test, indent=2) for test in both))
    down, broken = iperf3.read(log, vantage="home")
    assert (down.failure, broken.goodput_bps) == (None, None)
    assert broken.failure == "unknown_failure: interrupt - the server has terminated"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (iperf3_test(reverse=0), "an upload"),
        (iperf3_test(protocol="UDP"), "over UDP"),
        ({"start": {}, "error": "unable to connect"}, "without a time"),
        ({"start": {"timestamp": {}, "accepted_connection": {}}}, "as the server saw"),
    ],
)
def test_what_iperf3_says_of_no_download_is_named(tmp_path, document, said):
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=f"{said}.*--reverse"):
        list(iperf3.read(tmp_path / "a.json", vantage="home"))


EIGHT = datetime(2026, 10, 20, 15, tzinfo=UTC)


def test_ndt7_gives_the_download_of_a_test_whose_time_is_told():
    (sample,) = ndt7.read(DATA / "ndt7.jsonl", vantage="home", measured=EIGHT)
    assert sample.started_at_utc == EIGHT
    assert sample.goodput_bps == pytest.approx(45_480_103.19)
    assert sample.tcp_min_rtt_s == pytest.approx(0.005949)
    assert "203.0.113.9" not in str(sample)


def test_a_time_or_a_unit_that_ndt7_does_not_say_is_not_guessed(tmp_path):
    with pytest.raises(InputError, match=r"no time.*--at"):
        list(ndt7.read(DATA / "ndt7.jsonl", vantage="home", measured=None))
    text = (DATA / "ndt7.jsonl").read_text()
    (tmp_path / "two.jsonl").write_text(text + text)
    with pytest.raises(InputError, match="2 downloads"):
        list(ndt7.read(tmp_path / "two.jsonl", vantage="home", measured=EIGHT))
    (tmp_path / "unit.jsonl").write_text(text.replace("Mbit/s", "MB/s"))
    with pytest.raises(InputError, match="MB/s"):
        list(ndt7.read(tmp_path / "unit.jsonl", vantage="home", measured=EIGHT))


def test_atlas_gives_pings_certificates_and_pages():
    ping, lost, tls, cut, page = ripe_atlas.read(DATA / "atlas.json", vantage=None)
    assert {s.vantage for s in (ping, lost, tls, cut, page)} == {"atlas-1001"}
    assert (ping.started_at_utc, ping.probe) == (EIGHT, "ping")
    assert ping.connect_s == pytest.approx(0.0422)
    assert lost.failure == "generic_timeout_error"
    assert (tls.connect_s, tls.duration_s) == (0.0415, 0.0905)
    assert tls.certificate_issuer == "O=Test,CN=www.example.org"
    assert (cut.failed_operation, cut.failure) == (
        Operation.CONNECT,
        "generic_timeout_error",
    )
    assert (page.target, page.http_status) == ("anchor.example.net", 200)
    assert page.waiting_s == pytest.approx(0.021)


def test_two_probes_of_atlas_are_no_single_vantage(tmp_path):
    results = json.loads((DATA / "atlas.json").read_text())
    results[1]["prb_id"] = 1002
    (tmp_path / "a.json").write_text(json.dumps(results))
    with pytest.raises(InputError, match="probes 1001, 1002"):
        list(ripe_atlas.read(tmp_path / "a.json", vantage="home"))
    found = list(ripe_atlas.read(tmp_path / "a.json", vantage=None))
    assert {s.vantage for s in found} == {"atlas-1001", "atlas-1002"}


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


def test_smokeping_under_a_locale_with_commas_is_the_same(tmp_path):
    text = (DATA / "youtube.txt").read_text()
    (tmp_path / "youtube.txt").write_text(text.replace(".", ","))
    read = fping.read_smokeping
    expected = list(read(DATA / "youtube.txt", vantage="home"))
    assert list(read(tmp_path / "youtube.txt", vantage="home")) == expected


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


def test_two_modules_of_one_instance_are_two_probes():
    """The page's failure stays one although a connection went well."""
    answer = (DATA / "prometheus-two-modules.json").read_bytes()
    found = blackbox.samples_of(answer, vantage="home")
    assert {(s.target, s.probe, s.failure is None) for s in found} == {
        ("youtube", "blackbox:http", False),
        ("youtube", "blackbox:ping", True),
    }
    # As scraped: Prometheus itself would repeat the last one for five minutes.
    assert len(found) == 2 * 3


def test_series_of_prometheus_that_cannot_be_told_apart_are_refused():
    document = json.loads((DATA / "prometheus-two-modules.json").read_text())
    for series, region in zip(document["data"]["result"], "ab" * 9, strict=False):
        series["metric"] |= {"region": region, "job": "http"}
    with pytest.raises(InputError, match=r"region 'a' and 'b'.*--match"):
        blackbox.samples_of(json.dumps(document).encode(), vantage="home")


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
    "until": datetime(2026, 10, 3, 12, tzinfo=UTC),
    "vantage": "home",
}


def test_prometheus_is_asked_day_by_day_for_what_it_scraped():
    answer = answer_of(*([EIGHT.timestamp() - day * 86_400, "0"] for day in range(30)))
    with prometheus(answer) as (url, asked):
        found = list(blackbox.read(url, **TERMS, match='region="kz"'))
    assert {a["path"] for a in asked} == {"/api/v1/query"}
    assert [a["query"][0][-8:] for a in asked] == ["[86401s]"] * 2 + ["[43201s]"]
    assert all('region="kz"' in a["query"][0] for a in asked)
    # The server here answers every question with all: each sample is taken once.
    assert [s.started_at_utc.day for s in found] == [1, 2]


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


PROVENANCE = Provenance(vantage="home", zone=ALMATY, measured=EIGHT)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_another_kind_of_file_is_refused_with_its_name(tmp_path, form, body):
    path = tmp_path / "a.log"
    path.write_bytes(body)
    with pytest.raises(InputError, match=r"a\.log"):
        list(reader(form, PROVENANCE)(path))


@pytest.mark.parametrize(
    ("form", "name", "old", "new"),
    [
        ("ookla", "ookla.jsonl", "11796602", "true"),
        ("ookla", "ookla.jsonl", "11796602", "1" + "0" * 400),
        ("ookla", "ookla.jsonl", "11796602", '"11796602"'),
        ("iperf3", "iperf3.json", "1795949167", "1e300"),
        ("iperf3", "iperf3.json", '"connecting_to": {', '"connecting_to": 5, "x": {'),
        ("ndt7", "ndt7.jsonl", "45.48010318961437", "NaN"),
        ("ripe-atlas", "atlas.json", "1792508400", "null"),
        ("ripe-atlas", "atlas.json", '"rtt": 40.1', '"rtt": [40.1]'),
    ],
)
def test_a_value_of_another_kind_is_refused(tmp_path, form, name, old, new):
    text = (DATA / name).read_text()
    assert old in text
    (tmp_path / "a.json").write_text(text.replace(old, new))
    with pytest.raises(InputError, match=r"a\.json: (document|row) \d"):
        list(reader(form, PROVENANCE)(tmp_path / "a.json"))


def test_documents_are_read_whole_whatever_stands_between_them(tmp_path):
    """An array over many lines, one document per line, and pretty ones in a row."""
    results = json.loads((DATA / "atlas.json").read_text())
    ways = [
        json.dumps(results, indent=1),
        "\n".join(json.dumps(r) for r in results),
        "\ufeff" + "\r\n\r\n".join(json.dumps(r, indent=3) for r in results),
    ]
    for way in ways:
        (tmp_path / "a.json").write_text(way)
        assert len(list(ripe_atlas.read(tmp_path / "a.json", vantage=None))) == 5
    (tmp_path / "a.json").write_text(ways[0][:-30])
    with pytest.raises(InputError, match="no JSON from"):
        list(ripe_atlas.read(tmp_path / "a.json", vantage=None))


@pytest.mark.parametrize(
    "row",
    ["1,-5,7,2026-10-20", "1,nan,7,2026-10-20", "1,x,7,2026-10-20", "1,5,7,yesterday"],
)
def test_impossible_values_are_refused_with_their_line(tmp_path, row):
    path = tmp_path / "a.csv"
    path.write_text(f"ID,Download,Ping,Created at\n{row}\n")
    with pytest.raises(InputError, match="line 2"):
        list(speedtest_tracker.read(path, vantage="home", zone=ALMATY))


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
    read = reader("ooni", PROVENANCE)
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
    file.write_text(f"Download,Ping,Created at\n1,2,{'x' * 200_000}\n")
    with pytest.raises(InputError, match=r"line 2: found 'field larger"):
        list(speedtest_tracker.read(file, vantage="kz"))
