"""The recipe inside a bundle, followed with the real tools of a shell."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

import monitor
from monitor.evidence import verify_bundle
from tests.evidence.test_bundle import bundle


@pytest.fixture
def made(tmp_path: Path):
    return bundle(tmp_path / "evidence.zip")


def recipe(path: Path) -> list[str]:
    """The commands that the bundle tells."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read("monitor-evidence.txt").decode()
    indented = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return [line for line in indented if not line.startswith("monitor")]


def followed(command: str, folder: Path, **values: object) -> str:
    for name, value in values.items():
        command = command.replace(name, str(value))
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_sha256sum_and_openssl_print_the_digest_of_the_bundle(made):
    *printing, _, _ = commands = recipe(made.path)
    assert [command.split()[0] for command in printing] == ["sha256sum", "openssl"]
    for command in printing:
        said = followed(command, made.path.parent, FILE=made.path.name)
        assert said.split()[0] == made.digest
    assert commands[2] == "sha256sum -c FILE.sha256"
    assert followed(commands[2], made.path.parent, FILE="evidence.zip").endswith("OK\n")
    assert verify_bundle(made.path).digest == made.digest


def test_it_says_where_the_verifier_is_had(made):
    with zipfile.ZipFile(made.path) as archive:
        text = archive.read("monitor-evidence.txt").decode()
    assert f"version {monitor.__version__} or" in text
    assert "SHA256SUMS are signed" in text


def test_every_link_can_be_computed_in_a_shell(made):
    with zipfile.ZipFile(made.path) as archive:
        links = [json.loads(line) for line in archive.open("chain.ndjson")]
    for link in links[:2]:
        fields = {name.upper(): link[name] for name in ("day", "n_rows", "root")}
        fields["PREVIOUS"] = link["previous"]
        fields[" F "] = f" {link['row_format']} "
        said = followed(recipe(made.path)[-1], made.path.parent, **fields)
        assert said.split()[0] == link["digest"]


def test_no_digest_of_another_bundle_lies_beside_one(made, tmp_path):
    beside = tmp_path / "evidence.zip.sha256"
    first = beside.read_text()
    assert first == f"{made.digest}  evidence.zip\n"
    again = bundle(made.path, report_files={})
    assert beside.read_text() == f"{again.digest}  evidence.zip\n" != first
