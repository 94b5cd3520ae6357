"""What the owner states stands where the home's own router would be named."""

from datetime import date

from monitor.analysis import analyze, as_stated
from monitor.analysis.owner import stated_in
from monitor.analysis.verdict_document import analysis_document
from monitor.simulation.capacity import capacity_home
from monitor.wording import language
from monitor.wording.reason_words import told

CHECKED = date(2026, 11, 1)


def test_the_statement_is_told_as_the_owners_and_found_again() -> None:
    home = capacity_home("blocked", seed=2, days=16, every_s=600)
    verdicts = analyze(home.samples, timezone=home.timezone)
    stated = as_stated(verdicts, CHECKED)
    (name, *_) = home.acted.targets
    (before,) = (v for v in verdicts if v.target == name)
    (after,) = (v for v in stated if v.target == name)
    assert after.strength == before.strength
    (reason,) = (r for r in after.reasons if r.rule == "own_router")
    sentence = told(reason, language("en"))
    assert sentence.startswith("The owner states")
    assert "1 Nov" in sentence or "2026-11-01" in sentence
    document = analysis_document(stated, timezone=home.timezone)
    assert stated_in(document) == CHECKED
    plain = analysis_document(verdicts, timezone=home.timezone)
    assert stated_in(plain) is None
    assert as_stated(verdicts, None) == verdicts
