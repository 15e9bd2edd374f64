"""Keep what a batch is like beside its columns' values: its columns, whole rows, and times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from driftlib.data.columns import Fetched, as_series
from driftlib.data.readers import Header
from driftlib.data.schema import NUMERIC, is_index
from driftlib.profile.column import Column
from driftlib.profile.known_rows import KnownRows
from driftlib.profile.row_hashes import RowHashes, hash_rows, key_columns
from driftlib.profile.time_counts import TimeCounts, count_times


@dataclass(frozen=True)
class FactRule:
    """What is kept of a batch beside its columns' values; chosen with the grids.

    Parameters
    ----------
    names : tuple of str
        Columns that make up a row.
    keys : tuple of str
        Those that rows of the sample are chosen by.
    numeric : tuple of str
        Those that hold numbers.
    time : str, optional
        The column of times.
    outcomes : tuple of str
        Those that are predictions or labels, which the same row may have later or otherwise.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]
    numeric: tuple[str, ...]
    time: str | None = None
    outcomes: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """What makes a row the one it is: features, times and units."""
        return tuple(name for name in self.names if name not in self.outcomes)


@dataclass(frozen=True)
class Facts:
    """What is kept of a batch; that of two batches adds.

    Parameters
    ----------
    rows : int
        Rows of the batch.
    row_hashes : RowHashes
        Some of its rows.
    times : TimeCounts, optional
        Its rows along time; None without a column of times.
    layouts : tuple of tuple of str
        The columns of its files, in order; each order once.
    """

    rows: int
    row_hashes: RowHashes = field(repr=False)
    times: TimeCounts | None = field(default=None, repr=False)
    layouts: tuple[tuple[str, ...], ...] = ()

    def __add__(self, other: Facts) -> Facts:
        return Facts(
            self.rows + other.rows,
            self.row_hashes + other.row_hashes,
            self.times + other.times if self.times and other.times else None,
            tuple(dict.fromkeys((*self.layouts, *other.layouts))),
        )


@dataclass(frozen=True)
class ReferenceFacts:
    """What a baseline keeps of its reference.

    Parameters
    ----------
    layout : tuple of str
        Its columns, in order.
    rule : FactRule
        What is kept of later batches.
    rows : int
        Rows of the reference.
    sampled : int
        Those in the sample of rows, with a value in each of the keys.
    repeats : mapping of int to int
        How many different rows of it occur so many times.
    times : TimeCounts, optional
        Its rows along time.
    known_rows : KnownRows
        Some of its rows, to be known again.
    """

    layout: tuple[str, ...]
    rule: FactRule
    rows: int = 0
    sampled: int = 0
    repeats: Mapping[int, int] = field(default_factory=dict)
    times: TimeCounts | None = field(default=None, repr=False)
    known_rows: KnownRows = field(default=KnownRows(), repr=False)

    def of(self, facts: Facts) -> ReferenceFacts:
        """Keep what is known of all rows of the reference.

        Parameters
        ----------
        facts : Facts

        Returns
        -------
        ReferenceFacts
        """
        repeats = facts.row_hashes.repeats(self.rule.keys)
        return replace(
            self,
            rows=facts.rows,
            sampled=sum(times * number for times, number in repeats.items()),
            repeats=repeats,
            times=facts.times,
            known_rows=KnownRows.of(facts.row_hashes, self.rule.inputs, self.rule.keys),
        )

    @property
    def without_rows(self) -> ReferenceFacts:
        """The same for a baseline that was left some of its columns: of others rows are alike."""
        rule = replace(self.rule, names=(), keys=(), numeric=(), outcomes=())
        return replace(self, rule=rule, sampled=0, repeats={}, known_rows=KnownRows())

    def count(self, fetched: Fetched, where: str, time_format: str | None = None) -> Facts:
        """Keep what there is to keep of a batch.

        Parameters
        ----------
        fetched : Fetched
            The batch's columns.
        where : str
            What to call it.
        time_format : str, optional
            How times are written.

        Returns
        -------
        Facts
            Without layouts: those are the files'.
        """
        rule = self.rule
        hashes = hash_rows(fetched, rule.names, rule.keys, rule.numeric)
        times = None
        if rule.time is not None:
            known = rule.time in fetched.names
            column = as_series(fetched[rule.time]).rename(rule.time) if known else None
            times = count_times(column, hashes.rows, where, time_format)
        return Facts(hashes.rows, hashes, times)

    def to_dict(self) -> dict[str, Any]:
        """Turn the facts into types that JSON has.

        Returns
        -------
        dict
            What `from_dict` takes.
        """
        rule = self.rule
        return {
            "layout": list(self.layout),
            "row": {"columns": list(rule.names), "keys": list(rule.keys)},
            "rows": self.rows,
            "sampled": self.sampled,
            "repeats": [list(self.repeats), list(self.repeats.values())],
            "time": rule.time,
            "times": self.times.to_dict() if self.times else None,
            "known_rows": self.known_rows.to_dict(),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any], columns: Mapping[str, Column]) -> ReferenceFacts:
        """Make facts of what `to_dict` returns.

        Parameters
        ----------
        entry : mapping
            As read from JSON.
        columns : mapping of str to Column
            Of the baseline.

        Returns
        -------
        ReferenceFacts

        Raises
        ------
        KeyError, TypeError, ValueError
            If a part is missing or none of ours.
        """
        names, keys, layout = entry["row"]["columns"], entry["row"]["keys"], entry["layout"]
        texts = [*names, *keys, *layout] + ([] if entry["time"] is None else [entry["time"]])
        times, number = entry["repeats"]
        whole = [entry["rows"], entry["sampled"], *times, *number]
        if not all(type(text) is str for text in texts) or not set(keys) <= set(names):
            raise ValueError("columns of rows that are no names")
        if not all(type(count) is int and count >= 0 for count in whole):
            raise ValueError("a count of rows is no whole number")
        repeats = dict(zip(times, number, strict=True))
        if sum(often * many for often, many in repeats.items()) != entry["sampled"]:
            raise ValueError("repeated rows do not add up to the sample")
        rule = _rule(tuple(names), tuple(keys), columns, entry["time"])
        kept = None if entry["times"] is None else TimeCounts.from_dict(entry["times"])
        # Baselines saved by an older driftlib know no row again.
        rows = KnownRows.from_dict(entry["known_rows"]) if "known_rows" in entry else KnownRows()
        return cls(tuple(layout), rule, entry["rows"], entry["sampled"], repeats, kept, rows)


def choose_facts(
    headers: Iterable[Header],
    columns: Mapping[str, Column],
    others: Iterable[str],
    time: str | None,
) -> ReferenceFacts:
    """Choose what is kept of batches beside their columns' values.

    Parameters
    ----------
    headers : iterable of Header
        Of the reference.
    columns : mapping of str to Column
        Of the baseline.
    others : iterable of str
        Further columns that are read, which tell rows apart.
    time : str, optional
        The column of times.

    Returns
    -------
    ReferenceFacts
        Without counts.
    """
    names = tuple(dict.fromkeys([*columns, *others]))
    rule = _rule(names, key_columns(columns), columns, time)
    layout = next(iter(layouts_of(headers)), ())
    return ReferenceFacts(layout, rule)


def layouts_of(headers: Iterable[Header]) -> tuple[tuple[str, ...], ...]:
    """List the columns of a table's files, stored indexes left out.

    Parameters
    ----------
    headers : iterable of Header

    Returns
    -------
    tuple of tuple of str
        Each order once.
    """
    return tuple(dict.fromkeys(_layout(header.names, header.index) for header in headers))


# Batch after batch has the same columns.
@lru_cache(maxsize=32)
def _layout(names: tuple[str, ...], index: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not is_index(name) and name not in index)


def _rule(
    names: tuple[str, ...],
    keys: tuple[str, ...],
    columns: Mapping[str, Column],
    time: str | None,
) -> FactRule:
    known = [name for name in names if name in columns]
    numeric = tuple(name for name in known if columns[name].kind == NUMERIC)
    outcomes = tuple(name for name in known if columns[name].role != "feature")
    return FactRule(names, keys, numeric, time, outcomes)
