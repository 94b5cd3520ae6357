"""`monitor probe URL`."""

import asyncio
from typing import TYPE_CHECKING

import click

from monitor.cli.options import optional_configuration
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, say, visible
from monitor.errors import InputError
from monitor.model import Sample, Target

if TYPE_CHECKING:
    from monitor.probe import ProbeSettings


@click.command("probe")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="The sample as JSON.")
@click.option("--download", is_flag=True, help="A throughput transfer of URL as well.")
@click.option("--debug", is_flag=True, help="Effective settings and every step.")
@click.pass_obj
def probe_command(
    settings: Settings, url: str, *, as_json: bool, download: bool, debug: bool
) -> None:
    """Probe any URL once; nothing is stored.

    https://host/, http://host/, tls://host, tcp://host:port, mtproto://host:port.
    Exit status 1 when nothing answered.
    """
    from monitor.cli.table import (
        as_document,
        end_unless_answered,
        print_samples,
    )

    probing = _probe_settings(settings)
    target = _target(url, with_download=download)
    trace: list[tuple[float, str]] = []
    samples = asyncio.run(_measure(target, probing, trace))
    if debug:
        _print_debug(probing, trace, as_documents=[as_document(s) for s in samples])
    if as_json:
        documents = [as_document(sample) for sample in samples]
        echo_json(documents[0] if len(documents) == 1 else documents)
    elif not debug:
        print_samples(samples)
    end_unless_answered(samples)


async def _measure(
    target: Target, probing: "ProbeSettings", trace: list[tuple[float, str]]
) -> list[Sample]:
    from monitor.clock import SystemClock
    from monitor.probe import Prober, probes_of

    prober = Prober(probing, SystemClock())
    return [
        await prober.measure(target, probe, trace=trace) for probe in probes_of(target)
    ]


def _probe_settings(settings: Settings) -> "ProbeSettings":
    from monitor.daemon.wiring import probe_settings
    from monitor.probe import ProbeSettings

    config = optional_configuration(settings)
    return ProbeSettings() if config is None else probe_settings(config)


def _target(url: str, *, with_download: bool) -> Target:
    from monitor.config import Site
    from monitor.config.loading import ValuesError, checked
    from monitor.model import Role

    try:
        site = checked(
            Site,
            {
                "name": "probe",
                "url": url,
                "download": with_download,
                "download_url": _object(url),
            },
        )
    except ValuesError as error:
        first = error.problems[0]
        raise InputError(f"URL: {first.removeprefix('url: ')}") from None
    return next(site.records(Role.TARGET))


def _object(url: str) -> str | None:
    return url if url.startswith(("https:", "http:")) else None


def _print_debug(
    probing: "ProbeSettings",
    trace: list[tuple[float, str]],
    *,
    as_documents: list[dict[str, object]],
) -> None:
    from dataclasses import asdict

    say("settings", err=True)
    for key, value in asdict(probing).items():
        say(f"  {key} = {visible(value, limit=1000)}", err=True)
    say("steps", err=True)
    for at_s, event in trace:
        say(f"  {1e3 * at_s:10.3f} ms  {visible(event)}", err=True)
    for document in as_documents:
        say("sample", err=True)
        for key, value in document.items():
            say(f"  {key} = {visible(value, limit=1000)}", err=True)
