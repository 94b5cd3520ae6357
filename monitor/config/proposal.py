"""The shipped configuration, and one made of it for a home; comments stay.

The shipped text is the only one that is rewritten, so its lines are known.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import monitor
from monitor.config.countries import DOMESTIC

_EARLIER: Final = frozenset(
    {"5cce459e4dd652d1ab3fe5b9457927af27deb4a291bee34544a85021c1172d4a"}
)
"""SHA-256 of files that were shipped before: whoever has one has changed nothing."""
_DOMESTIC_CONTROLS: Final = re.compile(
    r"(?ms)^  # in the country or region.*?(?=^  # abroad)"
)
_CONTROL: Final = re.compile(r'(?m)^  - \{name: (?P<name>[\w-]+), url: "[^"]+"\}\n')
_LISTENING: Final = re.compile(r"(?m)^web: \{host: [^,]+, port: (?P<port>\d+)\}[^\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a home is asked for.

    Attributes
    ----------
    country : ISO 3166 code; None: not said.
    per_month : data cap as the configuration writes it, such as `10GB`; None: no cap.
    password_hash : for the dashboard, which then listens to the whole house.
    language : in which the home was asked.
    """

    timezone: str
    country: str | None = None
    per_month: str | None = None
    password_hash: str | None = None
    language: str = "en"


def shipped_text() -> str:
    """The shipped file: inside the installed package, or in the checkout."""
    package = Path(monitor.__file__).parent
    installed = package / "_config.yaml"
    path = installed if installed.is_file() else package.parent / "config.yaml"
    return path.read_text("utf-8")


def is_shipped(text: str) -> bool:
    """Whether nobody has changed a file since it was shipped."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text == shipped_text() or digest in _EARLIER


def proposed(choices: Choices) -> str:
    """The configuration for a home, as text."""
    text = re.sub(
        r"(?m)^timezone: \S+", f"timezone: {choices.timezone}", shipped_text()
    )
    if choices.country != "KZ":
        text = _DOMESTIC_CONTROLS.sub(_domestic(choices.country), text)
    if choices.per_month is not None:
        text = re.sub(
            r"(?m)^# budget: .*$", f"budget: {{per_month: {choices.per_month}}}", text
        )
    if choices.password_hash is not None:
        text = _LISTENING.sub(partial(_open_web, choices.password_hash), text)
    return text + _language(choices.language)


def without_controls(text: str, names: Sequence[str]) -> str:
    """The text with these controls as comments: they did not answer."""
    head, mark, tail = text.partition("\ncontrols:\n")

    def shown(match: re.Match[str]) -> str:
        if match["name"] not in names:
            return match[0]
        return f"  # did not answer when it was tried:\n  #{match[0][1:]}"

    return head + mark + _CONTROL.sub(shown, tail)


def _language(code: str) -> str:
    """A line for what is no default."""
    return "" if code == "en" else f"report: {{language: {code}}}\n"


def _domestic(country: str | None) -> str:
    hosts = DOMESTIC.get(country or "", ())
    if not hosts:
        return (
            "  # in the country or region: none is known here; add some, such as a news"
            " site,\n  # a bank and a shop\n"
        )
    lines = [
        f"  - {{name: {host.replace('.', '-')}, url: {json.dumps(f'https://{host}/')}}}"
        for host in hosts
    ]
    return "\n".join([f"  # in the country ({country})", *lines, ""])


def _open_web(password_hash: str, listening: re.Match[str]) -> str:
    secret = json.dumps(password_hash)
    keys = f"host: 0.0.0.0, port: {listening['port']}, password_hash: {secret}"
    return f"web: {{{keys}}}   # for the whole house"
