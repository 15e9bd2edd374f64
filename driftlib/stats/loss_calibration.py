"""Calibrate an expected size of error: what losses rows of that size have, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

# Quantiles of the expected size at which the slope may change.
KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
# Prior precision of intercept, slope and bends, in units of the losses' own spread.
RIDGE_LEVEL, RIDGE_SLOPE, RIDGE_BEND = 1e-6, 1.0, 10.0
# The variance of a loss grows with this power of its expectation: between a count's and a scale's.
POWER = 1.5
NEWTON_STEPS = 60
MOST_LOG = 60.0
# Rows with a like expectation whose losses stand for each other, as a share and at least.
LIKE_SHARE, LEAST_LIKE = 0.1, 50


@dataclass(frozen=True)
class LossCalibration:
    """Expected sizes of error turned into expected losses that agree with those of the reference.

    The logarithm of the loss is a piecewise-linear function of the logarithm of the size, held
    slightly to a straight line. Made by `fit_loss_calibration`.

    Parameters
    ----------
    centre, scale : float
        By which the logarithms of sizes are standardised.
    knots : float array
        Where the slope may change, standardised.
    unit : float
        Mean loss of the reference.
    coefficients : float array, shape (parameters,)
    covariance : float array, shape (parameters, parameters)
        Of the coefficients, over references drawn anew.
    expected, relative : float array, shape (rows,)
        Expected loss of each of the reference's rows, from the lowest up, and what part of it
        its loss was.
    """

    centre: float
    scale: float
    knots: np.ndarray
    unit: float
    coefficients: np.ndarray
    covariance: np.ndarray
    expected: np.ndarray
    relative: np.ndarray

    def design(self, size: np.ndarray) -> np.ndarray:
        """Make the inputs of the regression.

        Parameters
        ----------
        size : float array, shape (rows,)
            Expected sizes of error, above 0.

        Returns
        -------
        float array, shape (rows, parameters)
        """
        z = (np.log(size) - self.centre) / self.scale
        bends = np.maximum(z - self.knots[:, None], 0)
        return np.stack([np.ones(len(z)), z, *bends], axis=1)

    def losses(self, size: np.ndarray) -> np.ndarray:
        """Compute the expected loss of rows.

        Parameters
        ----------
        size : float array, shape (rows,)

        Returns
        -------
        float array, shape (rows,)
        """
        return self.unit * _exp(self.design(size) @ self.coefficients)

    def draw_means(
        self, size: np.ndarray, draws: int, rng: np.random.Generator, rows: int | None = None
    ) -> np.ndarray:
        """Draw how far the mean loss that labels of some rows show is from the expected one.

        Each draw takes coefficients that another reference might have given, and of each row a
        loss that a row of the reference with a like expectation had.

        Parameters
        ----------
        size : float array, shape (rows,)
        draws : int
        rng : numpy.random.Generator
        rows : int, optional
            How many rows those stand for; default as many as there are.

        Returns
        -------
        float array, shape (draws,)
        """
        design = self.design(size)
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        away = rng.standard_normal((draws, len(values))) @ root.T
        known = len(self.relative)
        reach = min(max(LEAST_LIKE, int(LIKE_SHARE * known)), known // 2)
        expected = self.losses(size)
        place = np.clip(np.searchsorted(self.expected, expected), reach, known - reach)
        means, labels = np.empty(draws), np.empty(draws)
        for draw, moved in enumerate(away):
            means[draw] = _exp(design @ (self.coefficients + moved)).mean()
            chosen = place + rng.integers(-reach, max(reach, 1), len(size))
            labels[draw] = expected @ self.relative[np.minimum(chosen, known - 1)] / len(size)
        labels -= labels.mean()
        return (
            self.unit * means - expected.mean() + labels * np.sqrt(len(size) / (rows or len(size)))
        )


def fit_loss_calibration(
    size: np.ndarray, loss: np.ndarray, power: float = 1.0, units: np.ndarray | None = None
) -> LossCalibration:
    """Learn from labelled rows what losses go with an expected size of error.

    Parameters
    ----------
    size : float array, shape (rows,)
        Expected for each row by a model that has not seen it, above 0.
    loss : float array, shape (rows,)
        At least 0.
    power : float
        Which power of the size the loss is of: 2 for squared errors.
    units : int array, shape (rows,), optional
        Number of each row's unit, such as its day; default rows are independent.

    Returns
    -------
    LossCalibration
        A penalised quasi-likelihood with White's sandwich covariance, of units' sums where rows
        come in units.

    References
    ----------
    Wedderburn (1974), Biometrika 61, 439-447, on quasi-likelihood. White (1982), Econometrica
    50(1), 1-25.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> size = np.exp(rng.normal(size=4000))
    >>> found = fit_loss_calibration(2 * size, (size * rng.normal(size=4000)) ** 2, power=2)
    >>> found.losses(np.array([1.0, 2.0, 4.0])).round(1).tolist()
    [0.2, 1.0, 4.1]
    """
    logs = np.log(size)
    centre, scale = float(logs.mean()), max(float(logs.std()), 1e-3)
    knots = np.unique(np.quantile((logs - centre) / scale, KNOTS))
    unit = float(loss.mean())
    bends = np.zeros(len(knots))
    if unit <= 0:
        # Not one error: nothing else is to be expected.
        none = np.zeros((len(knots) + 2,) * 2)
        rows = np.zeros(len(loss))
        return LossCalibration(centre, scale, knots, 0.0, none[0], none, rows, rows)
    ratio = loss / unit
    line = np.array([-np.log(np.mean(np.exp(power * (logs - centre)))), power * scale, *bends])
    start = LossCalibration(centre, scale, knots, unit, line, np.empty((0, 0)), loss, loss)
    design = start.design(size)
    precision = np.array([RIDGE_LEVEL, RIDGE_SLOPE, *(bends + RIDGE_BEND)])
    found = _fit(design, ratio, line, precision)
    expected = _exp(design @ found)
    spread = float(np.mean((ratio - expected) ** 2 / expected**POWER))
    precision = precision * max(spread, 1e-9)
    found = _fit(design, ratio, line, precision)
    expected = _exp(design @ found)
    scores = design * ((ratio - expected) * expected ** (1 - POWER))[:, None]
    if units is not None:
        place = np.unique(units, return_inverse=True)[1]
        scores = np.stack([np.bincount(place, column) for column in scores.T], axis=1)
    bread = np.linalg.inv(_information(design, expected, precision))
    prior = np.diag(precision * max(spread, 1e-9))
    order = np.argsort(expected, kind="stable")
    return replace(
        start,
        coefficients=found,
        covariance=bread @ (scores.T @ scores + prior) @ bread,
        expected=unit * expected[order],
        relative=(ratio / expected)[order],
    )


def _exp(logs: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(np.clip(logs, -MOST_LOG, MOST_LOG)))


def _information(design: np.ndarray, expected: np.ndarray, precision: np.ndarray) -> np.ndarray:
    weights = expected ** (2 - POWER)
    return np.asarray((design * weights[:, None]).T @ design + np.diag(precision))


def _fit(
    design: np.ndarray, ratio: np.ndarray, line: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Solve the penalised quasi-likelihood's equations by Fisher's scoring."""
    found = line.copy()
    for _ in range(NEWTON_STEPS):
        expected = _exp(design @ found)
        slope = design.T @ ((ratio - expected) * expected ** (1 - POWER))
        slope -= precision * (found - line)
        step = np.linalg.solve(_information(design, expected, precision), slope)
        step /= max(1.0, float(np.abs(step).max()))
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    return found
