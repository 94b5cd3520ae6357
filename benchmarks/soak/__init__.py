"""Weeks of the real daemon in minutes, with a fault every few rounds.

The daemon is `monitor run` itself, with its store, dashboard and nightly analysis, and
real sockets. Only its wall clock is moved on: to the next slot, as soon as a round is
done. Monotonic time, and so every measured duration, runs as it does.
"""
