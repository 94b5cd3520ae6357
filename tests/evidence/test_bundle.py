"""Bundles: deterministic, complete, and silent about what a level keeps back."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.evidence import Level, write_bundle
from monitor.evidence.bundle import Ledger
from tests.evidence.chains import day_digests
from tests.evidence.samples import CONFIG, VERDICTS, some_samples

SECRET = b"s" * 32


def bundle(path: Path, level=Level.PRIVATE, samples=None, **more):
    more.setdefault("ledger", Ledger(secret=SECRET))
    more.setdefault("report_files", {"report.html": b"<p>home</p>"})
    more.setdefault("verdict_document", VERDICTS)
    return write_bundle(
        path,
        samples=some_samples() if samples is None else samples,
        config_document=CONFIG,
        level=level,
        **more,
    )


def text_of(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


@pytest.mark.parametrize("level", list(Level))
def test_the_same_input_gives_the_same_bytes(tmp_path, level):
    bundle(tmp_path / "a.zip", level)
    bundle(tmp_path / "b.zip", level)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_rows_are_those_of_the_interchange_format(tmp_path):
    bundle(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        rows = [json.loads(line) for line in archive.open("samples.ndjson")]
    assert len(rows) == len(some_samples())
    facebook = next(row for row in rows if row["target"] == "facebook")
    sample = next(s for s in some_samples() if s.target == "facebook")
    assert facebook["connect_s"] == sample.connect_s
    assert facebook["remote_address"] == "31.13.72.36"
    assert {name for row in rows for name in row if name.startswith("x_")} == {
        "x_row",
        "x_check",
    }


def test_no_level_holds_a_secret(tmp_path):
    for level in Level:
        bundle(tmp_path / "a.zip", level)
        text = text_of(tmp_path / "a.zip")
        assert "geheim" not in text
        assert "123:abc" not in text
        assert SECRET.hex() not in text


def test_trusted_shortens_addresses_and_keeps_times(tmp_path):
    info = bundle(tmp_path / "a.zip", Level.TRUSTED)
    assert info.left_out == ()
    text = text_of(tmp_path / "a.zip")
    assert "31.13.72.36" not in text
    assert len(set(re.findall(r"31\.13\.72\.\d+", text))) == 1
    assert "2620:0:861:ed1a::1" not in text
    assert "2620:0:861:" in text
    sample = some_samples()[0]
    assert f"{sample.started_at_utc:%H:%M:%S.%f}" in text


def test_public_tells_no_exact_time_no_place_and_nothing_of_the_household(tmp_path):
    info = bundle(tmp_path / "a.zip", Level.PUBLIC)
    text = text_of(tmp_path / "a.zip")
    words = ('"home"', '"office"', "my-vpn", "31.13.72.36", "149.154", "<p>", "remote_")
    # Of the answers of a lookup the network stays; what lies in a home does not.
    for word in (*words, "192.168.", "10.10.34", ":face:", '"b7"', '"b8"'):
        assert word not in text
    seconds = set(re.findall(r"T\d\d:(\d\d:\d\d\.\d+)Z", text))
    assert seconds <= {f"{m:02d}:00.000000" for m in (0, 15, 30, 45)}
    interface = [line for line in text.splitlines() if '"interface"' in line]
    assert interface
    assert not any("goodput_bps" in line for line in interface if "started" in line)
    assert info.left_out == ("report.html",)


def test_a_report_made_for_the_public_stays_in_a_public_bundle(tmp_path):
    info = bundle(tmp_path / "a.zip", Level.PUBLIC, report_level="public")
    assert info.left_out == ()
    assert "<p>" in text_of(tmp_path / "a.zip")


def test_pseudonyms_differ_between_reports(tmp_path):
    heads = []
    for method in ("a", "b"):
        info = write_bundle(
            tmp_path / "a.zip",
            report_files={},
            samples=some_samples(),
            config_document=CONFIG,
            verdict_document=VERDICTS | {"method_version": method},
            level="public",
            ledger=Ledger(secret=SECRET),
        )
        heads.append(set(info.heads))
    assert not heads[0] & heads[1]


def test_head_is_the_last_digest_of_the_chain(tmp_path):
    info = bundle(tmp_path / "a.zip")
    links = list(day_digests(some_samples(), secret=SECRET))
    assert info.heads == {link.vantage: link.digest for link in links}


def test_rows_changed_after_their_day_was_closed_are_refused(tmp_path):
    links = tuple(day_digests(some_samples(), secret=SECRET))
    ledger = Ledger(secret=SECRET, links=links)
    with pytest.raises(InputError, match=r"2026-10-02.*stored when the day was closed"):
        bundle(
            tmp_path / "a.zip",
            samples=[s for n, s in enumerate(some_samples()) if n != 130],
            ledger=ledger,
        )
    assert list(tmp_path.iterdir()) == []


def test_days_before_the_rows_stay_in_the_chain(tmp_path):
    links = tuple(day_digests(some_samples(), secret=SECRET))
    later = [s for s in some_samples() if s.started_at_utc.day > 1]
    info = bundle(
        tmp_path / "a.zip", samples=later, ledger=Ledger(secret=SECRET, links=links)
    )
    assert info.heads == {link.vantage: link.digest for link in links}
    assert links[0].digest in text_of(tmp_path / "a.zip")


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(InputError, match=r"missing/a\.zip: cannot be written"):
        bundle(tmp_path / "missing" / "a.zip")
