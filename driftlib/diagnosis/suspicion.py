"""Find labels and scores that look wrong as data, before a cause is read into them."""

from __future__ import annotations

import numpy as np

from driftlib.diagnosis.setup import Periods
from driftlib.performance.assumptions import MixtureCheck
from driftlib.performance.unlikely_labels import CHECK, usual_labels


def suspicion(periods: Periods) -> str:
    """Say why labels or scores say nothing of what the model does.

    Parameters
    ----------
    periods : Periods
        Rows of two periods.

    Returns
    -------
    str
        Empty where they look as they should, or the loss is a column of the user's.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib.diagnosis.setup import DiagnosisSetup
    >>> frame = pd.DataFrame({"x": range(80), "y_true": [0, 1] * 40, "y_pred": [0, 1, 1, 1] * 20})
    >>> suspicion(DiagnosisSetup(unit="row").read(frame, frame.assign(y_true=1))).split(":")[1]
    " all its 80 labels are '1', as are 50 % of the reference's"
    """
    rows = periods.losses.rows
    if rows is None or not periods.labelled or not len(periods.reference):
        return ""
    before, now = rows.reference, rows.current
    units = periods.units
    usual = usual_labels(rows.task, before, None if units.by_row else units.reference.codes)
    odd = usual.unlike(now, None if units.by_row else units.current.codes)
    if odd:
        return f"{periods.names[1]}: {odd}: {CHECK}"
    if now.proba is None:
        return ""
    if rows.predicted and not before.opposed and now.opposed:
        return f"in {periods.names[1]} {now.opposed}"
    check = MixtureCheck(rows.task, before, periods.reference, periods.current, periods.features)
    return check.seen_in_training(now, np.flatnonzero(now.scored))
