import pytest

from monitor.errors import InputError
from monitor.probe.url import endpoint_of, stored_url


@pytest.mark.parametrize(
    ("url", "host_header", "port", "request_target"),
    [
        ("https://A.test", "a.test", 443, "/"),
        ("https://a.test./x?y=1#z", "a.test", 443, "/x?y=1"),
        ("http://a.test:8080/", "a.test:8080", 8080, "/"),
        ("https://[2001:DB8::1]/", "[2001:db8::1]", 443, "/"),
        ("https://пример.test/й", "xn--e1afmkfd.test", 443, "/%D0%B9"),
        ("tcp://149.154.167.99:443", "149.154.167.99:443", 443, "/"),
    ],
)
def test_url_is_taken_apart(url, host_header, port, request_target):
    endpoint = endpoint_of(url)
    assert endpoint.authority == host_header
    assert endpoint.port == port
    assert endpoint.request_target == request_target


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.test/",
        "https:///x",
        "tcp://a.test",
        "https://a.test:99999/",
        "https://" + "a" * 64 + ".test/",
        "a.test",
        "",
    ],
)
def test_impossible_url_is_refused(url):
    with pytest.raises(InputError):
        endpoint_of(url)


def test_request_target_cannot_break_the_request():
    target = endpoint_of("https://a.test/a b?c=d%0d e").request_target
    assert target == "/a%20b?c=d%0d%20e"


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://a.test/f.js?v=12&x", "https://a.test/f.js?v=12&x"),
        ("https://user:word@a.test/#top", "https://a.test/"),
        (
            "https://a.test/f?token=0123456789abcdef0&v=1",
            "https://a.test/f?token=...&v=1",
        ),
        ("https://a.test/f?0123456789abcdef0", "https://a.test/f?0123456789abcdef"),
    ],
)
def test_stored_url_holds_no_secrets(url, stored):
    assert stored_url(url).removesuffix("...") == stored.removesuffix("...")
    assert "0123456789abcdef0" not in stored_url(url)


def test_stored_url_is_bounded():
    assert len(stored_url("https://a.test/" + "x" * 10_000)) == 500
