"""One code path for a folder and for S3: `make test-cluster`."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from monitor import fleet
from monitor.errors import ServiceError
from monitor.fleet.compaction import compact
from monitor.fleet.lake import Files, Lake
from monitor.fleet.lake_check import differences
from tests.fleet.lakes import NOW, TODAY, home
from tests.fleet.test_analyze import Here
from tests.ports import free_port
from tests.waiting import eventually


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The query of an address in a store on loopback."""
    port = free_port()
    command = [os.environ["S3_SERVER"], "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    system = fs.S3FileSystem(
        access_key="test",
        secret_key="test",
        region="us-east-1",
        scheme="http",
        endpoint_override=f"127.0.0.1:{port}",
        allow_bucket_creation=True,
    )
    try:
        eventually(lambda: made(system))
        place = f"endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
        yield f"s3://test:test@lakes/{{}}?{place}"
    finally:
        server.kill()
        server.wait()


def made(system: fs.S3FileSystem) -> bool:
    try:
        system.create_dir("lakes")
    except OSError:
        return False
    return True


def judged(address: str) -> fleet.FleetRun:
    return fleet.analyze(address, night="2026-10-14", now_utc=NOW, engine=Here())


def test_a_lake_in_a_store_is_a_lake_in_a_folder(s3: str, tmp_path: Path) -> None:
    lake = Lake.create(str(tmp_path / "lake"), n_buckets=2, created=NOW)
    homes = [home(tmp_path / "homes", name) for name in ("flat", "house")]
    for each in homes:
        each.enrolled(lake)
        each.pushed(lake)
    copy = Files(s3.format("copy"))
    for name in lake.files.names(""):
        copy.write(name, lake.files.read(name))
    there = Lake.open(s3.format("copy"))
    both = [compact(each, today=TODAY) for each in (lake, there)]
    assert both[0].written == both[1].written
    assert compact(there, today=TODAY).written == []
    runs = [judged(str(tmp_path / "lake")), judged(s3.format("copy"))]
    assert runs[0].document["n_homes"] == 2
    assert len({run.document["verdicts_sha256"] for run in runs}) == 1
    assert "test:test" not in str(runs[1].document)
    assert differences(there, TODAY).findings == []
    # Straight into the store, as a home does.
    fresh = Lake.create(s3.format("fresh"), n_buckets=2, created=NOW)
    homes[0].enrolled(fresh)
    assert homes[0].pushed(fresh) == 15
    assert homes[0].pushed(fresh) == 0
    for each in homes:
        each.store.close()


def test_a_store_out_of_reach_is_told() -> None:
    address = f"s3://a:b@x/y?endpoint_override=127.0.0.1:{free_port()}&scheme=http"
    with pytest.raises(ServiceError) as told:
        Lake.open(address)
    assert "a:b" not in str(told.value)
