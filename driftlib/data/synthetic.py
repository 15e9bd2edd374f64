"""Simulate data with two dials: drift moves the features, label flips change the concept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.errors import ParameterError

NUMERIC = ("tenure_months", "monthly_charge", "usage_hours", "support_calls", "late_payments")
CONTRACTS = ("monthly", "yearly", "two years")
CHANNELS = ("web", "shop", "phone", "partner")
REGIONS = ("north", "east", "south", "west")
DRIFTING = ("monthly_charge", "usage_hours", "support_calls", "contract")
START = pd.Timestamp("2024-01-01")
PERIOD = pd.Timedelta(days=28)
TRAINING_ROWS, TRAINING_SEED = 10_000, 20_240_101
MOST_DRIFT = 3.0


@dataclass(frozen=True)
class Simulation:
    """Two periods of a model at work.

    Parameters
    ----------
    reference, current : pandas.DataFrame
        Features, `timestamp`, `y_true`, `y_pred` and `y_proba`, in order of time.
    """

    reference: pd.DataFrame
    current: pd.DataFrame


def simulate(
    rows: int = 5_000,
    feature_drift: float = 0.3,
    label_flips: float = 0.1,
    seed: int = 0,
    *,
    gradual: bool = False,
) -> Simulation:
    """Simulate a reference period without drift and a current one with as much as asked.

    A logistic regression, trained once on rows of its own from the reference's
    distribution, predicts both. With both dials at 0 the two periods are independent draws
    from one distribution: whatever drift is found then is a false alarm.

    Parameters
    ----------
    rows : int
        Rows in each period.
    feature_drift, label_flips : float
        See `make_data`.
    seed : int
        Same arguments, same data.
    gradual : bool
        Let both dials rise from 0 at the start of the current period to their value at
        its end, rather than jump.

    Returns
    -------
    Simulation

    Raises
    ------
    ParameterError
        If a number is out of its range.

    Examples
    --------
    >>> data = simulate(rows=2000, feature_drift=0, label_flips=0.2)
    >>> hits = [(frame["y_pred"] == frame["y_true"]).mean() for frame in vars(data).values()]
    >>> bool(hits[0] - hits[1] > 0.08)
    True
    """
    _check("seed", seed, 0, np.inf)
    first, second = (
        int(part) for part in np.random.SeedSequence((seed, TRAINING_SEED)).generate_state(2)
    )
    current = make_data(
        rows, feature_drift, label_flips, second, gradual=gradual, start=START + PERIOD
    )
    return Simulation(_reference(rows, first).copy(), _predicted(current, _model()))


@lru_cache(2)
def _reference(rows: int, seed: int) -> pd.DataFrame:
    """Draw the period that no dial changes."""
    return _predicted(make_data(rows, seed=seed), _model())


def make_data(
    rows: int,
    feature_drift: float = 0.0,
    label_flips: float = 0.0,
    seed: int = 0,
    *,
    gradual: bool = False,
    start: pd.Timestamp = START,
) -> pd.DataFrame:
    """Draw customers of a service, and whether they left.

    Parameters
    ----------
    rows : int
        At least 1.
    feature_drift : float
        0 to 3. Moves `monthly_charge` and the logarithm of `usage_hours` up by this many
        standard deviations, multiplies the mean of `support_calls` by exp(drift / 3) and
        the odds of a monthly contract by exp(drift / 2); the other features stay as they
        are. Who leaves *given* the features does not change, but more customers are in the
        region where the model is unsure and, with much usage, wrong.
    label_flips : float
        0 to 0.5. Share of labels that are turned over, at random: the same customers now
        decide differently, which is a change of the concept and of nothing else.
    seed : int
        Same arguments, same data.
    gradual : bool
        Let both dials rise from 0 at the first row to their value at the last.
    start : Timestamp
        The rows lie in the 28 days from here.

    Returns
    -------
    pandas.DataFrame
        Features (5 numeric, 3 categorical), `timestamp` and `y_true`, in order of time.

    Raises
    ------
    ParameterError
        If a number is out of its range.

    Examples
    --------
    >>> float(make_data(1000)["y_true"].mean())
    0.142
    """
    _check("rows", rows, 1, np.inf)
    _check("feature_drift", feature_drift, 0, MOST_DRIFT)
    _check("label_flips", label_flips, 0, 0.5)
    rng = np.random.default_rng(seed)
    when = np.sort(rng.random(rows))
    dial = when if gradual else np.ones(rows)
    drift, flips = feature_drift * dial, label_flips * dial
    charge = rng.normal(size=rows) + drift
    usage = rng.normal(size=rows) + drift
    calls = rng.poisson(np.exp(drift / 3))
    late = rng.poisson(0.4, rows)
    tenure = np.minimum(rng.gamma(1.5, 16, rows).astype(int), 120)
    odds = np.exp(drift / 2)
    monthly = rng.random(rows) < 0.5 * odds / (0.5 + 0.5 * odds)
    contract = np.where(monthly, 0, 1 + (rng.random(rows) < 0.4))
    channel = rng.choice(len(CHANNELS), rows, p=[0.45, 0.25, 0.2, 0.1])
    region = rng.integers(len(REGIONS), size=rows)
    score = (
        -2.6
        + 0.9 * charge
        + 0.9 * usage
        - 1.6 * np.maximum(usage - 1, 0)
        + 0.5 * (calls - 1)
        + 0.5 * late
        - 0.02 * (tenure - 24)
        + np.array([0.5, 0.0, -0.6])[contract]
        + np.array([0.0, 0.0, 0.3, -0.3])[channel]
    )
    leaves = rng.random(rows) < expit(score)
    leaves ^= rng.random(rows) < flips
    return pd.DataFrame(
        {
            "timestamp": start + when * PERIOD,
            "tenure_months": tenure,
            "monthly_charge": np.round(60 + 18 * charge, 2),
            "usage_hours": np.round(np.exp(2.5 + 0.6 * usage), 2),
            "support_calls": calls,
            "late_payments": late,
            "contract": pd.Categorical.from_codes(contract, pd.Index(CONTRACTS)),
            "channel": pd.Categorical.from_codes(channel, pd.Index(CHANNELS)),
            "region": pd.Categorical.from_codes(region, pd.Index(REGIONS)),
            "y_true": leaves.astype(int),
        }
    )


@lru_cache(maxsize=1)
def _model() -> Any:
    from sklearn.linear_model import LogisticRegression

    training = make_data(TRAINING_ROWS, seed=TRAINING_SEED)
    return LogisticRegression(max_iter=500).fit(_design(training), training["y_true"])


def _design(frame: pd.DataFrame) -> np.ndarray:
    centre = np.array([24.0, 60.0, 14.0, 1.0, 0.4])
    spread = np.array([18.0, 18.0, 9.0, 1.0, 0.6])
    numbers = (frame[list(NUMERIC)].to_numpy(dtype=float) - centre) / spread
    indicators = [
        np.eye(len(frame[name].cat.categories))[frame[name].cat.codes]
        for name in ("contract", "channel", "region")
    ]
    return np.column_stack([numbers, *indicators])


def _predicted(frame: pd.DataFrame, model: Any) -> pd.DataFrame:
    probability = model.predict_proba(_design(frame))[:, 1]
    return frame.assign(y_pred=(probability >= 0.5).astype(int), y_proba=probability)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        limits = f"at least {least}" if most == np.inf else f"between {least} and {most}"
        raise ParameterError(f"{name}={value!r} must be {limits}.")
