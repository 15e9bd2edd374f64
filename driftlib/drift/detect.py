"""Detect drift: compare a current batch with a reference, feature by feature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from driftlib.arguments import known_keywords
from driftlib.drift.compare import compare, pair_up, plain_psi
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.result import DriftResult
from driftlib.errors import ParameterError
from driftlib.profile.profile import Profile
from driftlib.profile.reference import as_baseline
from driftlib.quality.check import check_quality
from driftlib.quality.finding import QualityPolicy


@known_keywords()
def detect_drift(
    reference: Any,
    current: Any,
    by: str | Iterable[str] | None = None,
    policy: DriftPolicy = DriftPolicy(),
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    unit: str = "auto",
    season: str | Iterable[str] | None = None,
    quality: QualityPolicy = QualityPolicy(),
    joint: Any = False,
) -> DriftResult:
    """Compare a current batch with a reference, feature by feature.

    What the numbers say: :doc:`/reading/index`; choices: :doc:`/guides/reference`.

    Parameters
    ----------
    reference : frame, table, dataset, path, Dask or Spark DataFrame, or Baseline
        A path that ends in .json is a saved baseline.
    current : frame, table, dataset, path, Dask or Spark DataFrame, or Profile
        What is not in memory is read some rows at a time.
    by : str or list of str, optional
        Segment columns: each segment is compared with the reference's own rows of that segment,
        or with all of a reference that has no such columns or is a saved baseline (`pooled`,
        and the headline says so). Segment columns are not compared.
    policy : DriftPolicy
        When a change is real, and when it matters.
    features, exclude, categorical, timestamp, time_format, y_true, y_pred, y_proba, unit, season
        See `Baseline.fit`. A baseline has them fixed, but for `features`, which picks some, and
        `exclude`.
    positive : label, optional
        Not used: see `Baseline.fit`.
    quality : QualityPolicy
        How much findings of data quality matter, and how old the newest row may be.
    joint : bool, or frame, table, dataset, path, Dask or Spark DataFrame
        Whether to ask as well if all features together tell the periods apart: a change of how
        they go with one another, too. It takes a classifier (scikit-learn's), fitted on at most
        10,000 rows a side; where the reference is a baseline, pass the rows of the reference.
        Not with `by`.

    Returns
    -------
    DriftResult
        Its table has a row per column, indexed by feature; with `by` one per segment and column,
        the segment columns first:

        - `kind`: numeric, categorical, prediction, target, or why it has no numbers
        - `n_reference`, `n_current`: rows with a value
        - `psi`, `ks`, `chi_square`, `jensen_shannon`, `hellinger`, `wasserstein` (in standard
          deviations of the reference): sizes of the change, see `driftlib.stats.distances`
        - `..._p_value`: the tests; `p_value` joins them, `q_value` (Benjamini and Hochberg) allows
          for the number of features and segments
        - `missing_reference`, `missing_current`, `unseen`: shares of all rows
        - `severity`: none (not real), minor (real, too small to matter), moderate or major
        - `drifted`: real and at least moderate
        - `note`: what changed, in words
        - `psi_expected`, `psi_critical`: the PSI that chance gives on average, and the smallest
          that one test can tell from chance; `psi_common`: that of the bins or levels that both
          sides have rows in, `one_sided`: the share of rows in all others, less what chance gives
        - `beyond`, `tails`, `spike`: the share of the values beyond the reference's range; by how
          much the share in its outermost half percents grew; the share at the value within the
          range whose share jumped most, `spike_reference` before. Each has a test. With units the
          first two are sizes only, and the outermost values are tested by units

    Raises
    ------
    DriftlibError
        If a side cannot be read, or they have no feature in common.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> reference = pd.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500)})
    >>> result = detect_drift(reference, reference.assign(x=reference["x"] + 1))
    >>> result.drifted
    ['x']
    >>> result.table.loc["x", "note"]
    'shifted up by 1 standard deviation'
    """
    baseline = as_baseline(
        reference,
        features=features,
        exclude=exclude,
        categorical=categorical,
        timestamp=timestamp,
        time_format=time_format,
        y_true=y_true,
        y_pred=y_pred,
        y_proba=y_proba,
        unit=unit,
        season=season,
    )
    names = [by] if isinstance(by, str) else list(by or ())
    asked = not isinstance(joint, bool)
    if names and (asked or joint):
        raise ParameterError("joint= asks of all rows together: leave by= out.")
    if names:
        from driftlib.drift.by_segment import detect_by_segment

        return detect_by_segment(reference, current, names, baseline, policy)
    profile = current if isinstance(current, Profile) else baseline.profile(current)
    pair = pair_up(baseline, baseline.reference, profile)
    (columns,) = compare([pair], policy)
    plain = plain_psi(baseline, baseline.reference, pair.after) if pair.like else {}
    result = DriftResult(
        columns, pair.baseline, pair.after, policy, like=pair.like, seasonal_psi=plain,
        quality=check_quality(baseline, profile, quality),
    )  # fmt: skip
    if not asked and not joint:
        return result
    from driftlib.drift.joint import fit_joint

    rows = joint if asked else reference
    return replace(result, joint=fit_joint(baseline, rows, current, policy))
