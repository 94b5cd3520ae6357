import gzip
import zlib

from monitor.probe.assets import (
    HTML_MAX_BYTES,
    asset_urls,
    assets,
    decoded_html,
)


def urls_of(html: bytes, page_url: str, is_followed=lambda url: True):
    return asset_urls(a for a in assets(html, page_url, is_followed) if a is not None)


PAGE = b"""<!doctype html><html><head>
<link rel="stylesheet" href="/a.css">
<link rel="preload" href="//cdn.test/b.js" as=script>
<script src="c.js?v=2#top"></script><script>inline()</script>
<link rel="icon" href="/icon.png">
</head><body><img src="data:image/png;base64,AA"><img src="/d.jpg"><img src="/d.jpg">
<video poster="e.webp"><source src="javascript:alert(1)"></video>
<img src="http://[broken/"><script src=""></script></body>"""


def test_code_then_pictures_on_any_host_without_repetition():
    assert urls_of(PAGE, "https://a.test/x/") == (
        "https://a.test/a.css",
        "https://cdn.test/b.js",
        "https://a.test/x/c.js?v=2",
        "https://a.test/d.jpg",
        "https://a.test/x/e.webp",
    )


def test_base_of_the_page_is_honoured():
    html = b'<base href="https://b.test/y/"><script src="c.js"></script>'
    assert urls_of(html, "https://a.test/") == ("https://b.test/y/c.js",)


def test_number_of_assets_is_bounded():
    scripts = b"".join(b'<script src="s%d.js"></script>' % i for i in range(500))
    pictures = b"".join(b'<img src="p%d.png">' % i for i in range(500))
    found = urls_of(scripts + pictures, "https://a.test/")
    assert len(found) == 16
    assert found[8] == "https://a.test/p0.png"


def test_no_page_has_no_assets():
    assert urls_of(b"", "https://a.test/") == ()
    assert urls_of(bytes(range(256)) * 100, "https://a.test/") == ()


def test_codings_are_undone():
    assert decoded_html(gzip.compress(PAGE), "gzip") == PAGE
    assert decoded_html(zlib.compress(PAGE), "Deflate") == PAGE
    assert decoded_html(PAGE, "") == PAGE
    assert decoded_html(PAGE, "gzip") == PAGE


def test_page_cut_short_is_decoded_as_far_as_it_goes():
    whole = gzip.compress(bytes(i % 251 for i in range(100_000)), 1)
    assert 0 < len(decoded_html(whole[: len(whole) // 2], "gzip")) < 100_000


def test_bomb_is_not_unfolded_beyond_the_bound():
    bomb = gzip.compress(bytes(50 * HTML_MAX_BYTES), 9)
    assert len(decoded_html(bomb, "gzip")) == HTML_MAX_BYTES


def test_a_page_in_another_encoding_gives_its_files() -> None:
    html = '<title>Каталог</title><img alt="Рыба" src="/a.png">'.encode("windows-1251")
    html += b'<img src="/\xec.png">'
    assert urls_of(html, "https://a.example/")[0] == "https://a.example/a.png"


def test_only_the_first_base_counts():
    html = b"<base href=/a/><base href=/b/><img src=c.png>"
    assert urls_of(html, "https://a.test/") == ("https://a.test/a/c.png",)


def test_what_is_code_already_is_no_picture():
    html = b"<img src=/a.png><link rel=preload href=/a.png>"
    assert urls_of(html, "https://a.test/") == ("https://a.test/a.png",)


def test_references_are_bounded_before_anything_is_made_of_them():
    many = b"".join(b"<img src=//a%d.test/x>" % i for i in range(10_000))
    asked: list[str] = []
    assert urls_of(many, "https://a/", asked.append) == ()
    assert len(asked) == 200
    long = b"<img src=/" + b"a" * 100_000 + b"><img src=/b&amp;c.png>"
    assert urls_of(long, "https://a/") == ("https://a/b&c.png",)
