"""Verification: an intact bundle is intact; whatever was altered is named."""

import json
import os
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.evidence import Level, archive, layout, links, verify_bundle
from monitor.evidence.canonical_rows import canonical
from monitor.evidence.findings import Verification
from tests.evidence.samples import some_samples
from tests.evidence.test_bundle import bundle


@pytest.fixture
def intact(tmp_path: Path) -> Path:
    bundle(tmp_path / "bundle.zip")
    return tmp_path / "bundle.zip"


def without_check(manifest: dict) -> dict:
    return {name: part for name, part in manifest.items() if name != layout.CHECK}


def rewritten(path: Path, change) -> Path:
    """The bundle with other members: manifest and seal made anew as a forger would."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    manifest = json.loads(members.pop("manifest.json"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, body in members.items():
            with archive.member(new, name) as file:
                file.write(body)
        manifest["files"] = {
            name: {"sha256": layout.sha256(body).hexdigest(), "bytes": len(body)}
            for name, body in members.items()
        }
        with archive.member(new, "manifest.json") as file:
            file.write(layout.manifest(without_check(manifest)))
    archive.seal(path)
    return path


def findings(path: Path) -> str:
    return "\n".join(map(str, verify_bundle(path).findings))


@pytest.mark.parametrize("level", list(Level))
def test_an_intact_bundle_of_every_level_is_intact(tmp_path, level):
    info = bundle(tmp_path / "a.zip", level)
    result = verify_bundle(tmp_path / "a.zip")
    assert result.findings == []
    assert result.digest == info.digest
    assert result.heads == info.heads
    assert result.n_rows == len(some_samples())


def test_it_needs_nothing_but_the_file(tmp_path, monkeypatch, intact):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    shutil.move(intact, elsewhere / "b")
    assert verify_bundle(Path("b")).is_intact


def _holder(path: Path, position: int) -> str:
    """The member that a byte of the file belongs to; `archive` between members."""
    with zipfile.ZipFile(path) as zip_file:
        for info in zip_file.infolist():
            end_of_header = info.header_offset + 30 + len(info.filename) + 20
            if end_of_header <= position < end_of_header + info.compress_size:
                return info.filename
    return "archive"


@pytest.mark.parametrize("seed", range(20))
def test_one_altered_byte_is_caught_and_its_file_named(intact, seed):
    rng = random.Random(seed)
    body = bytearray(intact.read_bytes())
    position = rng.randrange(len(body))
    holder = _holder(intact, position)
    body[position] ^= 1 << rng.randrange(8)
    intact.write_bytes(body)
    named = {finding.file for finding in verify_bundle(intact).findings}
    assert "archive" in named
    assert holder in named or _unpacks(intact, holder)


def _unpacks(path: Path, name: str) -> bool:
    """Whether a member is whole: a spare bit of its packed form may differ."""
    with zipfile.ZipFile(path) as zip_file:
        return len(zip_file.read(name)) > 0


def _one_row(seed: int, path: Path) -> tuple[str, str, int]:
    """Alter, remove, add or move a row as someone without this program would."""
    rng = random.Random(seed)
    kind = ("alter", "remove", "add", "move")[seed % 4]
    told: dict[str, int | str] = {}

    def change(members):
        lines = members["samples.ndjson"].splitlines(keepends=True)
        n = rng.randrange(len(lines))
        row = json.loads(lines[n])
        told.update(day=row["started_at_utc"][:10], row=row["x_row"])
        if kind == "alter":
            name = rng.choice([k for k in row if k != "x_row"])
            row[name] = f"{row[name]}0" if isinstance(row[name], str) else row[name] + 1
            lines[n] = layout.canonical(row) + b"\n"
            told["field"] = name
        elif kind == "remove":
            del lines[n]
        elif kind == "add":
            lines.insert(rng.randrange(len(lines)), lines[n])
        else:
            line = lines.pop(n)
            lines.insert((n + rng.randrange(1, len(lines))) % len(lines), line)
        members["samples.ndjson"] = b"".join(lines)

    rewritten(path, change)
    return kind, told


@pytest.mark.parametrize("seed", range(20))
def test_one_altered_added_removed_or_moved_row_is_caught_and_named(tmp_path, seed):
    """Every kind of change at every level."""
    path = tmp_path / "a.zip"
    bundle(path, list(Level)[seed % 3])
    kind, told = _one_row(seed, path)
    found = verify_bundle(path).findings
    places = {(f.day, f.row) for f in found}
    assert (told["day"], told["row"]) in places, (kind, told, findings(path))
    if "field" in told and told["field"] != "x_check":
        assert told["field"] in {f.field for f in found} | {"started_at_utc"}


def test_a_row_forged_with_its_check_values_is_caught_by_the_chain(intact):
    """Somebody who knows the format rewrites row, column checks and manifest."""

    def change(members):
        rows = [json.loads(line) for line in members["samples.ndjson"].splitlines()]
        rows[40]["connect_s"] *= 10
        rows[40]["x_check"] = layout.row_check(rows[40])
        members["samples.ndjson"] = layout.joined(map(layout.canonical, rows))
        links = [json.loads(line) for line in members["chain.ndjson"].splitlines()]
        for link in links:
            own = [
                r
                for r in rows
                if r["started_at_utc"][:10] == link["day"]
                and r["vantage"] == link["vantage"]
            ]
            link["rows"]["columns"] = layout.column_checks(own)
        members["chain.ndjson"] = layout.joined(map(layout.canonical, links))

    rewritten(intact, change)
    assert findings(intact) == (
        "samples.ndjson, day 2026-10-01: the day's rows are not those of its digest"
        " in the chain"
    )


def test_a_bundle_written_wholly_anew_is_caught_by_the_printed_digest(tmp_path, intact):
    printed = list(verify_bundle(intact).heads.values())
    assert verify_bundle(intact, digest=printed, scope="rows").is_intact
    bundle(tmp_path / "forged.zip", samples=some_samples(seed=2))
    assert verify_bundle(tmp_path / "forged.zip").is_intact
    forged = verify_bundle(tmp_path / "forged.zip", digest=printed, scope="rows")
    assert "is none of this bundle" in str(forged.findings[0])


def test_a_changed_link_of_the_chain_is_named(intact):
    def change(members):
        members["chain.ndjson"] = members["chain.ndjson"].replace(
            b'"day":"2026-10-02"', b'"day":"2026-10-05"', 1
        )

    assert "chain.ndjson, day 2026-10-05" in findings(rewritten(intact, change))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("config.json", lambda m: m.pop("config.json")),
        ("extra.txt", lambda m: m.update({"extra.txt": b"x"})),
    ],
)
def test_a_removed_or_added_member_is_named(intact, name, change):
    with zipfile.ZipFile(intact) as old:
        members = {n: old.read(n) for n in old.namelist()}
    change(members)
    with zipfile.ZipFile(intact, "w") as new:
        for n, body in members.items():
            new.writestr(n, body)
    assert name in findings(intact)


def test_a_file_that_is_no_bundle_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"hello")
    with pytest.raises(InputError, match="no evidence bundle"):
        verify_bundle(tmp_path / "a")
    with pytest.raises(InputError, match="cannot be read"):
        verify_bundle(tmp_path / "missing")


def _foreign_zip(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, body in members:
            new.writestr(name, body)
    return path


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a//b", "c:\\x", "a\nb", "a/"]
)
def test_names_that_lead_out_of_the_bundle_are_refused(tmp_path, name):
    path = _foreign_zip(tmp_path / "a.zip", (name, b""))
    with pytest.raises(InputError, match="no plain relative name"):
        verify_bundle(path)


def test_an_entry_that_is_there_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = _foreign_zip(tmp_path / "a.zip", ("a", b"1"), ("a", b"2"))
    with pytest.raises(InputError, match="is there twice"):
        verify_bundle(path)


def test_a_zip_bomb_is_refused_without_unpacking(tmp_path):
    path = _foreign_zip(tmp_path / "a.zip", ("manifest.json", bytes(50_000_000)))
    with pytest.raises(InputError, match="a zip bomb"):
        verify_bundle(path)


def test_a_bomb_put_into_a_bundle_is_named(intact):
    with zipfile.ZipFile(intact, "a", zipfile.ZIP_DEFLATED) as archive_:
        archive_.writestr("bomb", bytes(50_000_000))
    assert "'bomb' unpacks to more than 200 times its size" in findings(intact)


def test_many_members_are_refused(tmp_path):
    path = _foreign_zip(tmp_path / "a.zip", *((str(n), b"") for n in range(1001)))
    with pytest.raises(InputError, match="1001 members; allowed: 1000"):
        verify_bundle(path)


def test_hostile_lines_give_findings_and_no_traceback(intact):
    lines = [
        b"[" * 10_000,
        b'{"n":' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b'{"started_at_utc":1,"vantage":[],"x_row":"a","x_check":"b"}',
        b'{"started_at_utc":"2026-10-01","vantage":"home","x_row":1e99}',
        b"null",
    ]

    def change(members):
        members["samples.ndjson"] += b"\n".join(lines) + b"\n"
        members["chain.ndjson"] += b"\n".join(lines) + b"\n"

    text = findings(rewritten(intact, change))
    assert text.count("is no link of a chain") == len(lines)
    assert text.count("does not belong here") >= len(lines)


REPORT = {
    "report.html": b"<p>On 26 of the last 28 evenings</p>" * 40,
    "report.pdf": b"%PDF-1.7 " + bytes(range(256)) * 8,
    "report.csv": b"date,state\r\n2026-10-01,slow\r\n" * 30,
    "report.json": b'{"verdicts": []}',
}


@pytest.mark.parametrize("seed", range(20))
def test_one_altered_byte_of_a_report_page_is_caught_and_its_file_named(tmp_path, seed):
    """By somebody who packs and seals the bundle anew, but keeps its manifest."""
    path = tmp_path / "a.zip"
    bundle(path, report_files=REPORT)
    rng = random.Random(seed)
    name = f"report/{rng.choice(sorted(REPORT))}"
    with zipfile.ZipFile(path) as old:
        members = {n: old.read(n) for n in old.namelist()}
    body = bytearray(members[name])
    kind = ("alter", "remove", "add", "drop")[seed % 4]
    place = rng.randrange(len(body))
    if kind == "alter":
        body[place] ^= 1 << rng.randrange(8)
    elif kind == "remove":
        del body[place]
    elif kind == "add":
        body.insert(place, rng.randrange(256))
    members[name] = bytes(body)
    if kind == "drop":
        del members[name]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member, text in members.items():
            with archive.member(new, member) as file:
                file.write(text)
    archive.seal(path)
    assert name in {finding.file for finding in verify_bundle(path).findings}


class Counted(str):
    """A digest that counts how often it is compared."""

    n = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.n += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        Counted.n += 1
        return str.__ne__(self, other)


def test_a_chain_of_breaks_is_looked_at_once(monkeypatch: pytest.MonkeyPatch):
    """Else a file of some kilobytes keeps its reader waiting for hours."""
    monkeypatch.setitem(links._LINK_FIELDS, "digest", Counted)
    monkeypatch.setitem(links._LINK_FIELDS, "previous", Counted)
    n = 300
    lines = [
        canonical(
            {"vantage": "home", "day": "2026-10-01", "n_rows": 1, "root": ""}
            | {"previous": f"{i:064x}", "digest": f"{i + 7:064x}"}
        )
        for i in range(n)
    ]
    links.check_links(lines, Verification(path=Path("x"), digest=""))
    assert Counted.n < 20 * n


def test_a_document_that_would_fill_the_memory_is_not_read(intact: Path):
    def change(members):
        body = b'{"x":[' + b"[]," * 8_000_000 + b"[]]}"
        members["verdicts.json"] = body + os.urandom(150_000).hex().encode()

    assert "verdicts.json: is longer than" in findings(rewritten(intact, change))


@pytest.mark.parametrize("name", ["samples.ndjson", "chain.ndjson"])
def test_nobody_counts_millions_of_bad_lines(intact: Path, monkeypatch, name: str):
    monkeypatch.setattr("monitor.evidence.verify._MOST_DIFFERENCES", 1000)
    path = rewritten(intact, lambda members: members.update({name: b"\n" * 20_000}))
    result = verify_bundle(path)
    assert not result.is_intact
    assert 1000 < result.n_more < 1100
