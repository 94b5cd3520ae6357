"""Dask: whom it speaks to, and whose answers it takes."""

import pytest

from monitor.errors import InputError
from monitor.fleet.dask_engine import check_address, check_versions
from monitor.fleet.engines import EngineTerms, engine_of
from monitor.fleet.jobs import versions


@pytest.mark.parametrize(
    "address",
    ["tcp://10.0.0.1:8786", "tcp://example.org:8786", "127.0.0.1:8786", "http://[::1]"],
)
def test_a_scheduler_that_others_can_speak_for_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="allowed: tls://"):
        engine_of("dask", EngineTerms(scheduler=address))


@pytest.mark.parametrize(
    "address", ["tls://10.0.0.1:8786", "tcp://127.0.0.1:1", "tcp://[::1]:1"]
)
def test_tls_or_this_machine_is_taken(address: str) -> None:
    check_address(address)


def test_workers_of_other_versions_are_refused() -> None:
    check_versions({"tls://a": versions()})
    other = tuple((k, "0.1" if k == "pandas" else v) for k, v in versions())
    with pytest.raises(InputError, match=r"worker tls://b: found pandas 0\.1 \(here"):
        check_versions({"tls://a": versions(), "tls://b": other})
