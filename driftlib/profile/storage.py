"""Write baselines as readable JSON, and read them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from driftlib.data.schema import CATEGORICAL, NUMERIC
from driftlib.errors import DataError
from driftlib.files import json_ready
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts

FORMAT, VERSION = "driftlib baseline", 1
_COUNTS: dict[str, type[Counts]] = {NUMERIC: NumericCounts, CATEGORICAL: CategoricalCounts}


def column_to_dict(column: Column) -> dict[str, Any]:
    """Turn a column into types that JSON has.

    Parameters
    ----------
    column : Column
        With the reference counted on it.

    Returns
    -------
    dict
        What `column_from_dict` takes; mean, standard deviation and histogram are for readers.
    """
    entry: dict[str, Any] = {"kind": column.kind, "role": column.role, "note": column.note}
    counts = column.reference
    if isinstance(counts, NumericCounts):
        histogram = column.histogram(counts)[1:-1]
        entry |= {"mean": counts.mean, "std": counts.std}
        entry["histogram"] = {"edges": column.histogram_edges, "counts": histogram}
        entry |= {"psi_edges": column.psi_edges, "grid": column.grid}
    elif isinstance(counts, CategoricalCounts):
        entry |= {"levels": column.levels, "complete": column.complete}
    entry["reference"] = {f.name: getattr(counts, f.name) for f in fields(counts)}
    ready: dict[str, Any] = json_ready(entry)
    return ready


def column_from_dict(name: str, entry: Mapping[str, Any]) -> Column:
    """Make a column of what `column_to_dict` returns.

    Parameters
    ----------
    name : str
        Name of the column.
    entry : mapping
        As read from JSON.

    Returns
    -------
    Column

    Raises
    ------
    ValueError
        If the counts do not fit the grid or the levels.
    KeyError, TypeError
        If a part is missing or none of ours.
    """
    kind = entry["kind"]
    stored: dict[str, Any] = {}
    for key, value in entry["reference"].items():
        if isinstance(value, list):
            stored[key] = np.asarray(value, dtype=float if key == "gaps" else np.int64)
        else:
            stored[key] = np.nan if value is None else value
    counts = _COUNTS.get(kind, Counts)(**stored)
    column = Column(name, entry["role"], kind, entry["note"], reference=counts)
    if isinstance(counts, NumericCounts):
        column = replace(
            column,
            grid=np.asarray(entry["grid"], dtype=float),
            psi_edges=np.asarray(entry["psi_edges"], dtype=float),
            histogram_edges=np.asarray(entry["histogram"]["edges"], dtype=float),
        )
        if {len(counts.below), len(counts.at_or_below)} != {len(column.grid)}:
            raise ValueError(f"{name}: grid and counts differ in length")
    if isinstance(counts, CategoricalCounts):
        column = replace(column, levels=tuple(entry["levels"]), complete=bool(entry["complete"]))
        if len(column.levels) != len(counts.levels):
            raise ValueError(f"{name}: levels and counts differ in length")
    return column


def dump(content: Mapping[str, Any]) -> str:
    """Write a baseline's content as text that people can read.

    Parameters
    ----------
    content : mapping
        In types that JSON has.

    Returns
    -------
    str
        JSON with a line for each name, and lists on one line.

    Examples
    --------
    >>> print(dump({"rows": 2, "roles": {"y_true": "late"}, "grid": [1, 2]}))
    {
     "rows": 2,
     "roles": {
      "y_true": "late"
     },
     "grid": [1, 2]
    }
    """
    return _dump(content, 0)


def _dump(value: Any, depth: int) -> str:
    if not isinstance(value, dict) or not value:
        return json.dumps(value, allow_nan=False)
    pad = " " * (depth + 1)
    lines = [f"{pad}{json.dumps(key)}: {_dump(item, depth + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"


def read_content(path: str | Path) -> dict[str, Any]:
    """Read a baseline's content from a file that `Baseline.save` wrote.

    Parameters
    ----------
    path : str or Path
        Of the file.

    Returns
    -------
    dict
        Of our format and version; its parts are not checked.

    Raises
    ------
    DataError
        If the file is missing, is no JSON, is no baseline, or is of another format.
    """
    name = Path(path).name
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise DataError(
            f"baseline {str(path)!r} cannot be read ({reason}): check the path."
        ) from error
    except json.JSONDecodeError as error:
        raise DataError(
            f"{name} is not JSON (line {error.lineno}): write it again with Baseline.save."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{name} is not a baseline: write one with Baseline.save.")
    if content.get("version") != VERSION:
        raise DataError(
            f"{name} has baseline format {content.get('version')}, and this driftlib reads "
            f"format {VERSION}: fit the baseline again, or use a matching driftlib."
        )
    return content
