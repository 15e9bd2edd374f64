"""Fit the logarithm of a positive mean as a linear function of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Values beyond these quantiles are taken as those, so that nothing is drawn out without end.
INNER = (0.005, 0.995)
# Rows whose value is more than so many times its mean weigh no more than that.
MOST_TIMES = 10.0
RIDGE = 5.0
STEPS = 30
MOST_LOG = 50.0


@dataclass(frozen=True)
class LinearInputs:
    """How the columns of a matrix become those of a linear function.

    Parameters
    ----------
    columns : tuple of ((float, float, float, float) or int)
        By column: lowest and highest value, mean and scale; of codes how many there are.
    """

    columns: tuple[tuple[float, float, float, float] | int, ...]

    def design(self, matrix: np.ndarray) -> np.ndarray:
        """Make the inputs of the regression.

        Parameters
        ----------
        matrix : float array, shape (rows, features)
            NaN is missing, and taken as the mean.

        Returns
        -------
        float array, shape (rows, parameters)
        """
        made = [np.ones(len(matrix))]
        for values, how in zip(matrix.T, self.columns, strict=True):
            if isinstance(how, int):
                made += [(values == code).astype(float) for code in range(how)]
            else:
                low, high, mean, scale = how
                known = np.where(np.isnan(values), mean, values)
                made.append((np.clip(known, low, high) - mean) / scale)
        return np.stack(made, axis=1)


def linear_inputs(matrix: np.ndarray, codes: dict[int, int]) -> LinearInputs:
    """Choose the inputs by the reference's rows.

    Parameters
    ----------
    matrix : float array, shape (rows, features)
        NaN is missing.
    codes : dict of int to int
        Columns that are codes, and how many each has.

    Returns
    -------
    LinearInputs

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [2.0, 1.0], [np.nan, 1.0]])
    >>> linear_inputs(rows, {1: 2}).design(rows).shape
    (3, 4)
    """
    columns: list[tuple[float, float, float, float] | int] = []
    for j, values in enumerate(matrix.T):
        known = values[np.isfinite(values)]
        if j in codes:
            columns.append(codes[j])
        elif len(known):
            low, high = np.quantile(known, INNER).tolist()
            inner = np.clip(known, low, high)
            columns.append((low, high, float(inner.mean()), float(inner.std()) or 1.0))
        else:
            columns.append((0.0, 0.0, 0.0, 1.0))
    return LinearInputs(tuple(columns))


def fit_log_linear(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fit the coefficients.

    Parameters
    ----------
    design : float array, shape (rows, parameters)
        The first column is 1.
    y : float array, shape (rows,)
        Above 0.

    Returns
    -------
    float array, shape (parameters,)
        Those of a gamma law's likelihood, held slightly to 0.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, chapter 8.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 400)
    >>> fit_log_linear(np.stack([np.ones(400), x], axis=1), np.exp(1 + x)).round(1).tolist()
    [1.0, 1.0]
    """
    found = np.zeros(design.shape[1])
    found[0] = np.log(y.mean())
    precision = np.full(design.shape[1], RIDGE)
    precision[0] = 1e-6
    information = design.T @ design + np.diag(precision)
    for _ in range(STEPS):
        times = np.minimum(y / log_linear(design, found), MOST_TIMES)
        slope = design.T @ (times - 1) - precision * np.append(0, found[1:])
        step = np.linalg.solve(information, slope)
        found = found + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-6:
            break
    return found


def log_linear(design: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Compute the means of rows.

    Parameters
    ----------
    design : float array, shape (rows, parameters)
    coefficients : float array, shape (parameters,)

    Returns
    -------
    float array, shape (rows,)
    """
    return np.asarray(np.exp(np.clip(design @ coefficients, -MOST_LOG, MOST_LOG)))
