"""Tell a reference that its model was trained on, and word what is known of it."""

from __future__ import annotations

import numpy as np

from driftlib.data.predictions import Predictions
from driftlib.errors import ParameterError
from driftlib.stats.prior_shift import LEAST_ROWS

# Labels are better than scores say where the log loss is less than this share of what it would be
# on average if each score was the chance of its label, and so many standard errors below that. Of
# twelve kinds of models on four sets the share was 0.67 or more on rows that they had not seen,
# and below a half on the training rows of forests and boosted trees.
MOST_GOOD, MOST_ERRORS = 0.5, 4.0
LEAST_CHANCE = 1e-3
WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
UNKNOWN = "unknown"
TAKE_OTHERS = (
    "Estimates from training rows are too good: take rows that it has not seen, or pass "
    "holdout=True if these are"
)
TRAINED = (
    "holdout=False says that the model was trained on the reference's rows: what they show is too "
    "good, take rows that it has not seen"
)


def read_holdout(text: str | bool | None) -> bool | None:
    """Read from a parameter whether the model was kept from the reference's rows.

    Parameters
    ----------
    text : str, bool or None
        "yes" or "no"; "unknown", or empty, where it is not known.

    Returns
    -------
    bool or None

    Raises
    ------
    ParameterError
        If it says neither.

    Examples
    --------
    >>> read_holdout("yes"), read_holdout("No"), read_holdout("unknown")
    (True, False, None)
    """
    word = str("" if text is None else text).strip().lower()
    if word not in (*WORDS, UNKNOWN, ""):
        raise ParameterError(
            f"holdout={text!r} must be yes where the model was not trained on the reference's "
            "rows, no where it was, or unknown."
        )
    return WORDS.get(word)


def too_good(rows: Predictions) -> tuple[float, float] | None:
    """Compare the log loss of rows with what their own scores say it is.

    Parameters
    ----------
    rows : Predictions

    Returns
    -------
    (float, float) or None
        The log loss, and the mean entropy of the scores; None unless the first is far less.

    Examples
    --------
    >>> score = np.repeat([0.2, 0.8], 500)
    >>> too_good(Predictions((score > 0.5).astype(int), score * 0, score))
    (0.223, 0.5)
    """
    if rows.proba is None:
        return None
    rows = rows.take(rows.labelled & rows.scored)
    if len(rows.y) < LEAST_ROWS:
        return None
    score = rows.scores
    chance = np.column_stack([1 - score, score]) if score.ndim == 1 else score
    chance = np.clip(chance, LEAST_CHANCE, 1 - LEAST_CHANCE)
    chance = chance / chance.sum(axis=1, keepdims=True)
    surprise = -np.log(chance)
    loss = float(surprise[np.arange(len(chance)), rows.y.astype(int)].mean())
    entropy = (chance * surprise).sum(axis=1)
    said = float(entropy.mean())
    error = np.sqrt(((chance * surprise**2).sum(axis=1) - entropy**2).sum()) / len(entropy)
    if loss > MOST_GOOD * said or said - loss < MOST_ERRORS * error:
        return None
    return round(loss, 3), round(said, 3)


def training_words(known: Predictions, new: Predictions, surer: bool, holdout: bool | None) -> str:
    """Say that the reference looks like rows that the model was trained on, or is known to be.

    Parameters
    ----------
    known, new : Predictions
        Of the reference and of current; where current has labels that are as good, its scores are
        none to go by.
    surer : bool
        Whether the model is surer of the reference's rows than of current's, though no input
        differs.
    holdout : bool or None
        Whether it was kept from them, as far as is known.

    Returns
    -------
    str
        Empty where nothing speaks for it.
    """
    if holdout is False:
        return TRAINED
    if surer and holdout:
        return (
            "the model is surer of the reference's rows than of these, though no input differs "
            "and holdout=True says that it was not trained on them: it was another one then, or "
            "takes inputs that are not here"
        )
    if surer:
        return (
            "the model is surer of the reference's rows than of these, though no input differs: "
            "as if it was trained on them, was another one then or takes inputs that are not "
            f"here. {TAKE_OTHERS}"
        )
    good = too_good(known)
    if good is None or too_good(new) is not None:
        return ""
    found = (
        "the reference's labels agree with its scores better than chances of that size can (log "
        f"loss {good[0]:.2g} where the scores alone say {good[1]:.2g})"
    )
    if holdout:
        return (
            f"{found}, though holdout=True says that the model was not trained on them: its "
            "scores are no probabilities, and what is made of them rests on the reference alone"
        )
    return (
        f"{found}: as if the model was trained on these rows, or gave no probabilities. "
        f"{TAKE_OTHERS}"
    )
