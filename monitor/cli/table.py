"""Samples as a table of phases on the terminal, or as JSON."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from monitor.cli.root import EXIT_NO
from monitor.cli.terminal import visible
from monitor.model import LOCAL_PROBES, Sample

_PHASES = (
    ("DNS", "domain_lookup_s"),
    ("TCP", "connect_s"),
    ("TLS", "tls_handshake_s"),
    ("first byte", "waiting_s"),
    ("transfer", "response_s"),
)


def print_samples(samples: Sequence[Sample]) -> None:
    """Print one line per sample: phases in milliseconds, goodput, outcome."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, caption="phases in milliseconds")
    table.add_column("site")
    table.add_column("probe")
    for title, _ in _PHASES:
        table.add_column(title, justify="right")
    for title in ("kB", "Mbit/s"):
        table.add_column(title, justify="right")
    table.add_column("outcome")
    for sample in samples:
        if sample.probe not in LOCAL_PROBES:
            table.add_row(*_row(sample))
    width = None if sys.stdout.isatty() else 120
    Console(file=sys.stdout, markup=False, emoji=False, width=width).print(table)


def as_document(sample: Sample) -> dict[str, object]:
    """A sample as a JSON object: every field that was measured."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(sample).items()
        if value is not None and value != ()
    }


def end_unless_answered(samples: Sequence[Sample]) -> None:
    """End with status 1 when no probe of a site had its answer: for scripts."""
    sites = [sample for sample in samples if sample.probe not in LOCAL_PROBES]
    if all(sample.failure for sample in sites):
        sys.exit(EXIT_NO)


def _row(sample: Sample) -> list[str]:
    return [
        visible(sample.target),
        visible(sample.probe),
        *(_milliseconds(getattr(sample, field)) for _, field in _PHASES),
        _scaled(sample.encoded_body_bytes, 1e3, "{:.0f}"),
        _scaled(sample.goodput_bps, 1e6, "{:.2f}"),
        _outcome(sample),
    ]


def _milliseconds(seconds: float | None) -> str:
    return _scaled(seconds, 1e-3, "{:.1f}")


def _scaled(value: float | None, unit: float, form: str) -> str:
    return "" if value is None else form.format(value / unit)


def _outcome(sample: Sample) -> str:
    if sample.failure is None:
        return str(sample.http_status or "ok")
    return f"{sample.failed_operation or ''}: {visible(sample.failure)}"
