"""Whatever a forger writes around an honest day's digest does not pass with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.alterations import packed, unpacked
from benchmarks.forgeries import FORGERIES, Forger, Members, fitting, honest_digest
from monitor.errors import InputError
from monitor.evidence import Level, layout, verify_bundle
from monitor.evidence.bundle import Ledger
from tests.evidence.chains import day_digests
from tests.evidence.samples import some_samples
from tests.evidence.test_bundle import SECRET, bundle

LEVELS = ("private", "trusted", "public")
HOME = [sample for sample in some_samples(n_days=6) if sample.vantage == "home"]


def honest_bundle(folder: Path, level: str) -> Path:
    bundle(folder / "a.zip", level, HOME, report_level=level)
    return folder / "a.zip"


def said(path: Path, given: object, scope: str = "all") -> str:
    return "\n".join(map(str, verify_bundle(path, digest=given, scope=scope).findings))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_a_forgery_around_an_honest_digest_does_not_pass(tmp_path, level, name):
    forge, word = FORGERIES[name]
    path = honest_bundle(tmp_path, level)
    members = unpacked(path)
    packed(path, forge(members))
    assert word in said(path, honest_digest(members))


@pytest.mark.parametrize("level", LEVELS)
def test_the_honest_bundle_passes_with_its_digests(tmp_path, level):
    path = honest_bundle(tmp_path, level)
    own = verify_bundle(path).digest
    assert said(path, own) == ""
    day = honest_digest(unpacked(path))
    assert said(path, day, "rows") == ""
    assert said(path, [day, own]) == ""
    result = verify_bundle(path, digest=day, scope="rows")
    (binding,) = result.bindings
    assert (binding.n_rows, len(binding.days)) == (len(HOME), 6)
    assert "config.json" in result.not_bound


def test_an_earlier_digest_binds_only_the_days_behind_it(tmp_path):
    path = honest_bundle(tmp_path, "private")
    links = [json.loads(line) for line in unpacked(path)[layout.CHAIN].splitlines()]
    result = verify_bundle(path, digest=links[3]["digest"], scope="rows")
    (found,) = result.findings
    assert "rows of 2026-10-05 to 2026-10-06 are under links later" in found.what
    assert result.bindings[0].days[-1] == "2026-10-04"


def test_a_digest_binds_nothing_of_another_vantage(tmp_path):
    bundle(tmp_path / "a.zip")
    heads = verify_bundle(tmp_path / "a.zip").heads
    told = said(tmp_path / "a.zip", heads["home"], "rows")
    assert "of 'office' are under a second link" in told
    assert said(tmp_path / "a.zip", list(heads.values()), "rows") == ""


def test_a_digest_of_nothing_here_confirms_nothing(tmp_path):
    path = honest_bundle(tmp_path, "private")
    for given in ("0" * 64, "", "x"):
        assert "is none of this bundle" in said(path, given)
    own = verify_bundle(path).digest
    assert "is none of this bundle" in said(path, [own, "0" * 64])


def test_the_manifest_of_an_altered_bundle_does_not_vouch_for_it(tmp_path):
    """Older programs gave the manifest's SHA-256: with altered members it is void."""
    path = honest_bundle(tmp_path, "private")
    members = unpacked(path)
    given = layout.sha256(members[layout.MANIFEST]).hexdigest()
    assert said(path, given) == ""
    packed(path, {**members, layout.CONFIG: b"{}"})
    assert "is none of this bundle" in said(path, given)


Change = Callable[[dict], None]


def with_row(members: Members, change: Change) -> Members:
    """One row changed beyond what its leaf holds, with check values that fit."""
    forger = Forger(members)
    row = next(row for row in forger.rows if row["target"] == "facebook")
    kept = {name: row.pop(name) for name in list(row) if name.startswith("x_")}
    change(row)
    row |= kept
    row["x_check"] = layout.row_check(row)
    for link in forger.links:
        link["rows"]["columns"] = layout.column_checks(forger.day(link))
    lines = layout.joined(map(layout.canonical, forger.rows))
    chain = layout.joined(map(layout.canonical, forger.links))
    return fitting({**members, layout.SAMPLES: lines, layout.CHAIN: chain})


@pytest.mark.parametrize(
    ("level", "field", "change"),
    [
        ("private", "verdict", lambda row: row.update(verdict="throttled")),
        ("trusted", "verdict", lambda row: row.update(verdict="throttled")),
        ("public", "verdict", lambda row: row.update(verdict="throttled")),
        ("public", "remote_address", lambda row: row.update(remote_address="1.2.3.4")),
        (
            "public",
            "started_at_utc",
            lambda row: row.update(
                started_at_utc=row["started_at_utc"].replace("00.000000Z", "07.000000Z")
            ),
        ),
    ],
)
def test_what_no_leaf_holds_is_no_part_of_a_row(tmp_path, level, field, change):
    """Every row of a day has its leaf, and says more than that."""
    path = honest_bundle(tmp_path, level)
    packed(path, with_row(unpacked(path), change))
    result = verify_bundle(path)
    assert field in {found.field for found in result.findings}


def test_a_tunnel_has_no_name_at_the_public_level():
    row = {"started_at_utc": "2026-10-01T00:15:00.000000Z", "probe": "https"}
    assert layout.foreign_fields(row | {"path": "tunnel"}, Level.PUBLIC) == []
    assert layout.foreign_fields(row | {"path": "isp-vpn"}, Level.PUBLIC) == ["path"]
    assert layout.foreign_fields(row | {"path": "isp-vpn"}, Level.TRUSTED) == []


def test_a_name_that_is_there_twice_in_the_verdicts_is_refused(tmp_path):
    path = honest_bundle(tmp_path, "private")
    members = unpacked(path)
    forged = members[layout.VERDICTS].replace(b"{", b'{"verdicts": [],', 1)
    packed(path, fitting({**members, layout.VERDICTS: forged}))
    assert "is no JSON document" in said(path, None)


def test_a_public_chain_that_begins_too_late_may_hide_days(tmp_path):
    """Its first days and their links cut off, the claimed span kept."""
    path = honest_bundle(tmp_path, "public")
    members = unpacked(path)
    forger = Forger(members)
    for link in forger.links[:3]:
        gone = {id(row) for row in forger.day(link)}
        forger.rows = [row for row in forger.rows if id(row) not in gone]
    forger.links = forger.links[3:]
    packed(path, forger.packed())
    assert "is withheld does not show" in said(path, honest_digest(members), "rows")


@pytest.mark.parametrize("level", LEVELS)
def test_a_bundle_from_the_middle_of_a_chain_passes(tmp_path, level):
    """Days before its span are no withheld ones, though the chain has them."""
    links = tuple(day_digests(HOME, secret=SECRET))
    later = [s for s in HOME if s.started_at_utc.day > 3]
    verdicts = {"since": "2026-10-04", "until": "2026-10-06", "verdicts": []}
    path = tmp_path / "b.zip"
    info = bundle(
        path,
        level,
        later,
        ledger=Ledger(secret=SECRET, links=links),
        verdict_document=verdicts,
    )
    result = verify_bundle(path, digest=list(info.heads.values()), scope="rows")
    assert result.findings == []
    n_shown = {"public": 1}.get(level, 3)
    assert result.bindings[0].n_days_elsewhere == n_shown


def test_the_writer_withholds_no_day_of_its_chain(tmp_path):
    links = tuple(day_digests(HOME, secret=SECRET))
    gap = [s for s in HOME if s.started_at_utc.day != 3]
    ledger = Ledger(secret=SECRET, links=links)
    with pytest.raises(InputError, match="found none of 2026-10-03"):
        bundle(tmp_path / "b.zip", samples=gap, ledger=ledger)
