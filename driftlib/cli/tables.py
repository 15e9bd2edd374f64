"""Write tables and findings for a terminal, and to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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


def drift_table(table: pd.DataFrame) -> str:
    """Write the columns of a drift table that fit a terminal, the worst first.

    Parameters
    ----------
    table : pandas.DataFrame
        Of a `DriftResult`.

    Returns
    -------
    str
    """
    shown = table[["kind", "n_current", "psi", "q_value", "severity", "note"]].copy()
    shown = shown.sort_values("severity", key=worst_first, kind="stable")
    # Control characters in names from the data must not reach the terminal.
    shown.index = [printable(name) for name in shown.index]
    shown["note"] = [printable(note) for note in shown["note"]]
    return shown.to_string(
        na_rep="-", float_format=lambda value: f"{value:.3g}", formatters={"note": str.strip}
    )
