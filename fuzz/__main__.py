"""`python -m fuzz NAME --seconds S`: one target under atheris.

New inputs are kept in fuzz/found/NAME (not under version control), an input that ends
the run in fuzz/crashes/NAME-...; both are looked at by hand.
"""

import argparse
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

import atheris

_FOLDER = Path(__file__).parent
_PACKAGES = ["fuzz", "monitor", "h11", "dns", "ruamel", "json", "csv", "urllib"]


def main() -> None:
    """Run until the time is over or a finding ends it (exit status 77)."""
    asked = _asked()
    with atheris.instrument_imports(include=_PACKAGES):
        from fuzz import words
        from fuzz.targets import TARGETS
    new, crashes = _FOLDER / "found" / asked.target, _FOLDER / "crashes"
    for folder in (new, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", suffix=".dict") as dictionary:
        dictionary.writelines(f'"{word}"\n' for word in words.of(asked.target))
        dictionary.flush()
        options = [
            f"-max_total_time={asked.seconds}",
            f"-artifact_prefix={crashes}/{asked.target}-",
            f"-dict={dictionary.name}",
            "-rss_limit_mb=2048",
            "-timeout=20",
            "-print_final_stats=1",
            "-verbosity=0",
            str(new),
            str(_FOLDER / "corpus" / asked.target),
        ]
        atheris.Setup([sys.argv[0], *options], TARGETS[asked.target])
        atheris.Fuzz()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=60)
    return parser.parse_args()


if __name__ == "__main__":
    main()
