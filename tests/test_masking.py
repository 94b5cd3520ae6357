"""No secret of an address is shown, wherever it stands in it and whoever shows it."""

import io
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import monitor
from monitor.config import effective, parse
from monitor.errors import ConfigError, InputError, MonitorError, StoreError
from monitor.evidence.redact import Level, config_for
from monitor.masking import has_stray_at, masked, masked_in, without_secrets
from monitor.model import Sample
from monitor.service import log_formatter
from monitor.store import Store, open_store
from monitor.store.backup import backup
from monitor.store.question import ask
from tests import forks
from tests.ports import free_port

SECRET = "s3cr3t"
ODD = [SECRET, "s3cr3t/x", "s3cr3t?x", "s3cr3t#x", "a:s3cr3t", "s3cr3t%40", "%73s3cr3t"]
TARGETS = [{"name": "a", "url": "https://a.example/"}]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql+psycopg://u:s3cr3t@h/d", "postgresql+psycopg://u:***@h/d"),
        ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgresql://u@a:1,[::1]:2,b/d", "postgresql://u@a:1,[::1]:2,b/d"),
        ("postgresql://u@%2Frun%2Fpg/d", "postgresql://u@%2Frun%2Fpg/d"),
        ("postgresql://u@h:s3cr3t/d", "postgresql://u@***/d"),
        ("postgresql://u@[::1]:s3cr3t/d", None),
        ("postgresql://u@h:5432,b:s3cr3t/d", None),
        ("postgresql://h/d?password=s3cr3t", "postgresql://h/d?password=***"),
        ("mtproto://149.154.167.51:443", "mtproto://149.154.167.51:443"),
        ("tls://cdn.example:443", "tls://cdn.example:443"),
        ("mtproto://u:s3cr3t@h:443", None),
        ("postgresql://h/d?user=u&password=s3cr3t", None),
        ("postgresql://h/d?sslpassword=s3cr3t&sslmode=require", None),
        ("postgresql://h/d?options=-c%20a.b%3Ds3cr3t", None),
        ("postgresql://h/d?Password=s3cr3t", None),
        ("postgresql://h/d?passwrd=s3cr3t", None),
        ("postgresql://h/d?%70assword=s3cr3t", None),
        ("postgresql://h/d?a=b@s3cr3t", None),
        ("postgresql://u:p@s3cr3t@h/d", None),
        ("postgresql://u:p@s3cr3t?x@h/d", None),
        ("postgresql://u:s3cr3t@h1:5432,h2:5433/d", "postgresql://u:***@h1:5432,h2:5433/d"),
        ("postgresql://u:s3cr3t@/d?host=/run/p", "postgresql://u:***@/d?host=/run/p"),
        ("postgresql://u:s3cr3t@[::1]:5432/d", "postgresql://u:***@[::1]:5432/d"),
        ("postgresql://u:s3cr3t@%2Frun%2Fp/d", "postgresql://u:***@%2Frun%2Fp/d"),
        ("postgresql://:s3cr3t@h/d", "postgresql://:***@h/d"),
        ("postgresql://u:s3cr3t@h/d?host=h2:1&host=h3:2", None),
        ("host=h user=u password=s3cr3t", "***"),
        ("password='s3cr3t with spaces' host=h", "***"),
        ("u:s3cr3t@h/d", "***"),
        ("postgres:u:s3cr3t@h", "***"),
        ("mysql://u:s3cr3t@h/d", "mysql://u:***@h/d"),
        ("tgram://s3cr3t/1", "tgram://***"),
        ("json://u:s3cr3t@h/s3cr3t", "json://***"),
        ("https://u:s3cr3t@h/tsa", "https://u:***@h/***"),
        ("https://h/?token=s3cr3t", "https://h/***"),
        ("https://h:8443/", "https://h:8443/"),
        ("sqlite:///a@b.db", "sqlite:///a@b.db"),
        ("sqlite:////srv/my a.db?key=s3cr3t", "sqlite:////srv/my a.db?***=***"),
        ("monitor.db", "monitor.db"),
    ],
)  # fmt: skip
def test_what_is_shown_of_an_address(address: str, shown: str | None) -> None:
    assert SECRET not in masked(address)
    assert shown is None or masked(address) == shown
    assert masked(masked(address)) == masked(address)


letters = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(letters, letters)
def test_no_password_whatever_it_is_made_of(before: str, after: str) -> None:
    password = f"{before}{SECRET}{after}"
    for address in (
        f"postgresql://u:{password}@h/d",
        f"postgresql+psycopg://h/d?password={password}",
        f"host=h password={password}",
    ):
        assert SECRET not in masked(address)


def test_what_a_driver_says_is_shown_without_the_secret() -> None:
    address = "postgresql://u:p%40ss-w0rd@h/d?sslpassword=other%21"
    said = 'invalid sslmode "other!" for "p@ss-w0rd" (p%40ss-w0rd) at h'
    assert (
        without_secrets(said, address) == 'invalid sslmode "***" for "***" (***) at h'
    )


def test_what_stands_for_a_port_is_hidden_in_what_a_driver_says() -> None:
    said = 'invalid integer value "s3cr3t" for connection option "port"'
    for place in ("h:s3cr3t", "[::1]:s3cr3t", "a:5432,b:s3cr3t"):
        assert SECRET not in without_secrets(said, f"postgresql://u@{place}/d")


@pytest.mark.parametrize(
    "said",
    [
        "password=s3cr3t", "password: s3cr3t", "PGPASSWORD='a s3cr3t' psql",
        'password="a s3cr3t"', "pwd = s3cr3t",
    ],
)  # fmt: skip
def test_passwords_in_a_text_are_hidden(said: str) -> None:
    assert SECRET not in masked_in(said)
    assert masked_in(masked_in(said)) == masked_in(said)


def test_addresses_in_a_text_are_masked() -> None:
    text = "cannot open postgresql://u:s3cr3t@h/d?x=1, see https://a.example/x?y=1"
    shown = masked_in(text)
    assert SECRET not in shown
    assert "https://a.example/x?y=1" in shown


URLS = [
    f"postgresql://u:{SECRET}@{{place}}",
    f"postgresql+psycopg://u@{{place}}?password={SECRET}",
    f"postgresql+psycopg://u@{{place}}?sslpassword={SECRET}",
    f"postgresql+psycopg://u@{{place}}?options=-c%20{SECRET}%3D{SECRET}",
    f"postgresql+psycopg://u@{{place}}?sslmode={SECRET}",
    f"postgresql+psycopg://u@{{place}}?passwrd={SECRET}",
    f"postgresql+psycopg://u:{SECRET}@{SECRET}@{{place}}",
    f"postgresql+psycopg://u:x@{SECRET}?y@{{place}}",
    f"mysql://u:{SECRET}@{{place}}",
    f"host=127.0.0.1 port=1 password={SECRET}",
]


@pytest.mark.parametrize("url", URLS)
def test_every_command_hides_it(tmp_path: Path, url: str) -> None:
    """From the environment, where a service has it; with a server that is away."""
    url = url.format(place=f"127.0.0.1:{free_port()}/d")
    document = {"timezone": "Asia/Almaty", "targets": TARGETS, "database": url}
    (tmp_path / "config.yaml").write_text(json.dumps(document))
    said = ""
    for words in (
        ["config", "check"],
        ["config", "check", "--json"],
        ["db", "upgrade"],
        ["sql", "SELECT 1"],
        ["wipe", "--yes"],
        ["nightly"],
        [url],
        ["export", "a.csv", url],
    ):
        done = forks.run(
            *words, cwd=tmp_path, check=False, capture_output=True, text=True
        )
        said += done.stdout + done.stderr
    assert said
    assert "Traceback" not in said
    assert SECRET not in said


def test_every_part_of_the_library_hides_it(tmp_path: Path) -> None:
    for url in URLS:
        address = url.format(place=f"127.0.0.1:{free_port()}/d")
        for call in (
            lambda a=address: open_store(a),
            lambda a=address: ask(a, "SELECT 1", max_rows=1),
            lambda a=address: list(backup(Store(a), tmp_path / "x.db")),
        ):
            with pytest.raises(MonitorError) as caught:
                call()
            error: BaseException | None = caught.value
            while error is not None:
                assert SECRET not in str(error)
                error = error.__cause__ or (
                    None if error.__suppress_context__ else error.__context__
                )
        assert SECRET not in repr(monitor.open(address))


def test_a_database_that_refuses_the_password_does_not_repeat_it(
    postgres_url: str,
) -> None:
    url = postgres_url.replace("postgres@", f"nobody-here:{SECRET}@")
    with pytest.raises((StoreError, InputError)) as caught:
        open_store(url)
    assert SECRET not in str(caught.value)
    assert "nobody-here" in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"notify": f"tgram://{SECRET}/1"},
        {"notify": {"urls": f"tgram://{SECRET}/1"}},
        {"notify": {"urls": [{"tgram": SECRET}]}},
        {"notify": {"urls": [f"{SECRET}"]}},
        {"notify": [f"tgram://{SECRET}/1"]},
        {"notify": {f"tgram://{SECRET}/1": 1}},
        {"web": f"password {SECRET}"},
        {"web": {"password_hash": SECRET}},
        {"web": {"token_hash": [SECRET]}},
        {"web": {"password_hash": {"a": SECRET}}},
        {"database": {"url": SECRET}},
        {"database": [f"postgresql://u:{SECRET}@h/d"]},
        {"database": f"host=h password={SECRET}"},
        {"targets": [{"name": "a", "url": f"https://u:{SECRET}@a.example/"}]},
        {"vantage": f"postgresql://u:{SECRET}@h/d"},
    ],
)
def test_a_mistake_in_the_configuration_repeats_no_secret(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"timezone": "Asia/Almaty", "targets": TARGETS, **wrong}, source="c")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", [u for u in URLS[:7] if not has_stray_at(u)])
@pytest.mark.parametrize("level", list(Level))
def test_what_is_given_away_of_a_configuration_has_none(url: str, level: Level) -> None:
    document = {
        "timezone": "Asia/Almaty",
        "targets": TARGETS,
        "database": url.format(place="h/d"),
        "notify": {"urls": [f"tgram://{SECRET}/1"]},
    }
    config = parse(document, source="c")
    assert SECRET not in json.dumps(effective(config))
    raw = {**effective(config), "database": config.database}
    assert SECRET not in json.dumps(config_for(level, raw))


def test_the_log_hides_it() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log_formatter({}, 2))
    log = logging.getLogger("test_masking")
    log.addHandler(handler)
    try:
        try:
            int(f"postgresql://u:{SECRET}@h/d")
        except ValueError:
            log.exception("no postgresql://u:%s@h/d", SECRET)
    finally:
        log.removeHandler(handler)
    assert SECRET not in stream.getvalue()
    assert "u:***@h/d" in stream.getvalue()


def test_a_sample_is_no_secret(tmp_path: Path) -> None:
    """What was measured is kept as it is: nothing of it is masked."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with open_store(url) as store:
        moment = datetime(2026, 3, 1, tzinfo=UTC)
        store.samples.append(
            [Sample(started_at_utc=moment, target="a", failure="x://y")]
        )
        assert next(iter(store.samples.read())).failure == "x://y"


@pytest.mark.parametrize("place", [f"u:p@{SECRET}@h/d", f"u:p@{SECRET}?x@h/d"])
def test_a_stray_at_is_refused_before_anybody_is_asked(place: str) -> None:
    """A part of the password would be looked up in DNS as the name of a server."""
    address = f"postgresql+psycopg://{place}"
    with pytest.raises(InputError, match="%40") as caught:
        open_store(address)
    assert SECRET not in str(caught.value)
    with pytest.raises(ConfigError, match="%40"):
        parse(
            {"timezone": "Asia/Almaty", "targets": TARGETS, "database": address},
            source="c",
        )
