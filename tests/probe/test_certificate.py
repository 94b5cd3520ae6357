from monitor.model import Target
from tests.probe.site import SITE, at
from tests.servers import web
from tests.servers.certificates import server_context
from tests.servers.tcp import serve

PAGE = web.says(web.whole(b"a page"))


async def failure_with(prober, tls):
    async with serve(PAGE, tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    return sample.failure


async def test_accepted_chain_does_not_cover_another_one(prober, authority, rogue):
    honest, false = server_context(authority, SITE), server_context(rogue, SITE)
    failures = [await failure_with(prober, tls) for tls in (honest, false, honest)]
    assert failures == [None, "ssl_unknown_authority", None]


async def test_refused_chain_is_refused_again(prober, rogue):
    false = server_context(rogue, SITE)
    failures = [await failure_with(prober, false) for _ in range(2)]
    assert failures == ["ssl_unknown_authority"] * 2


async def test_chain_accepted_for_one_name_is_refused_for_another(
    prober, names, authority
):
    names.rules["other.test"] = names.rules[SITE]
    async with serve(PAGE, tls=server_context(authority, SITE)) as server:
        right = await prober.measure(at(server.port), "https")
        url = f"https://other.test:{server.port}/"
        wrong = await prober.measure(Target(name="other", url=url), "https")
    assert right.failure is None
    assert wrong.failure == "ssl_invalid_hostname"


async def test_certificate_through_an_intermediate_is_trusted(prober, authority):
    middle = authority.create_child_ca()
    assert await failure_with(prober, server_context(middle, SITE)) is None


async def test_wildcard_covers_one_label(prober, names, authority):
    names.rules["a.b.site.test"] = names.rules["a.site.test"] = names.rules[SITE]
    async with serve(PAGE, tls=server_context(authority, "*.site.test")) as server:
        hosts = ("a.site.test", "a.b.site.test")
        urls = [f"https://{host}:{server.port}/" for host in hosts]
        one, two = [
            await prober.measure(Target(name="site", url=url), "https") for url in urls
        ]
    assert (one.failure, two.failure) == (None, "ssl_invalid_hostname")


async def test_missing_trust_file_trusts_nobody(
    make_prober, tmp_path, monkeypatch, tls
):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    assert await failure_with(make_prober(), tls) == "ssl_unknown_authority"
