"""A public document names no vantage, wherever it stands."""

from monitor.evidence.redact import renamed


def test_a_vantage_is_renamed_wherever_it_stands():
    document = {
        "verdicts": [{"vantage": "home", "target": "home"}],
        "services": [{"vantage": "home", "service": "youtube"}],
        "vantages": {"home": {"timezone": "Asia/Almaty"}},
    }
    assert renamed(document, lambda name: f"not {name}") == {
        "verdicts": [{"vantage": "not home", "target": "home"}],
        "services": [{"vantage": "not home", "service": "youtube"}],
        "vantages": {"not home": {"timezone": "Asia/Almaty"}},
    }
