"""Simulated homes with a known truth, for the demo, the tests and the study."""

from monitor.simulation.conditions import Conditions, Imposed, Kind, Style
from monitor.simulation.demo import demo_home
from monitor.simulation.families import FAMILIES, Family
from monitor.simulation.home import MIXED, Home, simulate
from monitor.simulation.noise import NOISE_MODELS
from monitor.simulation.truth import Truth

__all__ = [
    "FAMILIES",
    "MIXED",
    "NOISE_MODELS",
    "Conditions",
    "Family",
    "Home",
    "Imposed",
    "Kind",
    "Style",
    "Truth",
    "demo_home",
    "simulate",
]
