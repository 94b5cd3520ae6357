"""Controls that belong to the company of a target: who slows one may slow the other.

Such a control hides what it should show, so it is named, not refused: somebody may want
to watch it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from monitor.config.services import owner_of
from monitor.reason import Reason, phrase

if TYPE_CHECKING:
    from monitor.config.sections import Config, Site

_COMPANIES = {
    "Meta": (
        "facebook.com facebook.net fb.com fb.me fbcdn.net fbsbx.com instagram.com "
        "cdninstagram.com messenger.com meta.com oculus.com threads.com threads.net "
        "whatsapp.com whatsapp.net wa.me"
    ),
    "Google": (
        "youtube.com youtu.be youtube-nocookie.com googlevideo.com ytimg.com "
        "google.com googleapis.com googleusercontent.com gstatic.com ggpht.com "
        "gmail.com google-analytics.com googletagmanager.com doubleclick.net "
        "blogspot.com withgoogle.com android.com 1e100.net"
    ),
    "Telegram": "telegram.org telegram.me telegram.dog t.me telesco.pe tdesktop.com "
    "cdn-telegram.org telegra.ph graph.org",
    "X": "x.com twitter.com twimg.com t.co periscope.tv pscp.tv x.ai grok.com",
}
_OWNERS = {
    domain: company
    for company, domains in _COMPANIES.items()
    for domain in domains.split()
}


def company(url: str) -> str | None:
    """The company of the measured services that a URL's host belongs to."""
    labels = (urlsplit(url).hostname or "").rstrip(".").split(".")
    names = (".".join(labels[place:]) for place in range(len(labels)))
    return next((_OWNERS[name] for name in names if name in _OWNERS), None)


@dataclass(frozen=True, slots=True)
class PartialControl:
    """A control that is no stranger to a target."""

    control: str
    target: str
    company: str

    ADVICE: ClassVar[Reason] = phrase(
        "whoever slows one may slow the other; put another site in its place"
    )

    @property
    def matter(self) -> Reason:
        """What is the matter with it."""
        return phrase(
            "{control} belongs to {company}, as the target {target} does",
            control=self.control,
            company=self.company,
            target=self.target,
        )


def partial_controls(config: "Config") -> Iterator[PartialControl]:
    """Controls that belong to the company of a target."""
    targets = {owner: site.name for site in config.targets for owner in _owners(site)}
    for site in config.controls:
        for owner in sorted(_owners(site) & targets.keys()):
            yield PartialControl(site.name, targets[owner], owner)


def _owners(site: "Site") -> set[str]:
    urls = (site.url, site.download_url)
    return {owner for url in urls if url and (owner := company(url))}


def runs(site: "Site", url: str) -> bool:
    """Whether a URL is at a server of whom a site or its objects belong to."""
    hosts = (site.download_host, *site.hosts)
    own = [site.url, site.download_url or "", *(f"https://{h}" for h in hosts if h)]
    return any(_names(each) & _names(url) for each in own if each)


def _names(url: str) -> set[str]:
    """Whom a URL's server may belong to."""
    names = (owner_of(url), company(url), urlsplit(url).hostname)
    return {name for name in names if name}
