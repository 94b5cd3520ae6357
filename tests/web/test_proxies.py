"""The dashboard through real proxies: as docs/reverse-proxy.md says, and otherwise."""

import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.ports import free_port
from tests.waiting import eventually
from tests.web.browser import Watched, chromium, served
from tests.web.conftest import PASSWORD

DOCS = (Path(__file__).parents[2] / "docs" / "reverse-proxy.md").read_text()
UPSTREAM = "127.0.0.1:8420"
FORWARDED = (
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    " proxy_set_header X-Forwarded-Proto $scheme;"
)
TO = f"proxy_pass http://{UPSTREAM}"


class Way(NamedTuple):
    """One way to set up a proxy."""

    program: str
    text: str
    path: str = "/monitor/"
    """Where the dashboard is then."""


def block(language: str) -> str:
    """The block of the docs in a language."""
    return re.search(rf"(?s)```{language}\n(.*?)```", DOCS)[1]


WAYS = {
    "nginx of the docs": Way("nginx", block("nginx")),
    "Caddy of the docs": Way("caddy", block("caddy")),
    # The five of a user who found the page shut.
    "two lines": Way("nginx", f"location / {{ {TO}; }}", "/"),
    "port lost": Way(
        "nginx",
        f"location / {{ {TO}; proxy_set_header Host $host; {FORWARDED} }}",
        "/",
    ),
    "host kept": Way(
        "nginx",
        f"location / {{ {TO}; proxy_set_header Host $http_host; {FORWARDED} }}",
        "/",
    ),
    "prefix taken away": Way(
        "nginx",
        f"location /monitor/ {{ {TO}/; proxy_set_header Host $http_host; }}"
        ' location / { return 404 "other site\\n"; }',
    ),
    "prefix kept": Way(
        "nginx",
        f"location /monitor/ {{ {TO}; proxy_set_header Host $http_host; }}"
        ' location / { return 404 "other site\\n"; }',
    ),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def files_of(way: Way, folder: Path, port: int, upstream: str) -> list[str]:
    """Write what the proxy reads; its command."""
    text = way.text.replace(UPSTREAM, upstream)
    program = shutil.which(way.program, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise RuntimeError(f"these tests need {way.program}: apt-get install it")
    file = folder / way.program
    if way.program == "caddy":
        text = text.replace("home.example", f"http://127.0.0.1:{port}")
        file.write_text("{\n admin off\n}\n" + text)
        return [program, "run", "--adapter", "caddyfile", "--config", str(file)]
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}"
        f" http {{ access_log off; {temporary}"
        f" server {{ listen 127.0.0.1:{port}; {text} }} }}"
    )
    return [program, "-p", str(folder), "-c", str(file)]


def is_answered(url: str) -> bool:
    """Whether somebody speaks HTTP there."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def proxied(way: Way, folder: Path, upstream: str) -> Iterator[str]:
    """The address of the dashboard behind a proxy."""
    port = free_port()
    command = files_of(way, folder, port, upstream)
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: is_answered(url), log=log)
        yield url + way.path
    finally:
        process.terminate()
        process.wait()


@pytest.mark.long
@pytest.mark.parametrize("name", WAYS)
def test_people_log_in_through_a_proxy(
    name: str,
    browser: Browser,
    tmp_path: Path,
    sqlite_history: str,
    hashes: dict[str, str],
):
    """Login, page, figures, language, logout; nothing is asked for elsewhere."""
    way = WAYS[name]
    base_path = way.path.rstrip("/")
    web = {"behind_proxy": True, "base_path": base_path, **hashes}
    with (
        served(tmp_path, sqlite_history, **web) as address,
        proxied(way, tmp_path, urlsplit(address).netloc) as url,
    ):
        watched = Watched(browser.new_page(locale="en"), url)
        page = watched.page
        page.goto(url)
        assert page.url == f"{url}login"
        page.fill("input[type=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector("html[data-ready]")
        assert page.url == url
        page.click("#share")
        page.wait_for_selector("#shared:not([hidden])")
        assert f"{url}share/" in page.inner_text("#shared")
        page.click('nav a[lang="ru"]')
        page.wait_for_selector("html[data-ready][lang=ru]")
        assert page.url.startswith(url)
        page.click('form[action$="/logout"] button')
        page.wait_for_url(f"{url}login")
        assert watched.complaints == []
        assert watched.foreign == []
        page.close()
