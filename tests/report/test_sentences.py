"""The sentences say what the verdict says, and no more."""

from dataclasses import replace

import pytest

from monitor.wording import LANGUAGES, language
from monitor.model import VERDICTS, Effect, Evenings
from monitor.report.sentences import sentence, title

INTERFERENCE = {
    "en": ("interference", "deliberate", "blocking"),
    "ru": ("вмешательств", "намеренн", "блокировк"),
    "kk": ("араласу", "әдейі", "бұғатта"),
}


def told(report, verdict: str, code: str = "en", **changes: object) -> str:
    service = report.services[0]
    values = {
        "verdict": verdict,
        "target": "facebook",
        "evenings": Evenings(observed=31, usable=28, slow=26, dead=21),
        "effect": Effect(metric="goodput_bps", ratio=8.0, ci95=(6.0, 9.0)),
        **changes,
    }
    changed = replace(service, verdict=replace(service.verdict, **values))
    return sentence(changed, report, language(code))


def test_the_issue_s_own_example_reads_as_wanted(one_service) -> None:
    text = told(one_service, "targeted_throttling")
    assert text.startswith(
        "On 26 of the last 28 evenings Facebook was slower between 20:00 and 22:00 "
        "than during the rest of the day, typically 8 times slower."
    )
    assert "The 5 control sites measured in the same minutes were not." in text


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_has_its_own_sentence_and_title(
    one_service, verdict: str, code: str
) -> None:
    others = {told(one_service, other, code) for other in VERDICTS if other != verdict}
    text = told(one_service, verdict, code)
    assert text not in others
    assert "Facebook" in text
    assert "%" not in text
    service = replace(one_service.services[0].verdict, verdict=verdict)
    assert title(service, language(code)) != verdict


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("verdict", [v for v in VERDICTS if v != "targeted_throttling"])
def test_only_targeted_verdicts_hint_at_interference(
    one_service, verdict: str, code: str
) -> None:
    text = told(one_service, verdict, code).lower()
    hints = [word for word in INTERFERENCE[code] if word in text]
    if verdict == "targeted_blocking":
        assert hints
    elif verdict == "server_side":
        assert "rather than" in text or code != "en"
    else:
        assert hints == []


@pytest.mark.parametrize("verdict", VERDICTS)
def test_nothing_is_called_proven(one_service, verdict: str) -> None:
    for code in LANGUAGES:
        text = told(one_service, verdict, code).lower()
        assert "prove" not in text
        assert "доказ" not in text
        assert "government" not in text


@pytest.mark.parametrize(
    ("n", "english", "russian"),
    [
        (1, "1 evening ", "1 вечера"),
        (2, "2 evenings", "2 вечеров"),
        (5, "5 evenings", "5 вечеров"),
        (21, "21 evenings", "21 вечера"),
        (22, "22 evenings", "22 вечеров"),
    ],
)
def test_plural_forms_follow_the_number(
    one_service, n: int, english: str, russian: str
) -> None:
    counts = Evenings(observed=n, usable=n, slow=1, dead=0)
    for code, words in (("en", english), ("ru", russian)):
        text = told(one_service, "selective_slowdown", code, evenings=counts)
        assert words in text


@pytest.mark.parametrize(
    ("ratio", "words"), [(2, "2 раза"), (5, "5 раз"), (3.1, "3,1 раза"), (21, "21 раз")]
)
def test_times_are_counted_as_russian_does(ratio: float, words: str) -> None:
    assert language("ru").times(ratio) == words


def test_a_service_that_mostly_did_not_answer_is_told_so(one_service) -> None:
    text = told(one_service, "selective_slowdown")
    assert "did not answer" in text
    assert "do not show" in text


def so_far(report, *, in_window: float | None, failed: int = 0, code: str = "en"):
    service = report.services[0]
    last = replace(
        service.last_night, in_window=in_window, in_rest=8e6, made=24, failed=failed
    )
    verdict = replace(
        service.verdict,
        verdict="insufficient_data",
        target="facebook",
        evenings=Evenings(observed=3, usable=3, slow=2, dead=0),
        reasons=("Usable evenings: 3; at least 5 are needed.",),
    )
    changed = replace(service, verdict=verdict, last_night=last, metric="goodput_bps")
    return sentence(changed, report, language(code))


def test_the_first_evenings_are_told_without_a_verdict(one_service) -> None:
    assert so_far(one_service, in_window=2e6) == (
        "Measured so far: 3 of at least 5 evenings; before that nothing is concluded "
        "about Facebook. On the last evening it was 4 times slower between 20:00 and "
        "22:00 than during the rest of that day; one evening is not a pattern."
    )
    assert "was not slower" in so_far(one_service, in_window=7.5e6)
    assert "did not answer" in so_far(one_service, in_window=None, failed=24)
    assert so_far(one_service, in_window=None).endswith("about Facebook.")


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_first_evenings_accuse_nobody(one_service, code: str) -> None:
    text = so_far(one_service, in_window=1e5, code=code)
    assert not any(word in text.lower() for word in INTERFERENCE[code])
