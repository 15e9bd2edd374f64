"""Word errors for those who fill in a form, and call no function."""

from __future__ import annotations

import re

from driftlib.errors import DriftlibError, LackingError

# What the form calls an argument.
FORM = {
    "y_true": "what happened",
    "y_pred": "what the model said",
    "y_proba": "how likely it thought it",
    "timestamp": "the time",
    "on": "the time",
    "time_format": "how times are written",
    "window": "the window",
    "by": "the column with groups",
    "unit": "rows that belong together",
    "season": "like is compared with like by",
    "positive": "the positive class",
    "categorical": "numbers that are codes",
    "exclude": "columns to leave out",
    "features": "the columns to compare",
    "label_time": "when it became known",
    "matures": "how long that takes",
    "holdout": "whether the model has seen the reference",
    "metrics": "the metrics",
    "thresholds": "the thresholds",
}
_ARGUMENT = re.compile(rf"\b({'|'.join(FORM)})=(?:(?=['\"\d])|(?=\W|$))")
# Advice to call something, which ends its sentence or the part after a comma.
_CALL = re.compile(r"(?:, or|;)? use estimate_performance[^.]*(?=\.)|Pass \w+=\S+[^.]*\.(?: |$)")


def page_words(error: DriftlibError) -> str:
    """Word an error in the terms of a form.

    Parameters
    ----------
    error : DriftlibError

    Returns
    -------
    str
        Its brief form where it has one; arguments have the names that the form gives them.

    Examples
    --------
    >>> from driftlib.errors import ParameterError
    >>> page_words(ParameterError("unit='days' is no column."))
    "“rows that belong together” 'days' is no column."
    >>> page_words(LackingError("now has no column 'y'. Pass y_true='...'.", "now has no 'y'."))
    "now has no 'y'."
    """
    text = error.brief if isinstance(error, LackingError) else str(error)
    text = _CALL.sub("", text).strip()
    return _ARGUMENT.sub(lambda found: f"“{FORM[found[1]]}” ", text).replace("”  ", "” ")
