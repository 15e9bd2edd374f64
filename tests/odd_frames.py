"""Tables of odd columns beside good ones, and what must hold of every answer about them."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as some

import driftlib as dl

Values = Callable[[np.random.Generator, int], Any]
GOOD = ["number", "text", "y_true", "y_pred"]
NAMES = [
    "x", "", " ", "a b", "número", "<b>", "a\nb", "[0]", "%s{}", "index", "level_0", "feature",
    "severity", "window", "n", "0", "__index_level_0__", "Unnamed: 0", "x" * 300, "\u202e", "\x00",
    7, 1.5, None, True, ("a", "b"), dt.date(2020, 1, 1),
]  # fmt: skip


def _pick(*values: Any) -> Values:
    def draw(rng: np.random.Generator, rows: int) -> list[Any]:
        return [values[place] for place in rng.integers(0, len(values), rows)]

    return draw


def _objects(*values: Any) -> Values:
    def draw(rng: np.random.Generator, rows: int) -> pd.Series:
        # One by one: numpy would make a row of lists into a table.
        cells = np.empty(rows, dtype=object)
        for row, place in enumerate(rng.integers(0, len(values), rows)):
            cells[row] = values[place]
        return pd.Series(cells, dtype=object)

    return draw


def _typed(dtype: Any, *values: Any) -> Values:
    def draw(rng: np.random.Generator, rows: int) -> pd.Series:
        return pd.Series(_pick(*values)(rng, rows), dtype=dtype)

    return draw


def _arrow(kind: pa.DataType, *values: Any) -> Values:
    def draw(rng: np.random.Generator, rows: int) -> pa.Array:
        return pa.array(_pick(*values)(rng, rows), kind)

    return draw


def _dictionary(rng: np.random.Generator, rows: int) -> pa.Array:
    codes = pa.array(_pick(0, 1, None)(rng, rows), pa.int8())
    return pa.DictionaryArray.from_arrays(codes, pa.array(["a", "b"]))


class _Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class _Uncomparable:
    def __eq__(self, other: object) -> bool:
        raise TypeError("no comparison")

    __hash__ = None  # type: ignore[assignment]


DAY = dt.datetime(2024, 3, 10, 2, 30)
# What pandas alone can hold.
IN_PANDAS: dict[str, Values] = {
    "huge whole numbers": _objects(10**400, 1, None),
    "whole numbers without end": _objects(10**5000, -(10**5000), None),
    "whole numbers past 64 bits": _objects(2**64, -(2**70), 3),
    "surrogate": _objects("a\ud800", "b", None),
    "surrogate alone": _objects("\udfff"),
    "signalling": _objects(decimal.Decimal("sNaN"), decimal.Decimal("1.5")),
    "decimals": _objects(decimal.Decimal("1.10"), decimal.Decimal("Infinity"), None),
    "complex": _typed(complex, 1j, 2.0, complex(math.nan, 1)),
    "complex objects": _objects(1j, 2 + 0j, None),
    "complex beside text": _objects(1j, "a"),
    "lists": _objects([1], [], None),
    "lists beside text": _objects([1], "a"),
    "dictionaries": _objects({"a": 1}, {}),
    "sets": _objects({1}, frozenset([2])),
    "arrays": _objects(np.array([1.0, 2.0]), np.array([])),
    "tuples": _objects((1, 2), (3,)),
    "bytes": _objects(b"a", b"\xff"),
    "mixed": _objects(1, "1", True, 1.0, None),
    "numbers as text": _objects("1", "2.5", "1e400", "x"),
    "not numbers": _objects(math.nan, None, pd.NA, pd.NaT),
    "na beside numbers": _objects(1.5, pd.NA, 2),
    "na beside text": _objects("a", pd.NA, pd.NaT),
    "times": _objects(DAY, dt.date(2020, 1, 1), None),
    "clocks": _objects(dt.time(1, 2), dt.time(3)),
    "unprintable": _objects(_Unprintable(), "a"),
    "uncomparable": _objects(_Uncomparable(), 1),
    "classes": _objects(int, str),
    "long double": _typed(np.longdouble, 1.5, 2.5),
    "half": _typed(np.float16, 1.5, 65504, math.inf),
    "unsigned": _typed(np.uint64, 2**64 - 1, 0),
    "large codes": _typed(np.int64, 10**18, 10**18 + 1, -(10**18), 3),
    "large codes past the sign": _typed(np.uint64, 2**63 + 1, 2**63 + 2, 5),
    "large codes as objects": _objects(10**18 + 1, 10**18, None),
    "denormal": _typed(float, 5e-324, 1e-310, -1e-308, math.nan),
    "largest": _typed(float, 1.7976931348623157e308),
    "squares past the floats": _typed(float, 1e160, -1e200, 0.0),
    "arrow dictionary": _typed(
        pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string())), "a", "b", None
    ),
    "times and blanks": _objects("2024-03-10 02:30", "", "NA", None),
    "times of two zones": _objects(
        pd.Timestamp(DAY, tz="UTC"), pd.Timestamp("2024-03-10 12:00", tz="Asia/Tokyo"), None
    ),
    "near the limits": _typed(float, 1.7e308, -1.7e308, 5e-324),
    "infinite": _typed(float, math.inf, -math.inf, math.nan),
    "bytes flags": _typed("Int8", 1, None),
    "nullable": _typed("Int64", 2**62, None, -(2**62)),
    "nullable single": _typed("Float32", 0.1, None),
    "nullable flag": _typed("boolean", True, None),
    "python text": _typed("string", "a", None),
    "category": _typed("category", "a", None, 3),
    "category of times": _typed("category", DAY, None),
    "category of numbers": _typed("category", 1.5, 2.5),
    "periods": _typed("period[M]", pd.Period("2020-01", "M"), None),
    "intervals": _objects(pd.Interval(0, 1), pd.Interval(1, 2)),
    "interval type": _typed("interval[int64, right]", pd.Interval(0, 1), pd.Interval(1, 2)),
    "sparse": lambda rng, rows: pd.Series(pd.arrays.SparseArray(rng.integers(0, 2, rows) * 1.0)),
    "zoned": _typed("datetime64[ns, America/Santiago]", pd.Timestamp(DAY, tz="UTC"), None),
    "spans": _typed("timedelta64[ns]", pd.Timedelta(1), None),
    "arrow text": _typed(pd.ArrowDtype(pa.string()), "a", None),
    "arrow number": _typed(pd.ArrowDtype(pa.int64()), 2**62, None),
    "arrow list": _typed(pd.ArrowDtype(pa.list_(pa.int64())), [1], [], None),
    "arrow decimal": _typed(pd.ArrowDtype(pa.decimal128(9, 2)), decimal.Decimal("1.10"), None),
    "arrow time": _typed(pd.ArrowDtype(pa.timestamp("us", "UTC")), pd.Timestamp(DAY, tz="UTC")),
    "arrow date": _typed(pd.ArrowDtype(pa.date32()), dt.date(2020, 1, 1), None),
    "arrow binary": _typed(pd.ArrowDtype(pa.binary()), b"a", b"\xff"),
    "arrow nothing": _typed(pd.ArrowDtype(pa.null()), None),
    "arrow struct": _typed(pd.ArrowDtype(pa.struct([("a", pa.int8())])), {"a": 1}, None),
}
# What every Arrow table can hold, and polars too.
IN_ARROW: dict[str, Values] = {
    "whole": _arrow(pa.int64(), 1, 2, None),
    "small": _arrow(pa.uint8(), 1, 255),
    "wide": _arrow(pa.uint64(), 2**64 - 1, 0, None),
    "near 1e18": _arrow(pa.int64(), 10**18, 10**18 + 1, None),
    "float": _arrow(pa.float64(), 1.5, math.nan, math.inf, None),
    "single": _arrow(pa.float32(), 0.1, 0.2, None),
    "flag": _arrow(pa.bool_(), True, False, None),
    "words": _arrow(pa.string(), "a", "", "b", None),
    "long words": _arrow(pa.large_string(), "a", "é", None),
    "dictionary": _dictionary,
    "decimal": _arrow(pa.decimal128(12, 3), decimal.Decimal("1.250"), decimal.Decimal(-3), None),
    "duration": _arrow(pa.duration("us"), dt.timedelta(1), None),
    "date": _arrow(pa.date32(), dt.date(1, 1, 1), dt.date(9999, 12, 31), None),
    "stamp": _arrow(pa.timestamp("us"), DAY, dt.datetime(9999, 12, 31), None),
    "zone": _arrow(pa.timestamp("ms", "America/Havana"), DAY, None),
    "clock": _arrow(pa.time64("us"), dt.time(1, 2), None),
    "list": _arrow(pa.list_(pa.int64()), [1], [], None),
    "struct": _arrow(pa.struct([("a", pa.int64()), ("b", pa.string())]), {"a": 1, "b": "x"}, None),
    "nested": _arrow(pa.list_(pa.struct([("a", pa.float64())])), [{"a": 1.0}], None),
    "nothing": _arrow(pa.null(), None),
    "binary": _arrow(pa.binary(), b"a", b"\xff\x00", None),
}


@dataclass(frozen=True)
class Pair:
    """Two periods with the same good columns and different odd ones."""

    reference: Any
    current: Any
    good_reference: pd.DataFrame
    good_current: pd.DataFrame
    told: str


def twins(rng: np.random.Generator, *kinds: tuple[str, str], rows: int = 30) -> Pair:
    """Two pandas frames with odd columns, whose kinds have changed."""
    good = [_good(rng, rows) for _ in range(2)]
    frames = [part.copy() for part in good]
    for place, pair in enumerate(kinds):
        for frame, kind in zip(frames, pair, strict=True):
            frame[f"odd {place}"] = _in_pandas(kind, rng, rows)
    return Pair(*frames, *good, f"{kinds}")


@some.composite
def odd_pairs(draw: some.DrawFn) -> Pair:
    """Draw two pandas frames, some odd columns beside the good ones."""
    rng = np.random.default_rng(draw(some.integers(0, 2**32 - 1)))
    rows = [draw(some.sampled_from([1, 2, 3, 12, 60])) for _ in range(2)]
    kinds = some.sampled_from([*IN_PANDAS, *IN_ARROW])
    names = draw(some.lists(some.sampled_from(NAMES), min_size=1, max_size=3, unique_by=str))
    good = [_good(rng, count) for count in rows]
    frames = [part.copy() for part in good]
    told = []
    for name in names:
        kind = [draw(kinds)] * 2
        if draw(some.integers(0, 2)) == 0:
            kind[1] = draw(kinds)
        for frame, one in zip(frames, kind, strict=True):
            frame[name] = _in_pandas(one, rng, len(frame))
        told.append(f"{name!r}: {kind[0]}, then {kind[1]}")
    return Pair(*frames, *good, f"{rows}; {'; '.join(told)}")


@some.composite
def arrow_pairs(draw: some.DrawFn) -> tuple[Pair, list[tuple[str, Any, Any]]]:
    """Draw two Arrow tables, and the same as frames of other kinds."""
    rng = np.random.default_rng(draw(some.integers(0, 2**32 - 1)))
    rows = [draw(some.sampled_from([1, 2, 3, 12, 60])) for _ in range(2)]
    kinds = some.sampled_from(list(IN_ARROW))
    good = [_good(rng, count) for count in rows]
    tables = [pa.Table.from_pandas(part, preserve_index=False) for part in good]
    told = []
    for place in range(draw(some.integers(1, 3))):
        kind = [draw(kinds)] * 2
        if draw(some.integers(0, 2)) == 0:
            kind[1] = draw(kinds)
        for side, one in enumerate(kind):
            column = IN_ARROW[one](rng, rows[side])
            tables[side] = tables[side].append_column(f"odd {place}", column)
        told.append(f"{kind[0]}, then {kind[1]}")
    others = [
        ("polars", *(pl.from_arrow(table) for table in tables)),
        ("lazy polars", *(pl.from_arrow(table).lazy() for table in tables)),
        ("batches", *(table.to_batches()[0] for table in tables)),
    ]
    return Pair(*tables, *good, f"{rows}; {'; '.join(told)}"), others


def _good(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": rng.normal(size=rows).round(2),
            "text": np.array(["a", "b", "c"], dtype=object)[rng.integers(0, 3, rows)],
            "y_true": rng.integers(0, 2, rows),
            "y_pred": rng.integers(0, 2, rows),
        }
    )


def _in_pandas(kind: str, rng: np.random.Generator, rows: int) -> pd.Series:
    if kind in IN_PANDAS:
        return IN_PANDAS[kind](rng, rows)
    return pd.Series(IN_ARROW[kind](rng, rows).to_pandas())


def ask(question: str, pair: Pair, good: bool = False) -> Any:
    """Answer of one of the library's functions, or its error, as what can be compared."""
    reference, current = pair.reference, pair.current
    if good:
        reference, current = pair.good_reference, pair.good_current
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = QUESTIONS[question](reference, current)
            result.to_dict()
            _ = result.headline
    except dl.DriftlibError as error:
        return str(error)
    return result


QUESTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "detect_drift": dl.detect_drift,
    "drift_trend": lambda reference, current: dl.drift_trend(reference, current, window=20),
    "track_performance": lambda reference, current: dl.track_performance(
        current, reference=reference, window=20
    ),
    "diagnose": dl.diagnose,
}
_PER_CHECK = ["q_value", "severity", "drifted", "alarm", "alarm_severity", "since", "note"]


def fault(question: str, pair: Pair) -> str:
    """Say what is wrong with an answer; "" where nothing is."""
    try:
        with_odd = ask(question, pair)
    except Exception as error:  # Any other error is what is looked for.
        return f"{question}: {type(error).__name__}: {error} ({pair.told})"
    alone = ask(question, pair, good=True)
    if isinstance(alone, str) or question == "diagnose":
        return ""
    if isinstance(with_odd, str):
        return f"{question}: costs the good columns: {with_odd} ({pair.told})"
    tables = [_of_good(result) for result in (with_odd, alone)]
    return "" if tables[0].equals(tables[1]) else f"{question}: good columns differ ({pair.told})"


def _of_good(result: Any) -> pd.DataFrame:
    """Rows of the good columns; what allows for the number of columns is left out."""
    table = result.table
    if "feature" in table.columns:
        table = table[table["feature"].isin(GOOD)].reset_index(drop=True)
    elif table.index.name == "feature":
        table = table[table.index.isin(GOOD)]
    return table.drop(columns=_PER_CHECK, errors="ignore")


def disagreement(pair: Pair, others: list[tuple[str, Any, Any]]) -> str:
    """Say which kind of frame is answered otherwise than the Arrow table; "" for none."""
    first = ask("detect_drift", pair)
    for name, reference, current in others:
        other = ask("detect_drift", Pair(reference, current, *[pair.good_reference] * 2, ""))
        if isinstance(first, str) or isinstance(other, str):
            same = first == other if isinstance(first, str) else False
        else:
            same = first.table.equals(other.table)
        if not same:
            return f"{name} differs from pyarrow ({pair.told})"
    return ""
