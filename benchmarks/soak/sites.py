"""The sites that are measured: most are well for ever, two go for good one day."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.servers import dns
from tests.servers.certificates import server_context, trust_file
from tests.servers.tcp import serve
from tests.servers.web import says, whole

PAGE = whole(b"<html>" + bytes(20_000))
OBJECT = whole(bytes(200_000))
TARGETS = ("steady", "secure", "closing", "vanishing")
CONTROLS = ("control1", "control2", "control3")
WITH_DOWNLOAD = ("steady", "control1")


@dataclass(slots=True)
class Sites:
    """Running servers, and the name server that knows them.

    Attributes
    ----------
    trust : file of the authority behind `secure`.
    """

    names: dns.NameServer
    trust: Path
    _host: str
    _ports: dict[str, int]
    _closing: contextlib.AsyncExitStack

    def configuration(self, targets=TARGETS):
        """`targets` and `controls` of config.yaml."""
        return {
            "targets": [self._site(name) for name in targets],
            "controls": [self._site(name) for name in CONTROLS],
        }

    def _site(self, name):
        kind = name if name in ("secure", "closing") else "page"
        scheme = "https" if name == "secure" else "http"
        site = {"name": name, "url": f"{scheme}://{name}.test:{self._ports[kind]}/"}
        if name in WITH_DOWNLOAD:
            where = f"http://{name}.test:{self._ports['object']}/"
            return {**site, "download_url": where}
        return {**site, "download": False}

    def answer_names(self):
        """The name server knows every site that was not given up."""
        knows = dns.addresses(self._host)
        for name in (*TARGETS, *CONTROLS):
            self.names.rules.setdefault(f"{name}.test", knows)

    def keep_silent(self):
        """The name server answers nothing."""
        for name, rule in self.names.rules.items():
            if rule is not _GONE:
                self.names.rules[name] = dns.keeps_silent

    def answer_again(self):
        """The name server answers."""
        for name, rule in list(self.names.rules.items()):
            if rule is dns.keeps_silent:
                del self.names.rules[name]
        self.answer_names()

    async def close_one(self):
        """A site shuts down for good: its port refuses from now on."""
        await self._closing.aclose()

    async def forget_one(self):
        """A name is given up for good."""
        self.names.rules["vanishing.test"] = _GONE


_GONE = dns.says(dns.rcode.NXDOMAIN)


@contextlib.asynccontextmanager
async def sites(folder, host):
    """All servers meanwhile, on an address of this machine."""
    authority = trustme.CA()
    tls = server_context(authority, "secure.test")
    trust = trust_file(folder / "trust.pem", authority)
    async with contextlib.AsyncExitStack() as stack:
        closing = await stack.enter_async_context(contextlib.AsyncExitStack())
        page = await stack.enter_async_context(serve(says(PAGE), host=host))
        large = await stack.enter_async_context(serve(says(OBJECT), host=host))
        secure = await stack.enter_async_context(serve(says(PAGE), tls=tls, host=host))
        ending = await closing.enter_async_context(serve(says(PAGE), host=host))
        names = await stack.enter_async_context(dns.name_server({}, host=host))
        ports = {
            "page": page.port,
            "object": large.port,
            "secure": secure.port,
            "closing": ending.port,
        }
        made = Sites(names, trust, host, ports, closing)
        made.answer_names()
        yield made
