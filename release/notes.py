"""The notes of a release: `python -m release.notes` cuts them from CHANGELOG.md."""

import tomllib
from pathlib import Path


def main() -> None:
    """Print the notes of the version in pyproject.toml."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    changelog = Path("CHANGELOG.md").read_text(encoding="utf-8")
    print(notes(changelog, project["project"]["version"]), end="")


def notes(changelog: str, version: str) -> str:
    """The section of a version, or what is unreleased, marked as such.

    Parameters
    ----------
    changelog : text in the format of Keep a Changelog.
    """
    sections = {
        heading.split()[0].strip("[]"): (heading, text)
        for heading, _, text in (
            part.partition("\n") for part in f"\n{changelog}".split("\n## ")[1:]
        )
    }
    if version in sections:
        heading, text = sections[version]
    elif "Unreleased" in sections:
        heading, text = f"{version}, not released yet", sections["Unreleased"][1]
    else:
        raise SystemExit(f"CHANGELOG.md: found neither ## {version} nor ## Unreleased")
    return f"# monitor {heading}\n\n{text.strip()}\n"


if __name__ == "__main__":
    main()
