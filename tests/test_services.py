"""Which domain a host name belongs to, and where the shipped services keep files."""

import pytest

from monitor.config.services import content_hosts, registrable_domain


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.facebook.com/", "facebook.com"),
        ("https://a.b.bbc.co.uk:444/x", "bbc.co.uk"),
        ("https://me.github.io/", "me.github.io"),
        ("https://github.io/", None),
        ("https://d1.cloudfront.net/", "d1.cloudfront.net"),
        ("https://WWW.Example.ORG./", "example.org"),
        ("https://www.пример.рф/", "xn--e1afmkfd.xn--p1ai"),
        ("http://localhost:8080/", None),
        ("http://nas/", None),
        ("http://192.168.1.1/", None),
        ("http://[2001:db8::1]/", None),
        ("tcp://149.154.167.51:443", None),
        ("https://[broken/", None),
    ],
)
def test_domain_that_somebody_registered(url: str, domain: str | None) -> None:
    assert registrable_domain(url) == domain


def test_content_hosts_are_known_by_the_services_own_domain() -> None:
    assert "fbcdn.net" in content_hosts("https://m.facebook.com/")
    assert "googlevideo.com" in content_hosts("https://www.youtube.com/watch?v=x")
    assert "twimg.com" in content_hosts("https://x.com/")
    assert "telesco.pe" in content_hosts("https://web.telegram.org/")
    assert content_hosts("https://www.facebook.com.evil.example/") == ()
    assert content_hosts("https://notfacebook.com/") == ()
