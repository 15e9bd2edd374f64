"""Find where the header of a CSV file is, and how many cells its rows have."""

from __future__ import annotations

import csv as plain_csv
import io
import re
from dataclasses import dataclass
from itertools import takewhile

# So many rows tell how all are laid out.
START_ROWS = 100
NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?")
# What Excel takes from a file's first line.
SAID_DELIMITER = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Where the header is, and how many cells rows have, taken with one delimiter.

    Parameters
    ----------
    names : list of str
        The header's cells.
    rows : list of list of str
        The first rows below it.
    skip : int
        Lines up to the header's last.
    title : str
        What is above it.
    more : int
        Empty cells that each row has beyond the header's.
    blank : bool
        Whether lines above the header say nothing.
    """

    names: list[str]
    rows: list[list[str]]
    skip: int
    title: str = ""
    more: int = 0
    blank: bool = False

    @property
    def plain(self) -> bool:
        """Whether the header is the first line, with as many cells as the rows."""
        return not (self.title or self.more or self.blank)


def read_records(text: str, delimiter: str, whole: bool) -> list[tuple[list[str], int]]:
    r"""Read the first rows; blank ones are left out.

    Parameters
    ----------
    text : str
        The start of a file, or all of it.
    delimiter : str
    whole : bool
        Whether it is all of it: else the last row may be cut.

    Returns
    -------
    list of (list of str, int)
        The cells of each row, and the number of the line that it ends in, from 1.

    Examples
    --------
    >>> read_records("a;b\n\n1;2\n", ";", whole=True)
    [(['a', 'b'], 1), (['1', '2'], 3)]
    """
    reader = plain_csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[tuple[list[str], int]] = []
    try:
        for cells in reader:
            if cells:
                found.append((cells, reader.line_num))
            if len(found) > START_ROWS:
                return found
    except plain_csv.Error:
        # A cell longer than this reader takes: what follows the header is for another.
        if not found:
            raise
        return found
    return found if whole or len(found) < 2 else found[:-1]


def find_layout(text: str, delimiter: str, whole: bool) -> Layout | None:
    r"""Lay out the first rows with a delimiter.

    Parameters
    ----------
    text, delimiter, whole
        As for `read_records`.

    Returns
    -------
    Layout or None
        None where the delimiter does not separate all rows alike.

    Examples
    --------
    >>> layout = find_layout("March\n\na;b\n1;2\n3;4\n", ";", whole=True)
    >>> layout.title, layout.names, layout.skip
    ('March', ['a', 'b'], 3)
    """
    records = read_records(text, delimiter, whole)
    blank = SAID_DELIMITER.fullmatch(text.splitlines()[0]) is not None
    records = records[1:] if blank else records
    while records and not any(cell.strip() for cell in records[0][0]):
        records, blank = records[1:], True
    rows = [cells for cells, _ in records]
    width = len(rows[-1]) if rows else 0
    if width < 2:
        return None
    alike = sum(1 for _ in takewhile(lambda cells: len(cells) == width, reversed(rows)))
    start = len(rows) - alike
    if start == 1 and len(rows[0]) < width:
        more = width - len(rows[0])
        if not any(cell.strip() for cells in rows[1:] for cell in cells[len(rows[0]) :]):
            return Layout(rows[0], rows[1:], records[0][1], "", more, blank)
    header = start
    while header < len(rows) - 1 and _is_title(rows[header]) and width > 2:
        header += 1
    above = rows[:header]
    below = rows[header + 1 :]
    if above and not (all(map(_is_title, above)) and _is_header(rows[header], below)):
        return None if start else Layout(rows[0], rows[1:], records[0][1], blank=blank)
    title = " ".join(cells[0].strip() for cells in above if cells[0].strip())
    return Layout(rows[header], below, records[header][1], title, blank=blank)


def _is_title(cells: list[str]) -> bool:
    """Whether a row has nothing but its first cell."""
    return not any(cell.strip() for cell in cells[1:])


def _is_header(cells: list[str], rows: list[list[str]]) -> bool:
    """Whether cells name the columns below: none is a number, and some of the columns are."""
    names = [cell.strip() for cell in cells]
    if not rows or not all(names) or len(set(names)) < len(names):
        return False
    below = ([row[place].strip() for row in rows] for place in range(len(names)))
    numbers = any(all(cell == "" or NUMBER.fullmatch(cell) for cell in cells) for cells in below)
    return numbers and not any(map(NUMBER.fullmatch, names))
