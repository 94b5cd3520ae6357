"""Samples one by one: pages, a single one with its byte curve, gaps, streams."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Final

from monitor.lists import answers_text, curve_text
from monitor.model import Round, RoundStatus, Sample
from monitor.store.instants import to_us
from monitor.store.reader import SampleFilter
from monitor.text import csv_writer, disarm
from monitor.web.answers.facts import Facts, NotHere
from monitor.web.answers.queries import (
    GapsQuery,
    SamplePageQuery,
    SampleQuery,
    SamplesQuery,
)
from monitor.web.answers.schemas import Gap, Gaps, SamplePage, SampleRow, json_ready

COLUMNS: Final = (
    "started_at_utc",
    "target",
    "role",
    "vantage",
    "path",
    "probe",
    "domain_lookup_s",
    "connect_s",
    "tls_handshake_s",
    "waiting_s",
    "response_s",
    "duration_s",
    "encoded_body_bytes",
    "goodput_bps",
    "http_status",
    "failed_operation",
    "failure",
    "remote_address",
    "certificate_sha256",
    "certificate_issuer",
    "tcp_min_rtt_s",
    "tcp_retransmits",
    "server_name",
    "probe_version",
    "transport",
    "service",
    "part",
    "block",
    "tcp_rcv_rtt_s",
    "tcp_rcv_ooopack",
    "tcp_segs_in",
    "timeline",
    "resolver",
    "dns_answers",
)
"""The interchange format (contracts 4), in its order."""

_FIELDS: Final = tuple(field.name for field in fields(Sample))


def sample_page(facts: Facts, query: SamplePageQuery) -> SamplePage:
    """Samples by time, oldest first, with the cursor of the next page."""
    page = facts.reader.page(_filter(facts, query, _cursor(query.cursor)), query.limit)
    is_full = len(page) == query.limit
    rows = [_row(series_id, sample) for series_id, sample in page]
    return SamplePage(samples=rows, next=rows[-1].id if is_full else None)


def one_sample(facts: Facts, query: SampleQuery) -> SampleRow:
    """One sample with all its fields; raises NotHere."""
    started_at_us, series_id = _key(query.id)
    sample = facts.reader.sample(series_id, started_at_us)
    if sample is None:
        raise NotHere(f"sample {query.id!r} does not exist")
    return _row(series_id, sample)


def gaps(facts: Facts, query: GapsQuery) -> Gaps:
    """Gaps and incomplete rounds of the configured measuring point."""
    vantage = facts.config.vantage
    now_utc = facts.clock.now_utc()
    rounds = facts.reader.rounds(query.since, query.until, vantage, as_of=now_utc)
    return Gaps(
        vantage=vantage,
        gaps=[_gap(r) for r in rounds if r.status is not RoundStatus.COMPLETE],
    )


def batches(facts: Facts, query: SamplesQuery) -> Iterator[Sequence[Sample]]:
    """All samples of a query, a day at a time."""
    return facts.reader.stream(_filter(facts, query, None))


def as_ndjson(samples: Sequence[Sample]) -> str:
    """One line of JSON per sample, the columns of the interchange format."""
    return "".join(_line(sample) for sample in samples)


def as_csv(samples: Sequence[Sample]) -> str:
    """Rows of CSV without the header."""
    text = io.StringIO(newline="")
    rows = csv_writer(text)
    rows.writerows([_csv_cell(s, name) for name in COLUMNS] for s in samples)
    return text.getvalue()


def csv_header() -> str:
    """The first line of a CSV file."""
    return ",".join(COLUMNS) + "\n"


def _filter(
    facts: Facts, query: SamplesQuery, after: tuple[int, int] | None
) -> SampleFilter:
    asked = {
        "target": query.target,
        "vantage": query.vantage,
        "path": query.path,
        "probe": query.probe,
    }
    ids = [
        info.series_id
        for info in facts.series()
        if all(v is None or getattr(info, name) == v for name, v in asked.items())
    ]
    return SampleFilter(
        since=query.since,
        until=query.until,
        series_ids=ids,
        is_failed=query.failed,
        after=after,
    )


def _cursor(text: str | None) -> tuple[int, int] | None:
    return None if text is None else _key(text)


def _key(text: str) -> tuple[int, int]:
    started_us, series_id = text.split("-")
    return int(started_us), min(int(series_id), 2**31 - 1)


def _row(series_id: int, sample: Sample) -> SampleRow:
    values = {name: getattr(sample, name) for name in _FIELDS}
    stated = {n: json_ready(v) for n, v in values.items() if v is not None and v != ()}
    return SampleRow(id=f"{to_us(sample.started_at_utc)}-{series_id}", **stated)


def _gap(round_: Round) -> Gap:
    duration = timedelta(seconds=round_.duration_s or 0.0)
    start = round_.started_at_utc or round_.slot_start_utc
    return Gap(
        start_utc=start,
        end_utc=start + duration,
        status=round_.status.value,
        reason=round_.reason,
        n_planned=round_.n_planned,
        n_done=round_.n_done,
    )


def _line(sample: Sample) -> str:
    cells = {name: _cell(sample, name) for name in COLUMNS}
    stated = {name: cell for name, cell in cells.items() if cell is not None}
    return json.dumps(stated, ensure_ascii=False) + "\n"


def _csv_cell(sample: Sample, name: str) -> object:
    value = _cell(sample, name)
    return disarm(value) if isinstance(value, str) else value


def _cell(sample: Sample, name: str) -> object:
    """A field as files have it."""
    if name == "timeline":
        return curve_text(sample.timeline)
    if name == "dns_answers":
        return answers_text(sample.dns_answers)
    return json_ready(getattr(sample, name))
