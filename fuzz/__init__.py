"""Coverage-guided fuzzing of everything that reads what others wrote.

A target is a function that takes bytes and returns, whatever the bytes are; an
exception that leaves it is a finding. `python -m fuzz NAME --seconds S` runs one under
atheris, tests/test_fuzz.py runs all seeds and all former findings without it.
"""
