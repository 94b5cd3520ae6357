"""Alters a bundle at random, one thing at a time, and tells what `verify` misses.

    python -m benchmarks.alterations demo/evidence.zip --n 100 --seed 1

Each alteration is of one byte, row, link of the chain, verdict or member, which is
altered, removed, added or moved. Who alters a byte or member does not know the format;
who alters more packs the bundle anew, with a manifest that fits. The same seed does the
same. Then it forges the bundle in every way of `benchmarks.forgeries`, each around the
honest digest of the last day, with which it has to be refused. Exit status 1: one was
not caught, or caught without its place being named.
"""

import argparse
import json
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.forgeries import FORGERIES, Members, fitting, honest_digest
from monitor.evidence import Finding, Level, archive, layout, verify_bundle

WAYS: Final = ("alter", "remove", "add", "move")
_ARCHIVE: Final = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What was done, and where: what a finding has to name."""

    did: str
    file: str
    day: str | None = None
    row: int | None = None
    field: str | None = None

    def is_named_by(self, found: Finding) -> bool:
        """Whether a finding tells the place; what is None need not be told."""
        wanted = (self.file, self.day, self.row)
        told = (found.file, found.day, found.row)
        return all(w in (None, t) for w, t in zip(wanted, told, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `verify` said of one altered bundle."""

    place: Place
    findings: Sequence[Finding]
    is_named: bool


def altered(
    intact: Path, path: Path, rng: random.Random, kinds: Sequence[str]
) -> Place:
    """Write a bundle with one thing altered; what that was.

    Parameters
    ----------
    intact : the bundle as it was written.
    path : the file to write.
    kinds : of `KINDS`, one of which is chosen.
    """
    return KINDS[rng.choice(kinds)](intact, path, rng)


def outcome(path: Path, place: Place) -> Outcome:
    """Whether `verify` catches the alteration and names its place."""
    findings = verify_bundle(path).findings
    is_named = any(place.is_named_by(found) for found in findings)
    if place.field is not None:
        is_named &= place.field in {found.field for found in findings}
    return Outcome(place=place, findings=findings, is_named=is_named)


def one_byte(body: bytes, rng: random.Random) -> tuple[str, bytes, int]:
    """What was done, the bytes with one altered, removed or added, and where."""
    way, at = rng.choice(WAYS[:3]), rng.randrange(len(body))
    new = {
        "alter": bytes([body[at] ^ 1 << rng.randrange(8)]),
        "remove": b"",
        "add": bytes([rng.randrange(256), body[at]]),
    }[way]
    return f"{way} byte {at}", body[:at] + new + body[at + 1 :], at


def _byte_of_file(intact: Path, path: Path, rng: random.Random) -> Place:
    """Nothing but the file's own seal can tell a byte between two members."""
    did, body, at = one_byte(intact.read_bytes(), rng)
    path.write_bytes(body)
    holder = _holder(intact, at)
    return Place(did=f"{did} of the file, in {holder}", file=_ARCHIVE)


def _holder(path: Path, position: int) -> str:
    with zipfile.ZipFile(path) as zip_file:
        for info in zip_file.infolist():
            if info.header_offset <= position < info.header_offset + info.compress_size:
                return info.filename
    return "the table of contents"


def _byte_of_member(intact: Path, path: Path, rng: random.Random) -> Place:
    members = unpacked(intact)
    name = rng.choice(sorted(members))
    did, members[name], _ = one_byte(members[name], rng)
    packed(path, members)
    return Place(did=f"{did} of {name}", file=name)


def _member(intact: Path, path: Path, rng: random.Random) -> Place:
    members = unpacked(intact)
    name = rng.choice(sorted(members))
    way = rng.choice(("remove", "add"))
    if way == "add":
        name = f"{name}.{rng.randrange(1000)}"
        members[name] = rng.randbytes(20)
    else:
        del members[name]
    packed(path, members)
    return Place(did=f"{way} member {name}", file=name)


def _row(intact: Path, path: Path, rng: random.Random) -> Place:
    members = unpacked(intact)
    way, n, row, field = _line(members, layout.SAMPLES, rng)
    packed(path, fitting(members))
    is_told = field not in ("started_at_utc", "vantage", "x_private", "x_trusted")
    return Place(
        did=f"{way} row {n} {field or ''}",
        file=layout.SAMPLES,
        day=row["started_at_utc"][:10],
        row=None if way == "alter" else row["x_row"],
        field=field if is_told else None,
    )


def _line(
    members: Members, name: str, rng: random.Random
) -> tuple[str, int, dict[str, Any], str | None]:
    """Alter one line of a member: what was done, where, the line before, the field."""
    fixed, packed = _LINES[name]
    lines = members[name].splitlines()
    n = rng.randrange(len(lines))
    document = json.loads(lines[n])
    way, field = rng.choice(WAYS), None
    if way == "alter":
        field = rng.choice(sorted(set(document) - fixed))
        lines[n] = packed(_other(document, field))
    else:
        _moved(lines, n, way, rng)
    members[name] = layout.joined(lines)
    return way, n, document, field


def _other(row: Mapping[str, Any], field: str) -> dict[str, Any]:
    value = row[field]
    other = f"{value}0" if isinstance(value, str) else value + 1
    return {**row, field: other}


def _careful(row: Mapping[str, Any]) -> bytes:
    """The line of a row by somebody who knows its check value, too."""
    return layout.canonical({**row, "x_check": layout.row_check(row)})


_LINES: Final[Mapping[str, tuple[set[str], Callable[[Mapping[str, Any]], bytes]]]] = {
    layout.SAMPLES: ({"x_row", "x_check"}, _careful),
    layout.CHAIN: ({"rows", "vantage"}, layout.canonical),
}
"""Member -> fields that stay, and how a line of it is written."""


def _moved(lines: list[bytes], n: int, way: str, rng: random.Random) -> None:
    elsewhere = (n + rng.randrange(1, len(lines))) % len(lines)
    if way == "remove":
        del lines[n]
    elif way == "add":
        lines.insert(elsewhere, lines[n])
    else:
        lines.insert(elsewhere, lines.pop(n))


def _link(intact: Path, path: Path, rng: random.Random) -> Place:
    members = unpacked(intact)
    way, _, link, field = _line(members, layout.CHAIN, rng)
    packed(path, fitting(members))
    return Place(did=f"{way} link of {link['day']} {field or ''}", file=layout.CHAIN)


def _verdict(intact: Path, path: Path, rng: random.Random) -> Place:
    members = unpacked(intact)
    document = json.loads(members[layout.VERDICTS])
    n = rng.randrange(len(document["verdicts"]))
    verdict = document["verdicts"][n]
    field = rng.choice(sorted(k for k, v in verdict.items() if isinstance(v, str)))
    document["verdicts"][n] = _other(verdict, field)
    members[layout.VERDICTS] = json.dumps(document).encode()
    packed(path, fitting(members))
    where = f"verdicts[{n}].{field}"
    return Place(did=f"alter {where}", file=layout.VERDICTS, field=where)


KINDS: Final[Mapping[str, Callable[[Path, Path, random.Random], Place]]] = {
    "byte of the file": _byte_of_file,
    "byte of a member": _byte_of_member,
    "member": _member,
    "row": _row,
    "link": _link,
    "verdict": _verdict,
}


def told_kinds(bundle: Path) -> list[str]:
    """The kinds of alteration that show without a digest from elsewhere.

    At the public level the verdicts cannot be computed again: whoever writes others,
    and a manifest that fits, has written another bundle.
    """
    manifest = json.loads(unpacked(bundle)[layout.MANIFEST])
    is_public = manifest["level"] == Level.PUBLIC
    return sorted(kind for kind in KINDS if not (is_public and kind == "verdict"))


def unpacked(path: Path) -> Members:
    """The members of a bundle by name."""
    with zipfile.ZipFile(path) as zip_file:
        return {name: zip_file.read(name) for name in zip_file.namelist()}


def packed(path: Path, members: Members) -> None:
    """Write a bundle of these members, sealed."""
    # Nothing is packed: that takes most of the time, and `verify` reads both.
    with zipfile.ZipFile(path, "w") as zip_file:
        for name, body in members.items():
            zip_file.writestr(name, body)
    archive.seal(path)


def passed_forgeries(intact: Path) -> Iterator[tuple[str, str]]:
    """Forgeries that `verify --digest` does not name as it should, and what it said."""
    members = unpacked(intact)
    given = honest_digest(members)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forged.zip"
        for name, (forge, word) in FORGERIES.items():
            packed(path, forge(members))
            findings = verify_bundle(path, digest=given).findings
            if not any(word in str(found) for found in findings):
                yield name, "; ".join(map(str, findings[:3])) or "INTACT"


def outcomes(
    intact: Path, seeds: Sequence[int], kinds: Sequence[str] = ()
) -> Iterator[Outcome]:
    """One alteration for each seed, and what `verify` said."""
    kinds = kinds or told_kinds(intact)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "altered.zip"
        for seed in seeds:
            place = altered(intact, path, random.Random(seed), kinds)
            yield outcome(path, place)


def main() -> None:
    """Alter a bundle many times; exit status 1 when something was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), default=[])
    options = parser.parse_args()
    n_missed = 0
    for bundle in options.bundles:
        n_missed += _told(bundle, options) + _told_forgeries(bundle)
    sys.exit(1 if n_missed else 0)


def _told(bundle: Path, options: argparse.Namespace) -> int:
    seeds = range(options.seed, options.seed + options.n)
    n_caught = n_named = 0
    for seed, found in zip(seeds, outcomes(bundle, seeds, options.kind), strict=True):
        n_caught += bool(found.findings)
        n_named += found.is_named
        if not found.is_named:
            said = "; ".join(map(str, found.findings[:3])) or "INTACT"
            print(f"seed {seed}: {found.place.did}: {said}", flush=True)
    print(f"{bundle}: {options.n} alterations, {n_caught} caught, {n_named} named")
    return options.n - n_named


def _told_forgeries(bundle: Path) -> int:
    missed = list(passed_forgeries(bundle))
    for name, said in missed:
        print(f"forgery: {name}: {said}", flush=True)
    print(f"{bundle}: {len(FORGERIES)} forgeries, {len(missed)} not named")
    return len(missed)


if __name__ == "__main__":
    main()
