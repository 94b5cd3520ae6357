"""A release: its bill of materials, notes, audit and signature."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from release.notes import notes
from release.pins import pins
from release.sbom import bill
from tests.ports import free_port

RUN = Path("requirements/run.txt")


@pytest.mark.long
def test_the_bill_is_valid_and_names_every_pin() -> None:
    # Loaded here: its grammars take seconds, which every worker would spend.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = bill(1_700_000_000)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    named = {(c["name"], c["version"]) for c in json.loads(text)["components"]}
    assert named >= {(pin.name, pin.version) for pin in pins(RUN)}
    assert {name for name, _ in named if name == "echarts"}
    assert len(named) > 50


def test_every_file_of_a_pin_is_in_the_bill() -> None:
    text = bill(0)
    assert all(one in text for pin in pins(RUN) for one in pin.sha256)
    assert text.count('"alg": "SHA-256"') == 1 + RUN.read_text().count("--hash=sha256:")


def test_the_same_checkout_gives_the_same_bill() -> None:
    code = "from release.sbom import bill; print(bill(1_700_000_000))"
    bills = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(bills) == 1


def test_the_bill_tells_nothing_of_the_machine_that_made_it() -> None:
    text = bill(0)
    assert str(Path.cwd()) not in text
    assert text.count("://") == 1  # where the schema is
    assert json.loads(text)["$schema"].startswith("http://cyclonedx.org/schema/")


CHANGELOG = """# Changelog

## Unreleased

- New.

## 1.2.0 - 2026-10-01

### Added

- Old.
"""


def test_notes_are_the_section_of_the_version() -> None:
    assert notes(CHANGELOG, "1.2.0") == (
        "# monitor 1.2.0 - 2026-10-01\n\n### Added\n\n- Old.\n"
    )


def test_notes_of_an_unreleased_version_say_so() -> None:
    assert notes(CHANGELOG, "1.3.0") == (
        "# monitor 1.3.0, not released yet\n\n- New.\n"
    )


def test_notes_without_a_section_are_refused() -> None:
    with pytest.raises(SystemExit, match="neither ## 2 nor ## Unreleased"):
        notes("# Changelog\n", "2")


@contextmanager
def service(vulnerable: str) -> Iterator[str]:
    """A vulnerability service (as OSV) on loopback that knows of one package."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_bad = asked["package"]["name"] == vulnerable
            package = {"name": vulnerable, "ecosystem": "PyPI"}
            ranges = [{"type": "ECOSYSTEM", "events": [{"fixed": "9.9"}]}]
            bad = {
                "id": "TEST-2026-1",
                "modified": "2026-01-01T00:00:00Z",
                "published": "2026-01-01T00:00:00Z",
                "affected": [{"package": package, "ranges": ranges}],
            }
            body = json.dumps({"vulns": [bad]} if is_bad else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def audit(file: Path, url: str) -> subprocess.CompletedProcess[str]:
    """The audit of one file by the service at a URL."""
    options = ["--vulnerability-service=osv", f"--osv-url={url}"]
    return subprocess.run(
        [sys.executable, "-m", "release.audit", file, *options],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def two_pins(tmp_path: Path) -> Path:
    file = tmp_path / "two.txt"
    hashes = "--hash=sha256:" + "0" * 64
    file.write_text(f"alpha==1.0 \\\n    {hashes}\nbeta==2.0 \\\n    {hashes}\n")
    return file


def test_a_known_vulnerability_ends_the_audit(two_pins: Path) -> None:
    with service("beta") as url:
        done = audit(two_pins, url)
    assert done.returncode == 1
    assert "beta 2.0: TEST-2026-1, mended in 9.9" in done.stderr


def test_nothing_known_of_any_package_passes(two_pins: Path) -> None:
    with service("gamma") as url:
        done = audit(two_pins, url)
    assert (done.returncode, "2 packages, no known" in done.stderr) == (0, True)


def test_a_service_out_of_reach_is_not_taken_for_good_news(two_pins: Path) -> None:
    done = audit(two_pins, f"http://127.0.0.1:{free_port()}/v1/query")
    assert done.returncode == 3
    assert "NOT AUDITED" in done.stderr


def keygen(folder: Path, *words: str, text: str = "") -> int:
    """The exit status of ssh-keygen in a folder."""
    done = subprocess.run(
        ["ssh-keygen", *words],
        cwd=folder,
        input=text,
        text=True,
        capture_output=True,
        check=False,
    )
    return done.returncode


def test_the_documented_signature_holds_and_notices_a_change(tmp_path: Path) -> None:
    """With a key that is thrown away; the commands of docs/releasing.md."""
    keygen(tmp_path, "-q", "-t", "ed25519", "-N", "", "-f", "key")
    public = (tmp_path / "key.pub").read_text()
    (tmp_path / "signers").write_text(f"release@monitor {public}")
    sums = f"{'0' * 64}  monitor.whl\n"
    (tmp_path / "SHA256SUMS").write_text(sums)
    named = ("-n", "monitor")
    assert keygen(tmp_path, "-Y", "sign", "-f", "key", *named, "SHA256SUMS") == 0
    who = ("-f", "signers", "-I", "release@monitor")
    verify = ("-Y", "verify", *who, *named, "-s", "SHA256SUMS.sig")
    assert keygen(tmp_path, *verify, text=sums) == 0
    assert keygen(tmp_path, *verify, text=sums.replace("0", "1")) != 0
