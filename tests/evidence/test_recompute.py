"""Verdicts are computed once more from the rows of a bundle."""

import json
from itertools import islice
from pathlib import Path

import pytest

from monitor.analysis import analysis_document, analyze
from monitor.evidence import verify_bundle, write_bundle
from monitor.evidence.canonical_rows import canonical
from monitor.evidence.layout import row_check
from monitor.evidence.recompute import differences
from monitor.interchange import NAMES, samples_from
from monitor.simulation import demo_home
from tests.costs import in_brief
from tests.evidence.samples import CONFIG
from tests.evidence.test_verify import rewritten

TERMS = {"timezone": "Asia/Almaty", "window": "20:00-22:00"}


@pytest.fixture(scope="module")
def home():
    """Eight evenings of the simulated home, thinned out, with their verdicts."""
    frame = demo_home().samples.reindex(columns=list(NAMES))
    frame = frame[frame["started_at_utc"] < "2018-03-21"]
    frame = frame[frame["started_at_utc"].dt.minute % 30 < 5]
    frame = frame.sort_values("started_at_utc", kind="stable")
    terms = TERMS | {"since": "2018-03-13", "until": "2018-03-20"}
    document = analysis_document(analyze(frame, **terms), **terms)
    return list(samples_from(frame)), document


def written(path: Path, home, level: str) -> Path:
    samples, document = home
    write_bundle(
        path,
        report_files={},
        samples=samples,
        config_document=CONFIG,
        verdict_document=document,
        level=level,
    )
    return path


@pytest.mark.every_run
@pytest.mark.parametrize("level", in_brief(["private", "trusted"], "private"))
def test_the_rows_give_the_same_verdicts_again(tmp_path, home, level):
    result = verify_bundle(written(tmp_path / "a.zip", home, level))
    assert result.findings == []
    assert result.notes == []


def test_a_bundle_from_before_rules_had_ids_is_held_to_what_it_states():
    """And not to a sentence that is now said only after a test."""
    today = {
        "verdict": "server_side",
        "rule": "service_check",
        "reasons": ["Slower."],
        "reason_records": [
            {"rule": "service_check", "message": "Slower.", "values": {}}
        ],
        "mechanism": [
            {"check": "synchrony", "score": 1, "detail": "at the same hours as youtube"}
            | {"is_made": True, "detail_record": {}}
        ],
    }
    then = {
        "verdict": "server_side",
        "reasons": ["Slower.", "Slow evenings keep to Monday."],
        "mechanism": [
            {"check": "synchrony", "score": 1, "detail": "in step with youtube"}
        ],
    }
    assert list(differences(then, today)) == []
    forged = [
        {"reasons": [*then["reasons"], f"{begin} by order of the ministry."]}
        for begin in ("in step with others,", "Slow evenings keep to Monday, Tuesday,")
    ]
    for change in (
        *({"reasons": ["Quicker."]}, {"mechanism": []}, {"verdict": "x"}),
        *forged,
    ):
        assert list(differences(then | change, today))
    assert list(differences(today | {"rule": "interference"}, today))
    assert list(differences(today | {"reasons": then["reasons"]}, today))


def test_a_public_bundle_says_why_its_verdicts_cannot_be_computed_again(tmp_path, home):
    result = verify_bundle(written(tmp_path / "a.zip", home, "public"))
    assert result.findings == []
    assert result.notes
    assert "computed before the rows were made coarser" in result.notes[0]


@pytest.mark.long
def test_a_verdict_that_the_rows_do_not_give_is_named(tmp_path, home):
    def change(members):
        document = json.loads(members["verdicts.json"])
        document["verdicts"][1]["effect"]["ratio"] = 99.0
        members["verdicts.json"] = json.dumps(document).encode()

    path = rewritten(written(tmp_path / "a.zip", home, "private"), change)
    (found,) = verify_bundle(path).findings
    assert (found.file, found.field) == ("verdicts.json", "verdicts[1].effect.ratio")
    assert found.what.startswith("99.0 stated")


def test_rows_forged_with_a_new_chain_do_not_give_the_verdicts(tmp_path, home):
    """Somebody writes a bundle anew with other rows and the old verdicts."""
    samples, document = home
    fewer = [s for s in samples if s.target != "facebook" or s.started_at_utc.hour < 14]
    path = written(tmp_path / "a.zip", (fewer, document), "private")
    assert {f.file for f in verify_bundle(path).findings} == {"verdicts.json"}


def test_another_method_is_told_and_is_no_alteration(tmp_path, home):
    samples, document = home
    older = (samples, document | {"method_version": "0"})
    result = verify_bundle(written(tmp_path / "a.zip", older, "private"))
    assert result.findings == []
    assert "made by method '0'" in result.notes[0]


@pytest.mark.parametrize(
    "odd",
    [
        {"connect_s": "fast"},
        {"connect_s": 10**400},
        {"started_at_utc": "never"},
        {"failure": ["a"]},
        {"target": {}},
    ],
)
def test_odd_rows_give_findings_and_no_traceback(tmp_path, home, odd):
    def change(members):
        first, *rest = members["samples.ndjson"].split(b"\n")
        row = json.loads(first) | odd
        row["x_check"] = row_check(row)
        members["samples.ndjson"] = b"\n".join([canonical(row), *rest])

    samples, document = home
    path = written(tmp_path / "a.zip", (samples[:2000], document), "private")
    assert not verify_bundle(rewritten(path, change)).is_intact


@pytest.mark.parametrize(
    "odd", [{"window": 1}, {"timezone": []}, {"since": "x"}, {"verdicts": 5}]
)
def test_an_odd_verdict_document_gives_no_traceback(tmp_path, home, odd):
    samples, document = home
    path = written(tmp_path / "a.zip", (samples[:2000], document | odd), "private")
    result = verify_bundle(path)
    assert result.findings or result.notes


def test_differences_are_named_by_their_path():
    stated = {"a": [1, {"b": 2.0}], "c": "x", "d": [1]}
    found = {"a": [1, {"b": 3.0}], "c": "x", "d": [1, 2], "e": None}
    assert [where for where, _ in islice(differences(stated, found), 9)] == [
        "a[1].b",
        "d",
    ]
    assert list(differences({"a": 1.0}, {"a": 1.0 + 1e-12})) == []
