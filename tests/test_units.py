"""What a unit is: chosen from the reference, numbered alike in every table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftlib.data.sources import Memory
from driftlib.data.unit_choice import choose_unit
from driftlib.data.units import (
    MOST_UNITS,
    UnitCodes,
    UnitRule,
    common_units,
    folded_codes,
    unit_codes,
    unit_starts,
)
from driftlib.errors import ParameterError
from driftlib.profile.units import UnitRows

DAY = UnitRule("time", "seen", "D")


def chosen(frame: pd.DataFrame, unit: str = "auto", timestamp: str | None = None) -> UnitRule:
    return choose_unit(unit, Memory("march", frame), timestamp)


def times(periods: int, freq: str) -> pd.DataFrame:
    return pd.DataFrame({"seen": pd.date_range("2013-03-01", periods=periods, freq=freq), "x": 1.0})


@pytest.mark.parametrize(
    ("frame", "kind", "offset"),
    [
        (times(10, "D"), "time", "D"),
        (times(9, "D"), "row", ""),
        # As a CSV file of days is read.
        (times(10, "D").assign(seen=lambda rows: rows["seen"].dt.date), "time", "D"),
        (times(10, "D").assign(seen=lambda rows: rows["seen"].astype(str)), "row", ""),
        (times(10, "D").assign(took=pd.Timedelta("1h")), "time", "D"),
        (times(20, "h"), "time", "h"),
        (times(19, "h"), "row", ""),
        (times(5, "h")[["x"]], "row", ""),
        (times(10, "D").assign(other=pd.Timestamp("2013-01-01")), "row", ""),
    ],
)
def test_auto_takes_days_then_hours_then_rows(frame, kind, offset):
    rule = chosen(frame)
    assert (rule.kind, rule.offset) == (kind, offset)
    assert ("independent" in rule.told) == (kind == "row")


def test_a_named_timestamp_may_be_text_and_wins_over_other_columns_of_times():
    frame = times(30, "D").assign(other=pd.Timestamp("2013-01-01"))
    frame["seen"] = frame["seen"].astype(str)
    assert chosen(frame, timestamp="seen").column == "seen"


def test_a_column_wins_over_an_offset_of_the_same_name():
    frame = times(30, "D").rename(columns={"x": "W"})
    assert chosen(frame, "W").kind == "column"
    assert chosen(times(30, "D"), "W").offset == "W-MON"
    assert chosen(frame, "seen").offset == "D"


@pytest.mark.parametrize(
    ("frame", "unit", "said"),
    [
        (times(30, "D"), "month", "neither a column of march nor a length of time"),
        (times(30, "D"), "12H", "did you mean .12h.?"),
        (times(30, "D")[["x"]], "1D", "needs a time column"),
        (times(30, "D"), "", "must be 'auto', 'row'"),
        (times(30, "D"), None, "must be 'auto', 'row'"),
    ],
)
def test_a_unit_that_is_none_is_refused_in_a_sentence(frame, unit, said):
    with pytest.raises(ParameterError, match=said):
        chosen(frame, unit)


@pytest.mark.parametrize("offset", ["D", "h", "7D", "W-MON", "MS", "QS-JAN", "YS-JAN", "2MS"])
def test_units_of_time_begin_at_or_before_their_rows_and_end_after(offset):
    rng = np.random.default_rng(0)
    seen = pd.Timestamp("2012-12-20") + pd.to_timedelta(rng.integers(0, 9e6, 300), unit="s")
    rule = UnitRule("time", "seen", offset)
    units = unit_codes(rule, pd.DataFrame({"seen": seen}))
    starts = unit_starts(rule, units.ids)
    ends = unit_starts(rule, units.ids + 1)
    assert (starts[units.codes] <= seen).all()
    assert (seen < ends[units.codes]).all()
    if offset in ("7D", "W-MON"):
        assert set(starts.day_of_week) == {0}


def test_units_are_numbered_alike_in_every_table_and_zone():
    frame = times(60, "12h")
    late = frame[20:].assign(seen=frame["seen"][20:].dt.tz_localize("America/New_York"))
    whole, part = unit_codes(DAY, frame), unit_codes(DAY, late)
    assert np.array_equal(part.ids[part.codes], whole.ids[whole.codes][20:])


def test_rows_without_a_time_are_in_no_unit_and_counted():
    frame = times(6, "h")
    frame.loc[[1, 4], "seen"] = pd.NaT
    units = unit_codes(DAY, frame)
    assert units.codes.tolist() == [0, -1, 0, 0, -1, 0]
    assert units.outside == 2
    assert unit_codes(DAY, frame[["x"]]).codes.tolist() == [0] * 6
    assert unit_codes(DAY, frame.assign(seen="soon")).outside == 6


def test_neighbouring_days_are_put_together_and_ids_hashed_beyond_512():
    days = unit_codes(DAY, times(3 * 365, "D"))
    assert days.fold == 2
    assert len(days.ids) <= MOST_UNITS
    assert np.bincount(days.codes).max() == 4
    shop = UnitRule("column", "shop")
    many = unit_codes(shop, pd.DataFrame({"shop": np.arange(5000)}))
    assert many.fold == 1
    assert many.ids.max() < MOST_UNITS
    few = unit_codes(shop, pd.DataFrame({"shop": [7.0, 8.0, None]}))
    assert few.fold == 0
    assert few.outside == 1
    grouped = folded_codes(shop, few, many.fold)
    assert grouped.ids[grouped.codes[0]] == many.ids[many.codes[7]]


def test_units_of_two_tables_have_one_list_and_fold_alike():
    ids, (a, b) = common_units(
        DAY, unit_codes(DAY, times(400, "D")), unit_codes(DAY, times(800, "D")[300:])
    )
    assert len(ids) == 401
    assert len(a) == 400
    assert len(b) == 500
    assert ids[a[300]] == ids[b[0]]
    shop = UnitRule("column", "shop")
    sides = [pd.DataFrame({"shop": np.arange(300) + start}) for start in (0, 250)]
    ids, (a, b) = common_units(shop, *(unit_codes(shop, side) for side in sides))
    assert len(ids) <= MOST_UNITS
    assert a[260] == b[10]


def test_a_unit_of_one_row():
    units = unit_codes(UnitRule(), times(4, "D"))
    assert units.codes.tolist() == [0, 1, 2, 3]
    assert units.outside == 0


def test_edges_beyond_the_greatest_integer_are_above_all_integers():
    greatest = np.iinfo(np.int64).max
    values = np.array([0, greatest - 1, greatest])
    rows = UnitRows.of(UnitCodes(np.zeros(3, dtype=int), np.array([0]), 0))
    found = rows.numbers(values, np.array([-1e300, 1.0, 1e300]))
    assert found.cells.tolist() == [[0, 1, 2, 0]]
