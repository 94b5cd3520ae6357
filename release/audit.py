"""Known vulnerabilities of the pinned packages, found by pip-audit.

`python -m release.audit [FILE...] [options of pip-audit]`; without files all
requirements. Exit status 0: every package was looked up and nothing is known; 1:
something is known, it is named; 3: not every package could be looked up. pip-audit
alone says that it found nothing also when it could look up nothing.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, UNANSWERED = 0, 1, 3
_ALL = sorted(Path("requirements").glob("*.txt"))


def main() -> int:
    """Audit, print one line per finding; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=_ALL)
    asked, options = parser.parse_known_args()
    worst = CLEAN
    for path in asked.files:
        status, lines = judged(looked_up(path, options))
        print(*(f"{path}: {line}" for line in lines), sep="\n", file=sys.stderr)
        worst = VULNERABLE if VULNERABLE in {status, worst} else max(status, worst)
    return worst


def looked_up(path: Path, options: Sequence[str]) -> list[dict[str, Any]]:
    """What pip-audit tells of each package; nothing if no service answers."""
    command = [sys.executable, "-m", "pip_audit", f"--requirement={path}"]
    fixed = ["--require-hashes", "--disable-pip", "--format=json"]
    done = subprocess.run(
        [*command, *fixed, "--progress-spinner=off", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(*done.stderr.splitlines()[-1:], file=sys.stderr)
        return []
    return found


def judged(found: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """Exit status, and what a person is told."""
    known = [
        f"{one['name']} {one['version']}: {bad['id']}, mended in"
        f" {', '.join(bad['fix_versions']) or 'no version'}"
        for one in found
        for bad in one.get("vulns", ())
    ]
    skipped = [one for one in found if "skip_reason" in one]
    if known:
        return VULNERABLE, known
    if skipped or not found:
        n_found = (
            f"{len(skipped)} of {len(found)} packages" if found else "the packages"
        )
        return UNANSWERED, [f"NOT AUDITED: no service told about {n_found}"]
    return CLEAN, [f"{len(found)} packages, no known vulnerability"]


if __name__ == "__main__":
    sys.exit(main())
