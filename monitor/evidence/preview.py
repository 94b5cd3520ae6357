"""What a finished bundle tells, for people: shown before it leaves the house."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitor.evidence import archive, layout
from monitor.evidence.canonical_rows import COLUMNS, Row
from monitor.untyped import Json

_MAX_LINE_BYTES: Final = 1_000_000
_MAX_EXAMPLE: Final = 200
_LEVELS: Final = {
    "private": "everything is in it: keep it to yourself",
    "trusted": "exact times and the name of the place are in it, full server addresses"
    " are not; for a lawyer or the provider",
    "public": "no exact times, no name of the place, nothing about the household; but"
    " somebody with your provider's flow logs may still recognise the line, and two"
    " public bundles of one home can be seen to be of one home",
}


def preview(path: Path) -> list[str]:
    """The content of a bundle: files, columns with an example, configuration.

    Raises
    ------
    DamagedError : the file is no bundle.
    """
    with archive.opened(path) as zip_file:
        manifest = json.loads(zip_file.read(layout.MANIFEST))
        level = manifest["level"]
        return [
            f"level {level}: {_LEVELS[level]}",
            "",
            *_files(zip_file, manifest),
            "",
            *_columns(zip_file),
            "",
            *_config(zip_file),
        ]


def _files(zip_file: zipfile.ZipFile, manifest: dict[str, Json]) -> Iterator[str]:
    yield "files"
    for name, told in manifest["files"].items():
        yield f"  {name}  {told['bytes']} bytes"
    for name in manifest["left_out"]:
        yield f"  left out: {name} (it tells more than this level)"


def _columns(zip_file: zipfile.ZipFile) -> Iterator[str]:
    examples: Row = {}
    vantages: dict[str, int] = {}
    for line in archive.lines(zip_file, layout.SAMPLES, _MAX_LINE_BYTES):
        row = json.loads(line)
        vantages[row["vantage"]] = vantages.get(row["vantage"], 0) + 1
        for name, value in row.items():
            examples.setdefault(name, value)
    yield f"rows: {', '.join(f'{n} of {name}' for name, n in vantages.items())}"
    for name in COLUMNS:
        told = f"such as {_brief(examples[name])}" if name in examples else "not in it"
        yield f"  {name}: {told}"
    for name in ("x_trusted", "x_private"):
        if name in examples:
            yield f"  {name}: a keyed hash of what was kept back"


def _brief(example: Json) -> str:
    text = str(example)
    return text if len(text) <= _MAX_EXAMPLE else f"{text[:_MAX_EXAMPLE]}..."


def _config(zip_file: zipfile.ZipFile) -> Iterator[str]:
    yield "configuration"
    for name, value in json.loads(zip_file.read(layout.CONFIG)).items():
        yield f"  {name}: {json.dumps(value, ensure_ascii=False)[:200]}"
