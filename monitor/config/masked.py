"""A configuration that may be shown: every key, no secret."""

from dataclasses import asdict
from datetime import timedelta

from monitor.config.sections import Config
from monitor.masking import HIDDEN, masked
from monitor.model import AddressFamily


def effective(config: Config) -> dict[str, object]:
    """Every key with the value in force, secrets masked, ready to be printed."""
    document = asdict(config)
    for site in (*document["targets"], *document["controls"]):
        del site["domain"]  # no key
    document["database"] = masked(config.database)
    for name in ("password_hash", "token_hash"):
        if document["web"][name] is not None:
            document["web"][name] = HIDDEN
    document["notify"]["urls"] = _kinds(config.notify.urls)
    document["report"]["deliver_urls"] = _kinds(config.report.deliver_urls)
    if config.notify.heartbeat is not None:
        # Whoever has it can beat for a machine that is off.
        document["notify"]["heartbeat"] = HIDDEN
    if config.fleet.to is not None:
        document["fleet"]["to"] = masked(config.fleet.to)
    return {key: _plain(value) for key, value in document.items()}


def _kinds(urls: tuple[str, ...]) -> list[str]:
    """Addresses of services may hold a secret anywhere: only the kind is shown."""
    return [f"{url.partition('://')[0]}://{HIDDEN}" for url in urls]


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())}s"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, AddressFamily) else value
