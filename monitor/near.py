"""Answers that come from nearer than they can: something at hand answers for a site."""

from typing import Final

NEAREST: Final = 0.7
"""A connect that takes less of the gateway's round trip did not leave this home;
gateways answer a little late when they have other work."""


def is_nearer(connect_s: float | None, gateway_s: float | None) -> bool:
    """Whether a site was connected to quicker than the home's own gateway allows.

    Not so where either was not measured.
    """
    return bool(connect_s and gateway_s and connect_s < NEAREST * gateway_s)
