# ruff: noqa: RUF001 - Cyrillic letters are meant
"""From hosts to services: weights, who speaks, what is cleared, what is told."""

from dataclasses import replace

import pytest

from monitor.model import Effect, Evenings, Verdict
from monitor.reason import Reason
from monitor.service_verdicts import services_of, weights
from monitor.wording import language
from monitor.wording.reason_words import told

WHY = Reason("cause_open", "Slower.")


def host(name: str, verdict: str, part: str = "page", **changes) -> Verdict:
    found = Verdict(
        vantage="home",
        target=name,
        service="youtube",
        part=part,
        verdict=verdict,
        strength=None,
        evenings=Evenings(observed=30, usable=28, slow=20, dead=0),
        effect=Effect(metric="goodput_bps", ratio=3.0, ci95=(2.0, 4.0)),
        p_value=0.001,
        e_value=1000.0,
        found_window=None,
        onset_date=None,
        offset_date=None,
        reasons=(WHY,),
    )
    return replace(found, **changes)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["page"], [1.0]),
        (["messaging"], [1.0]),
        (["page", "media"], [0.375, 0.625]),
        (["media", "media"], [0.5, 0.5]),
        (["page", "media", "api"], [0.3, 0.5, 0.2]),
        (["page", "media", "media", "api", "messaging"], [0.3, 0.25, 0.25, 0.1, 0.1]),
        (["page", "other"], [0.6, 0.4]),
    ],
)
def test_weights_of_parts_sum_to_one_and_absent_parts_are_shared_out(parts, expected):
    assert weights(parts) == pytest.approx(expected)


def test_a_single_host_under_the_service_s_name_is_the_service():
    own = host("youtube", "selective_slowdown", strength="likely")
    (service,) = services_of([own])
    assert service.is_one_host
    assert (service.verdict, service.strength) == (own.verdict, own.strength)
    assert (service.hosts, service.e_value) == (("youtube",), own.e_value)
    assert service.reasons == own.reasons


def test_the_video_host_speaks_for_the_service_and_the_page_is_well():
    page = host("youtube", "no_recurring_slowdown", e_value=0.2)
    video = host("youtube-video", "selective_slowdown", part="media")
    (service,) = services_of([page, video])
    assert (service.verdict, service.hosts) == (video.verdict, ("youtube-video",))
    assert service.e_value == pytest.approx(0.625 * 1000 + 0.375 * 0.2, rel=1e-3)
    assert [str(reason) for reason in service.reasons] == [
        "Of youtube: the media host (youtube-video).",
        "As usual: the page (youtube).",
        "Slower.",
    ]
    assert service.to_dict()["reasons"] == [
        "Of youtube: the media host (youtube-video). As usual: the page (youtube).",
        "Slower.",
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "Of YouTube: the media host (youtube-video)."),
        ("ru", "У сервиса YouTube: хост с видео и картинками (youtube-video)."),
        ("kk", "YouTube сервисінде: бейне мен сурет хосты (youtube-video)."),
    ],
)
def test_which_host_it_is_is_told_in_each_language(code, words):
    page = host("youtube", "no_recurring_slowdown")
    video = host("youtube-video", "selective_slowdown", part="media")
    (service,) = services_of([page, video])
    assert told(service.reasons[0], language(code)) == words


@pytest.mark.parametrize(
    ("verdicts", "expected", "named"),
    [
        (("targeted_throttling", "selective_slowdown"), "targeted_throttling", 2),
        (("general_congestion", "server_side"), "server_side", 1),
        (("no_recurring_slowdown", "general_congestion"), "general_congestion", 0),
        # An all-clear is a claim: what is open goes before it.
        (("no_recurring_slowdown", "insufficient_data"), "insufficient_data", 0),
        (("no_recurring_slowdown", "inconclusive"), "inconclusive", 0),
        (("no_recurring_slowdown", "of_a_newer_program"), "of_a_newer_program", 0),
        (
            ("no_recurring_slowdown", "no_recurring_slowdown"),
            "no_recurring_slowdown",
            0,
        ),
        (("insufficient_data", "inconclusive"), "inconclusive", 0),
    ],
)
def test_the_gravest_host_speaks_and_nothing_is_cleared_by_half(
    verdicts, expected, named
):
    hosts = [host(f"h{n}", verdict) for n, verdict in enumerate(verdicts)]
    for order in (hosts, hosts[::-1]):
        (service,) = services_of(order)
        assert service.verdict == expected
        assert len(service.hosts) == named


def test_of_equals_the_stronger_and_then_the_clearer_speaks():
    weak = host("a", "targeted_throttling", strength="likely", e_value=9e9)
    strong = host("b", "targeted_throttling", strength="strong", e_value=200.0)
    clear = host("c", "targeted_throttling", strength="strong", e_value=900.0)
    (service,) = services_of([weak, strong, clear])
    assert (service.strength, service.leading) == ("strong", clear)
    assert service.hosts == ("c", "b", "a")


def test_services_of_several_homes_stay_apart():
    hosts = [
        host("a", "inconclusive", vantage="b"),
        host("a", "inconclusive", vantage="a"),
        host("x", "own_line", vantage="a", service="x"),
    ]
    found = [(s.vantage, s.service, len(s.members)) for s in services_of(hosts)]
    assert found == [("a", "x", 1), ("a", "youtube", 1), ("b", "youtube", 1)]


def test_nothing_is_known_of_a_service_that_was_never_measured():
    (service,) = services_of([host("a", "insufficient_data", e_value=None)])
    assert service.e_value is None
    assert services_of([]) == ()


def test_what_is_told_of_a_host_whatever_its_verdict_is_told_of_the_service():
    """Blocked QUIC of a page is no verdict, and the page need not be who speaks."""
    quic = Reason("transport", "QUIC got no answer.")
    page = host("youtube", "insufficient_data", e_value=0.1, reasons=(WHY, quic))
    video = host("youtube-video", "insufficient_data", part="media")
    (service,) = services_of([page, video])
    assert service.leading.target == "youtube-video"
    assert [str(reason) for reason in service.reasons][-1] == (
        "youtube: QUIC got no answer."
    )
    (alone,) = services_of([page])
    assert alone.reasons == page.reasons
