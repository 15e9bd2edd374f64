"""Compare a metric between the segments of a result."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from driftlib.errors import ParameterError
from driftlib.performance.result import Performance
from driftlib.stats.intervals import difference
from driftlib.text import quoted, unknown_name

MOST_SEGMENTS = 30


def segment_gaps(perf: Performance, metric: str) -> pd.DataFrame:
    """Compute how far a metric differs between segments.

    Parameters
    ----------
    perf : Performance
        With segments (`by=`), at most 30.
    metric : str
        One that it has.

    Returns
    -------
    pandas.DataFrame
        A row per window and pair of segments: window, segment, other, gap (value of the segment
        less that of the other), lower and upper (95 % interval of each pair by itself), and `told`,
        whether it is other than 0 with the number of pairs of the window allowed for
        (Bonferroni). Segments without a value, and windows that are held, are left out.

    Raises
    ------
    ParameterError
        If there are no segments or too many, or no such metric.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 200, "y_pred": [0, 1] * 100 + [0, 0] * 100,
    ...                       "shop": ["A"] * 200 + ["B"] * 200})
    >>> gaps = segment_gaps(track_performance(frame, by="shop"), "accuracy")
    >>> gaps[["segment", "other", "gap", "told"]].to_dict("records")
    [{'segment': 'A', 'other': 'B', 'gap': 0.5, 'told': True}]
    """
    if not perf.by:
        raise ParameterError("gaps are between segments: pass by= to track_performance.")
    known = list(dict.fromkeys(perf.table["metric"]))
    if metric not in known:
        raise ParameterError(unknown_name("metric", metric, known, "the result"))
    rows = perf.table[(perf.table["metric"] == metric) & ~perf.table["held"]]
    rows = rows[rows["value"].notna()]
    names = [", ".join(map(str, key)) for key in rows[list(perf.by)].itertuples(index=False)]
    if len(set(names)) > MOST_SEGMENTS:
        raise ParameterError(
            f"{quoted(perf.by)} make {len(set(names))} segments, more pairs than anybody reads: "
            f"take at most {MOST_SEGMENTS}."
        )
    parts = [
        _pairs(part, number)
        for number, part in rows.assign(segment=names).groupby("window", sort=False)
    ]
    columns = ["window", "segment", "other", "gap", "lower", "upper", "told"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _pairs(part: pd.DataFrame, window: object) -> pd.DataFrame:
    from scipy.special import ndtri

    segments = part["segment"].tolist()
    pairs = np.array(list(combinations(range(len(segments)), 2)), dtype=int).reshape(-1, 2)
    ends = part[["value", "lower", "upper"]].to_numpy(float)
    one, other = (ends[place].T for place in pairs.T)
    gap = one[0] - other[0]
    lower, upper = difference(one[0], one[1], one[2], (other[0], other[1], other[2]))
    # As wide as it takes for all pairs of the window together.
    wide = float(ndtri(1 - 0.025 / max(1, len(pairs))) / ndtri(0.975))
    near = np.where(gap > 0, gap - lower, upper - gap)
    return pd.DataFrame(
        {
            "window": window,
            "segment": [segments[place] for place in pairs[:, 0]],
            "other": [segments[place] for place in pairs[:, 1]],
            "gap": gap,
            "lower": lower,
            "upper": upper,
            "told": np.abs(gap) > wide * near,
        }
    )
