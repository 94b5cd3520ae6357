"""Targets and controls read anew while the daemon runs."""

import logging
from dataclasses import fields, replace
from pathlib import Path

from monitor.config import Config
from monitor.config.apart import load_apart
from monitor.errors import InputError

_log = logging.getLogger(__name__)

_RELOADED = frozenset({"targets", "controls"})


def reloaded(path: Path, current: Config) -> Config:
    """The configuration with the file's targets and controls of now.

    A file with a mistake changes nothing; what else differs waits for a restart. Both
    are said in the log.
    """
    try:
        config = load_apart(path, database=current.database)
    except InputError as error:
        _log.warning("reload event=kept_the_old reason=%s", error)
        return current
    waiting = [
        key.name
        for key in fields(Config)
        if key.name not in _RELOADED
        and getattr(config, key.name) != getattr(current, key.name)
    ]
    if waiting:
        _log.warning("reload event=needs_restart keys=%s", ",".join(waiting))
    _log.info(
        "reload event=done targets=%d controls=%d",
        len(config.targets),
        len(config.controls),
    )
    return replace(current, targets=config.targets, controls=config.controls)
