"""Write counts as few bytes, and read them back.

Counts on a grid rise along it, so their differences are small: a night of a numeric column takes
about two kilobytes, of a categorical one some dozens of bytes.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from driftlib.data.units import UnitRule
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.profile import Counts, NumericCounts
from driftlib.profile.units import ProfileUnits, UnitColumn

# Sums of distances within a cell are kept to this part of what they can be.
_FINE = 31
_GRID = ("below", "at_or_below", "gaps")


def pack_numbers(numbers: np.ndarray) -> bytes:
    """Write whole numbers.

    Parameters
    ----------
    numbers : int array
        Of any sign; small ones take few bytes.

    Returns
    -------
    bytes

    Examples
    --------
    >>> packed = pack_numbers(np.array([3, -1, 2**40]))
    >>> unpack_numbers(packed).tolist(), len(pack_numbers(np.zeros(4000, dtype=np.int64))) < 40
    ([3, -1, 1099511627776], True)
    """
    values = np.asarray(numbers, dtype=np.int64).reshape(-1)
    signed = bool((values < 0).any())
    # Zigzag: small negative numbers are small.
    plain = (((values << 1) ^ (values >> 63)) if signed else values).astype(np.uint64)
    most = int(plain.max(initial=0))
    width = next(size for size in (1, 2, 4, 8) if most < 1 << (8 * size))
    # All lowest bytes first, as the others are mostly alike.
    planes = plain.astype(f"<u{width}").view(np.uint8).reshape(len(plain), width).T
    return bytes([width, signed]) + zlib.compress(planes.tobytes(), 9)


def unpack_numbers(packed: bytes) -> np.ndarray:
    """Read what `pack_numbers` wrote.

    Parameters
    ----------
    packed : bytes

    Returns
    -------
    int array
    """
    width, signed = packed[0], packed[1]
    planes = np.frombuffer(zlib.decompress(packed[2:]), dtype=np.uint8).reshape(width, -1)
    plain = np.ascontiguousarray(planes.T).view(f"<u{width}").reshape(-1).astype(np.uint64)
    if not signed:
        return plain.astype(np.int64)
    return (plain >> np.uint64(1)).astype(np.int64) ^ -(plain & np.uint64(1)).astype(np.int64)


def _join(parts: list[bytes]) -> bytes:
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def _split(content: bytes) -> list[bytes]:
    parts, place = [], 0
    while place < len(content):
        (size,) = struct.unpack_from("<I", content, place)
        parts.append(content[place + 4 : place + 4 + size])
        place += 4 + size
    return parts


def pack_counts(counts: Counts, column: Column) -> bytes:
    """Write the counts of a column.

    Parameters
    ----------
    counts : Counts
    column : Column
        On whose grid they are.

    Returns
    -------
    bytes
        What `unpack_counts` takes.
    """
    plain: dict[str, Any] = {}
    arrays: list[bytes] = []
    for item in fields(counts):
        value = getattr(counts, item.name)
        if not isinstance(value, np.ndarray):
            plain[item.name] = dict(value) if isinstance(value, Mapping) else value
        elif item.name not in _GRID:
            plain[item.name] = None
            arrays.append(pack_numbers(value))
    if isinstance(counts, NumericCounts):
        cells = np.diff(np.concatenate([[0], _interleaved(counts), [counts.present]]))
        arrays += [pack_numbers(cells[::2]), pack_numbers(cells[1::2])]
        parts, ends = _parts(counts, column)
        plain["ends"] = ends
        arrays.append(pack_numbers(parts))
    return _join([json.dumps(plain, separators=(",", ":")).encode(), *arrays])


def unpack_counts(content: bytes, column: Column) -> Counts:
    """Read what `pack_counts` wrote.

    Parameters
    ----------
    content : bytes
    column : Column
        On whose grid they are.

    Returns
    -------
    Counts
        As they were; only the sums of distances within cells are rounded, to 1/31 of a cell's
        width a row.
    """
    head, *arrays = _split(content)
    plain = json.loads(head)
    ends = plain.pop("ends", None)
    own = (unpack_numbers(part) for part in arrays)
    known = {item.name for item in fields(column.reference)}
    read: dict[str, Any] = {}
    for name, value in plain.items():
        read[name] = next(own) if value is None else value
    counts = type(column.reference)(**{name: v for name, v in read.items() if name in known})
    if ends is None or not isinstance(counts, NumericCounts):
        return counts
    between, at = next(own), next(own)
    upto = np.empty(len(between) + len(at), dtype=np.int64)
    upto[::2], upto[1::2] = between, at
    upto = upto.cumsum()[:-1]
    counts = replace(counts, below=upto[::2], at_or_below=upto[1::2])
    return replace(counts, gaps=_gaps(next(own), ends, counts, column))


def _interleaved(counts: NumericCounts) -> np.ndarray:
    return np.column_stack([counts.below, counts.at_or_below]).reshape(-1)


def _inside(counts: NumericCounts, column: Column) -> np.ndarray:
    """Bound the sum of distances within each cell between grid points."""
    grid = column.grid.astype(float)
    return (counts.below[1:] - counts.at_or_below[:-1]) * np.diff(grid)


def _parts(counts: NumericCounts, column: Column) -> tuple[np.ndarray, list[float]]:
    most, gaps = _inside(counts, column), counts.gaps
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(gaps[1:-1] / most, nan=0.0, posinf=1.0)
    return np.rint(np.clip(share, 0, 1) * _FINE).astype(np.int64), gaps[[0, -1]].tolist()


def _gaps(
    parts: np.ndarray, ends: list[float], counts: NumericCounts, column: Column
) -> np.ndarray:
    if not len(column.grid):
        return np.array(ends[:1])
    inside = _inside(counts, column) * (parts / _FINE)
    return np.concatenate([ends[:1], inside, ends[1:]])


def pack_units(units: ProfileUnits) -> bytes:
    """Write what is counted of each unit of a batch.

    Parameters
    ----------
    units : ProfileUnits

    Returns
    -------
    bytes
        What `unpack_units` takes.
    """
    head = {"fold": units.fold, "outside": units.outside, "columns": list(units.columns)}
    arrays = [json.dumps(head).encode(), pack_numbers(units.ids), pack_numbers(units.rows)]
    for column in units.columns.values():
        arrays += [
            pack_numbers(part)
            for part in (column.cells, column.missing, column.unlisted, column.home)
        ]
    return _join(arrays)


def unpack_units(content: bytes, rule: UnitRule) -> ProfileUnits:
    """Read what `pack_units` wrote.

    Parameters
    ----------
    content : bytes
    rule : UnitRule
        What a unit is.

    Returns
    -------
    ProfileUnits
    """
    head, *arrays = _split(content)
    plain = json.loads(head)
    ids, rows, *rest = (unpack_numbers(part) for part in arrays)
    columns = {}
    for place, name in enumerate(plain["columns"]):
        cells, missing, unlisted, home = rest[4 * place : 4 * place + 4]
        columns[name] = UnitColumn(cells.reshape(len(ids), -1), missing, unlisted, home)
    return ProfileUnits(rule, ids, plain["fold"], rows, plain["outside"], columns)


def kept_text(text: str) -> str:
    r"""Write a text so that every database and Arrow can hold it.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        The same, with escapes for half a surrogate pair and for NUL.

    Examples
    --------
    >>> kept_text("a\ud800b"), kept_text("temp")
    ('a\\ud800b', 'temp')
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def pack_table(table: pd.DataFrame) -> bytes:
    """Write a table.

    Parameters
    ----------
    table : pandas.DataFrame
        With its index as a column.

    Returns
    -------
    bytes
        What `unpack_tables` takes.
    """
    flat = table.reset_index()
    for name in flat.columns:
        if pd.api.types.is_string_dtype(flat[name].dtype):
            flat[name] = [kept_text(text) for text in flat[name]]
    arrow = pa.Table.from_pandas(flat, preserve_index=False)
    arrow = arrow.replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    return zlib.compress(sink.getvalue().to_pybytes(), 6)


def unpack_tables(contents: list[bytes]) -> tuple[pd.DataFrame, list[int]]:
    """Read what `pack_table` wrote, under one another.

    Parameters
    ----------
    contents : list of bytes
        At least one.

    Returns
    -------
    table : pandas.DataFrame
        Columns that an older version did not write are empty for its rows.
    sizes : list of int
        Rows of each.
    """
    tables = [pa.ipc.open_stream(zlib.decompress(content)).read_all() for content in contents]
    whole = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    return whole, [table.num_rows for table in tables]


def pack_baseline(baseline: Baseline) -> bytes:
    """Write a baseline.

    Parameters
    ----------
    baseline : Baseline

    Returns
    -------
    bytes
    """
    return zlib.compress(json.dumps(baseline.to_dict(), separators=(",", ":")).encode(), 6)


def unpack_baseline(content: bytes) -> Baseline:
    """Read what `pack_baseline` wrote.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    Baseline
    """
    return Baseline.from_dict(json.loads(zlib.decompress(content)))
