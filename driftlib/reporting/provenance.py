"""Say where a report came from: versions, fingerprints of the data, parameters, time."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

import driftlib
from driftlib.data.frames import as_frame
from driftlib.data.opening import open_source, source_name
from driftlib.data.paths import is_path, matching_files
from driftlib.data.sql import Query, open_sql
from driftlib.data.sql_address import is_sql
from driftlib.files import json_ready
from driftlib.html.table import write_table
from driftlib.profile.baseline import Baseline
from driftlib.profile.reference import as_baseline, is_baseline
from driftlib.text import join_notes

PROVENANCE_MIME = "application/vnd.driftlib.provenance+json"
PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "plotly", "pyarrow")
CHUNK = 1 << 20


@dataclass(frozen=True)
class Provenance:
    """What `provenance` found: made by that, shown in a notebook's last cell.

    Parameters
    ----------
    items : tuple of (str, str)
        What is known, and its value.
    fingerprints : dict of str to str
        Of the data, by role.
    """

    items: tuple[tuple[str, str], ...]
    fingerprints: dict[str, str]

    @property
    def table(self) -> pd.DataFrame:
        """One row an item."""
        return pd.DataFrame(list(self.items), columns=["item", "value"]).set_index("item")

    def to_dict(self) -> dict[str, Any]:
        """Put items and fingerprints into types that JSON has.

        Returns
        -------
        dict
            By the names of the attributes.
        """
        return json_ready({"items": dict(self.items), "fingerprints": self.fingerprints})

    def _repr_html_(self) -> str:
        return f'<div class="provenance">{write_table((), self.items)}</div>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": "\n".join(f"{item}: {value}" for item, value in self.items),
            "text/html": self._repr_html_(),
            PROVENANCE_MIME: self.to_dict(),
        }


def provenance(
    reference: Any, current: Any = None, parameters: Mapping[str, Any] | None = None
) -> Provenance:
    """Collect versions, fingerprints and rows of the data, parameters and the time.

    Parameters
    ----------
    reference, current : frame, table, path, glob or Baseline
        `current` may be None.
    parameters : dict, optional
        The notebook's parameters by name.

    Returns
    -------
    Provenance
        Put it last in a cell, so that the notebook shows it.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1, 2, 3]})
    >>> found = provenance(frame, frame.tail(1), {"alpha": 0.05})
    >>> found.table.loc["current rows", "value"], found.table.loc["alpha", "value"]
    ('1', '0.05')
    """
    items = [("time", datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))]
    fingerprints = {}
    for role, source in (("reference", reference), ("current", current)):
        if source is None:
            continue
        fingerprints[role] = fingerprint(source, role)
        items.append((f"{role} data", source_name(source, f"{role} table")))
        rows = _rows(source, role)
        if rows is not None:
            items.append((f"{role} rows", f"{rows:,}"))
        if notes := _notes(source, role):
            items.append((f"{role} was read so", join_notes(*notes)))
        items.append((f"{role} fingerprint", fingerprints[role]))
    items += [(str(name), _shown(value)) for name, value in (parameters or {}).items()]
    items.append(("driftlib", driftlib.__version__))
    items.append(("Python", f"{platform.python_version()} on {platform.system()}"))
    items += [(name, metadata.version(name)) for name in PACKAGES if _installed(name)]
    return Provenance(tuple(items), fingerprints)


def _notes(source: Any, role: str) -> tuple[str, ...]:
    """Say what was assumed to read a source."""
    if is_baseline(source):
        return as_baseline(source).notes
    return open_source(source, role, role).notes


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "(none)"
    return str(value) if value not in ("", None) else "(none)"


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def fingerprint(source: Any, role: str = "data") -> str:
    """Digest the content of a table, file or baseline.

    A file's fingerprint is of its bytes, a table's of its column names and values in
    order; the two differ even where the file holds the table.

    Parameters
    ----------
    source : frame, table, path, glob or Baseline
        The files of a glob count in the order of their names.
    role : str
        What to call it in an error.

    Returns
    -------
    str
        Sixteen hexadecimal digits.

    Raises
    ------
    DataError
        If there is no such file, or it is no table.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1, 2]})
    >>> fingerprint(frame) == fingerprint(frame.copy()), fingerprint(frame) == fingerprint(-frame)
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=8)
    if is_sql(source):
        return _of_query(open_sql(source))
    if is_path(source):
        for path in matching_files(source, role):
            _add_file(digest, path)
    elif isinstance(source, Baseline):
        digest.update(json.dumps(source.to_dict()).encode())
    else:
        frame = as_frame(source, role)
        for name in frame.columns:
            digest.update(name.encode())
            digest.update(_hashes(frame[name]))
    return digest.hexdigest()


def _of_query(query: Query) -> str:
    """Digest rows that need not be in memory at once."""
    columns = {name: hashlib.blake2b(digest_size=8) for name in query.columns}
    for batch in query.batches():
        for name, digest in columns.items():
            digest.update(_hashes(batch.frame[name]))
    whole = hashlib.blake2b(digest_size=8)
    for name, digest in columns.items():
        whole.update(name.encode())
        whole.update(digest.digest())
    return whole.hexdigest()


def _add_file(digest: hashlib.blake2b, path: Path) -> None:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)


def _hashes(column: pd.Series) -> bytes:
    try:
        hashed = pd.util.hash_pandas_object(column, index=False)
    except TypeError:  # nested values have no hash of their own
        hashed = pd.util.hash_pandas_object(column.astype(str), index=False)
    return hashed.to_numpy().tobytes()


def _rows(source: Any, role: str) -> int | None:
    if is_path(source):
        paths = matching_files(source, role)
        if any(path.suffix.lower() not in (".parquet", ".pq") for path in paths):
            return None
        import pyarrow.parquet as pq

        return sum(pq.ParquetFile(path).metadata.num_rows for path in paths)
    if is_sql(source):
        return None
    return source.rows if isinstance(source, Baseline) else len(as_frame(source, role))
