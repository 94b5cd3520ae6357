"""Small faults put into the program on purpose; the tests must see each of them.

`python -m mutants` (docs/mutants.md) changes one place of the program at a time and
runs the tests that pass through it, in a process forked from one that has loaded all
libraries already.
"""
