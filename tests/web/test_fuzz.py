"""The OpenAPI document held true by a fuzzer against a running server."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.browser import served

# A range that ends before it begins is refused, which no schema can say.
SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404"]
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("phases", "n_examples"),
    [("coverage", 1), ("coverage,fuzzing,stateful", 8)],
)
def test_the_api_is_as_its_document_says(
    tmp_path: Path, sqlite_history: str, phases: str, n_examples: int
):
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    # It writes notes and pauses: into a copy.
    shutil.copy(sqlite_history.removeprefix("sqlite:///"), tmp_path / "fuzzed.db")
    with served(tmp_path, f"sqlite:///{tmp_path / 'fuzzed.db'}") as address:
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                "run",
                f"{address}api/openapi.json",
                "--checks=all",
                f"--phases={phases}",
                f"--max-examples={n_examples}",
                "--seed=20261022",
                "--generation-database=none",
                # It finds few years between 1970 and 2199 among all.
                "--suppress-health-check=all",
                "--no-color",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Tested: 24" in done.stdout
