"""Tabulate what drifted, in which groups and pairs, and what is unsound in the data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftlib.drift.correlations import name_pairs
from driftlib.drift.joint import JointDrift
from driftlib.drift.notes import TOGETHER
from driftlib.drift.result import DriftResult
from driftlib.errors import DataError
from driftlib.html.numbers import (
    NO_BREAK,
    write_p_value,
    write_share,
    write_size,
)
from driftlib.severity import Severity, rank
from driftlib.text import listed
from driftlib.visualization.levels import NOT_FEATURES

MOST_PAIRS, MOST_GROUPS = 20, 20


def drift_table(result: DriftResult) -> pd.DataFrame:
    """Tabulate how each column changed against the reference, the worst first.

    Parameters
    ----------
    result : DriftResult
        Of `driftlib.detect_drift`.

    Returns
    -------
    pandas.DataFrame
        One row a column, features before labels and predictions.
    """
    table = result.table
    order = table["severity"].map(rank)
    other = table["kind"].isin(NOT_FEATURES)
    places = pd.DataFrame({"other": other, "rank": -order, "psi": -table["psi"]})
    table = table.loc[places.sort_values(["other", "rank", "psi"], kind="stable").index]
    kinds = table["kind"].where(table["kind"].isin(NOT_FEATURES), "")
    names = [f"{name} ({kind})" if kind else name for name, kind in kinds.items()]
    shown = pd.DataFrame(
        {
            "feature": names,
            "change": [f"{Severity(s).mark}{NO_BREAK}{s}" for s in table["severity"]],
            "PSI": table["psi"].round(3).to_numpy(),
            "KS": table["ks"].round(3).to_numpy(),
            "missing": table["missing_current"].map(write_share).tolist(),
            "new values": table["unseen"].map(write_share).tolist(),
            "q": [write_p_value(q) for q in table["q_value"]],
            "design effect": [write_size(effect) for effect in table["design_effect"]],
            "what happened": [note or "no change told from chance" for note in table["note"]],
        }
    )
    by_rows = table["design_effect"].isna().all()
    if result.joint is not None:
        shown = pd.concat([_together(result.joint, shown.columns), shown], ignore_index=True)
    return shown.drop(columns="design effect") if by_rows else shown


def _together(joint: JointDrift, columns: pd.Index) -> pd.DataFrame:
    """Write the row of all features together."""
    severity = joint.severity
    row = {
        "feature": TOGETHER,
        "change": f"{severity.mark}{NO_BREAK}{severity.value}",
        "PSI": np.nan,
        "KS": np.nan,
        "q": write_p_value(joint.p_value),
        "what happened": joint.note,
    }
    return pd.DataFrame([{name: row.get(name, "") for name in columns}])


def pairs_table(result: DriftResult) -> pd.DataFrame:
    """Tabulate pairs of features that go together in another way than before.

    Parameters
    ----------
    result : DriftResult
        With `joint`.

    Returns
    -------
    pandas.DataFrame
        One row a pair, the most changed first; at most 20.

    Raises
    ------
    DataError
        If there is none.
    """
    if result.joint is None or (pairs := result.joint.pairs).empty:
        raise DataError("No two features have another correlation than before.")
    named = name_pairs(pairs.head(MOST_PAIRS))
    shown = pd.DataFrame(named, columns=["feature", "with", "correlation in the reference", "now"])
    return shown.round(2)


def groups_table(result: DriftResult) -> pd.DataFrame:
    """Tabulate which groups moved in which features, the worst first.

    Parameters
    ----------
    result : DriftResult
        With segments.

    Returns
    -------
    pandas.DataFrame
        One row a group and feature that drifted; at most 20.

    Raises
    ------
    DataError
        If none did.
    """
    table = result.table.assign(subject=result.subjects)
    table = table[table["drifted"]]
    if table.empty:
        raise DataError(f"By {listed(result.by)}, no feature of a group moved enough to matter.")
    order = pd.DataFrame({"rank": -table["severity"].map(rank), "psi": -table["psi"]})
    places = order.reset_index(drop=True).sort_values(["rank", "psi"], kind="stable").index
    table = table.iloc[places[:MOST_GROUPS]]
    return pd.DataFrame(
        {
            "feature and group": table["subject"].tolist(),
            "change": [f"{Severity(s).mark}{NO_BREAK}{s}" for s in table["severity"]],
            "rows": table["n_current"].tolist(),
            "PSI": table["psi"].round(3).tolist(),
            "q": [write_p_value(q) for q in table["q_value"]],
            "what happened": table["note"].tolist(),
        }
    )


def quality_table(result: DriftResult) -> pd.DataFrame:
    """Tabulate what is wrong with the current data as data, the worst first.

    Parameters
    ----------
    result : DriftResult
        Of `driftlib.detect_drift`.

    Returns
    -------
    pandas.DataFrame
        One row a finding.

    Raises
    ------
    DataError
        If nothing is wrong.
    """
    found = [finding for finding in result.quality if finding.severity != Severity.NONE]
    if not found:
        raise DataError("Nothing unsound was found in columns, rows, values or times.")
    return pd.DataFrame(
        {
            "about": [finding.column for finding in found],
            "finding": [finding.kind for finding in found],
            "matters": [f"{Severity(f.severity).mark}{NO_BREAK}{f.severity}" for f in found],
            "what is found": [finding.sentence for finding in found],
        }
    )
