"""Write tables and findings for a terminal, and to files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from driftlib.errors import ParameterError
from driftlib.files import write_csv
from driftlib.lazily import pd
from driftlib.quality.finding import Finding
from driftlib.severity import Severity, rank
from driftlib.text import printable, shortened


def table_text(table: pd.DataFrame, nothing: str) -> str:
    """Write a table for a terminal.

    Parameters
    ----------
    table : pandas.DataFrame
    nothing : str
        What to say of one without rows.

    Returns
    -------
    str
    """
    if table.empty:
        return nothing
    shown = table.copy()
    for name in shown.columns:
        if not pd.api.types.is_numeric_dtype(shown[name]):
            shown[name] = [printable(shortened(str(value), 100)) for value in shown[name]]
    return shown.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.3g}")


def export(path: str, table: pd.DataFrame) -> Path:
    """Write a table to a file.

    Parameters
    ----------
    path : str
        Ends in .csv or .parquet.
    table : pandas.DataFrame

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    DriftlibError
        If it ends in anything else, or cannot be written.
    """
    kind = Path(path).suffix.lower()
    if kind == ".csv":
        return write_csv(path, table, index=False)
    if kind != ".parquet":
        raise ParameterError(f"{path} is neither .csv nor .parquet: choose one of these endings.")
    from driftlib.files import write_whole

    return write_whole(path, table.to_parquet(index=False) or b"")


def quality_lines(findings: Sequence[Finding]) -> list[str]:
    """Write findings of data quality, a line each, as a terminal can take them.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    list of str

    Examples
    --------
    >>> quality_lines([Finding("new column", "x", "minor", 0.0, 0.0, "is new")])
    ['● x: is new.']
    """
    return [
        printable(f"{Severity(found.severity).mark} {found.column}: {found.sentence}.")
        for found in findings
    ]


def worst_first(severities: pd.Series) -> pd.Series:
    """Give keys that bring the worst severities first.

    Parameters
    ----------
    severities : pandas.Series of str

    Returns
    -------
    pandas.Series of int

    Examples
    --------
    >>> worst_first(pd.Series(["none", "major"])).tolist()
    [0, -3]
    """
    return pd.Series([-rank(severity) for severity in severities], severities.index, dtype=int)


def drift_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write the columns of a drift table that fit a terminal, the worst first.

    Parameters
    ----------
    rows : iterable of mapping
        Of a `DriftResult`.

    Returns
    -------
    str
        Lines; nothing is loaded to lay them out.

    Examples
    --------
    >>> row = {"kind": "numeric", "n_current": 9, "severity": "major", "note": "shifted"}
    >>> print(drift_table([row | {"feature": "x", "psi": 2.5, "q_value": float("nan")}]))
           kind  n_current  psi  q_value  severity  note
    x   numeric          9  2.5        -     major  shifted
    """
    ordered = sorted(rows, key=lambda row: -rank(row["severity"]))
    names = ("kind", "n_current", "psi", "q_value", "severity", "note")
    # Control characters in names from the data must not reach the terminal.
    cells = [("", *names)] + [
        (printable(str(row["feature"])), *(_cell(row[name]) for name in names)) for row in ordered
    ]
    wide = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        [name.ljust(wide[0]), *(t.rjust(w) for t, w in zip(others, wide[1:-1], strict=True)), note]
        for name, *others, note in cells
    )
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "-" if np.isnan(value) else f"{value:.3g}"
    return printable(str(value).strip())
