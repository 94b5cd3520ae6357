"""How much slower a single probe is than its site's hour [log]: three models."""

import numpy as np

from monitor.series.rows import Floats

MODELS = ("normal_ar", "bursts", "student")
"""Normal with an hourly AR(1); two states, calm and bursting; Student's t3."""

_WHITE_SD = 0.15
_HOUR_SD = 0.08
_HOUR_AR = 0.6
_BURST_SHARE = 0.08
_BURST_STAY = 0.75
_BURST_LOG = 0.5
_QUICKEST = -0.8
_SLOWEST = 2.5


def disturbance(
    model: str, shape: tuple[int, int], per_hour: int, rng: np.random.Generator
) -> Floats:
    """Disturbance of every probe, shape (n_series, n) [log], positive: slower."""
    noise = _MODELS[model](shape, rng) + _hourly(shape, per_hour, rng)
    return np.clip(noise, _QUICKEST, _SLOWEST)


def _normal(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    return rng.normal(0.0, _WHITE_SD, shape)


def _student(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    return np.asarray(0.6 * _WHITE_SD * rng.standard_t(3, shape))


def _bursts(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """A Markov chain of two states for each series; bursts last some rounds."""
    starts = _BURST_SHARE * (1 - _BURST_STAY) / (1 - _BURST_SHARE)
    draw = rng.random(shape)
    is_burst = np.zeros(shape, np.bool_)
    state = np.zeros(shape[0], np.bool_)
    for step in range(shape[1]):
        state = np.where(state, draw[:, step] < _BURST_STAY, draw[:, step] < starts)
        is_burst[:, step] = state
    return rng.normal(0.0, 0.8 * _WHITE_SD, shape) + _BURST_LOG * is_burst


_MODELS = {"normal_ar": _normal, "bursts": _bursts, "student": _student}


def _hourly(shape: tuple[int, int], per_hour: int, rng: np.random.Generator) -> Floats:
    """A level that wanders from hour to hour, shape of the probes."""
    n_hours = shape[1] // per_hour + 2
    return np.repeat(walk((shape[0], n_hours), _HOUR_AR, _HOUR_SD, rng), per_hour, 1)[
        :, : shape[1]
    ]


def walk(
    shape: tuple[int, int], ar: float, sd: float, rng: np.random.Generator
) -> Floats:
    """A stationary AR(1) along the last axis with spread `sd`."""
    out = rng.normal(0.0, sd, shape)
    fresh = np.sqrt(1 - ar**2)
    for step in range(1, shape[1]):
        out[:, step] = ar * out[:, step - 1] + fresh * out[:, step]
    return out
