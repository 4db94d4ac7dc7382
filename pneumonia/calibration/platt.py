"""Platt scaling from few images, held near the calibration as published, for many resamples at once.

`calibration.fit.fit_calibration` fits the same two numbers to many images, once and without priors.
"""

import numpy as np
from scipy.special import expit

# Standard deviations of the normal priors of slope and shift, whose means are those of a calibration that is right as
# published. Fitted without priors to the fixed corruptions of the validation images, the published variants have slopes
# of 0.94 to 1.27 and shifts of at most 1.3: little over half a deviation of each.
_SPREADS = np.array([0.5, 2.0])
_AS_PUBLISHED = np.array([1.0, 0.0])
# The order of the scores is never turned round.
LEAST_SLOPE = 0.05
_STEPS = 100
_SETTLED = 1e-9


def fit_platt(log_odds: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The likeliest slope and shift under their priors, for many weightings at once, by Newton's method.

    Args:
        log_odds: (N,), of the probabilities as published.
        labels: (N,) of 0 and 1.
        weights: (R, N), how often each image counts.

    Returns:
        (R, 2): the probability of an image is `expit(slope * log_odds + shift)`; slopes are at least `LEAST_SLOPE`.
    """
    free = _newton(np.zeros((len(weights), 2)), True, log_odds, labels, weights)
    too_low = free[:, 0] < LEAST_SLOPE
    if too_low.any():
        # The loss is convex: where its lowest point is out of bounds, the best one in bounds lies on the bound.
        bounded = free[too_low]
        bounded[:, 0] = LEAST_SLOPE
        free[too_low] = _newton(bounded, False, log_odds, labels, weights[too_low])
    return free


def _newton(
    start: np.ndarray, move_slope: bool, log_odds: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Slope and shift (R, 2) of the least loss; the slope stays as it is unless it may move."""
    precision = 1 / np.square(_SPREADS)

    def margins(at: np.ndarray) -> np.ndarray:
        return at[:, :1] * log_odds + at[:, 1:]

    def loss(at: np.ndarray) -> np.ndarray:
        misfit = np.logaddexp(0.0, margins(at)) - labels * margins(at)
        return (weights * misfit).sum(axis=1) + (np.square(at - _AS_PUBLISHED) @ precision) / 2

    at, least = start, loss(start)
    for _ in range(_STEPS):
        probabilities = expit(margins(at))
        errors = weights * (probabilities - labels)
        gradient = np.stack([errors @ log_odds, errors.sum(axis=1)], axis=1) + (at - _AS_PUBLISHED) * precision
        spread = weights * probabilities * (1 - probabilities)
        mixed = spread @ log_odds
        curvature = np.empty((len(at), 2, 2))
        curvature[:, 0, 0] = spread @ np.square(log_odds) + precision[0]
        curvature[:, 1, 1] = spread.sum(axis=1) + precision[1]
        curvature[:, 0, 1] = curvature[:, 1, 0] = mixed if move_slope else 0.0
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        if not move_slope:
            step[:, 0] = 0.0
        # Far from the lowest point the parabola overshoots; half the step, again and again, does not.
        while (worse := loss(at - step) > least + _SETTLED).any():
            step[worse] /= 2
        at = at - step
        least = loss(at)
        if np.abs(step).max() < _SETTLED:
            break
    return at
