"""Write tables of a history for a terminal, and to files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from driftlib.errors import ParameterError
from driftlib.files import write_csv
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
