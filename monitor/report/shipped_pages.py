"""Pages of the manual that go into every bundle: its reader may have nothing else."""

from pathlib import Path
from typing import Final

import monitor

NAMES: Final = ("method.md", "error-rates.md", "glossary.md")


def shipped_pages() -> dict[str, bytes]:
    """The pages by name: from inside the installed package, or from the checkout."""
    package = Path(monitor.__file__).parent
    installed = package / "_docs"
    folder = installed if installed.is_dir() else package.parent / "docs"
    return {name: (folder / name).read_bytes() for name in NAMES}
