"""Find out how a CSV file is written: separators, decimal sign, encoding, and where its header is.

What can be read in one way only is read, and said; what can be read in two is refused.
"""

from __future__ import annotations

import codecs
import csv as plain_csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from driftlib.data.csv_layout import (
    NUMBER,
    SAID_DELIMITER,
    START_ROWS,
    Layout,
    find_layout,
    read_records,
)
from driftlib.errors import DataError
from driftlib.text import counted, listed

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# How files that are often taken for CSV start.
STRANGERS = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed more than once",
}
SHEET_ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
# So much of a file's start tells how all of it is written.
START_BYTES = 1 << 18

_COMMA = re.compile(r"[+-]?(\d{0,3}(\.\d{3})+|\d*),\d+")
_POINT = re.compile(r"[+-]?(\d{0,3}(,\d{3})+|\d*)\.\d+")
# 1,234 is either.
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[,.]\d{3}")
# What Western European text has beside ASCII, and no other encoding by chance.
_WESTERN = frozenset(map(chr, range(0xC0, 0x100))) - frozenset("ÐÞðþ\xd7÷") | frozenset(
    "ŒœŠšŽž€£§°²³µ½¼«»®™ºª·\xa0\u2013\u2014\u2018\u2019\u201c\u201d\u2026"
)
# A capital amid small letters, and words without any letter of ASCII, are those of others.
_FOREIGN = re.compile(
    r"[a-z][ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒŠŽ][a-z]|(?<![A-Za-z])[^\W\d_a-zA-Z]{2}(?![A-Za-z])"
)


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV file is written.

    Parameters
    ----------
    names : tuple of str
        The columns that are read.
    delimiter : str
        What is between cells.
    decimal : {".", ","}
        The sign before decimals.
    encoding : str
        As Python calls it.
    skip : int, optional
        Lines up to the header's last, to be passed over where `cells` are named otherwise than
        the file's first line does; None where they are not.
    cells : tuple of str
        A name for each cell of a row, those that are left out too.
    empty : tuple of str
        Which of them have no header, and so must be empty in every row.
    notes : tuple of str
        What a reader should know of it: a phrase each, to follow the file's name.
    """

    names: tuple[str, ...]
    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf8"
    skip: int | None = None
    cells: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def usual_delimiter(path: Path) -> str:
    r"""Tell what is between the cells of a file by its ending.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str

    Examples
    --------
    >>> usual_delimiter(Path("a.csv")), usual_delimiter(Path("a.TSV.gz"))
    (',', '\t')
    """
    return "\t" if ".tsv" in path.name.lower() else ","


def csv_format(path: Path) -> CsvFormat:
    """Find out how a CSV file is written, by its start.

    Parameters
    ----------
    path : Path
        Ends in .csv, .tsv, .csv.gz or .tsv.gz.

    Returns
    -------
    CsvFormat

    Raises
    ------
    DataError
        If it is no text, its header cannot be read, or it can be read in two ways.
    """
    try:
        state = path.stat()
        return _remembered(path.absolute(), (state.st_ino, state.st_size, state.st_mtime_ns))
    except (OSError, EOFError, zlib.error, plain_csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        remedy = "check who may read it" if isinstance(error, PermissionError) else "write it again"
        raise DataError(f"{path.name} cannot be read ({reason}): {remedy}.") from error


@lru_cache(maxsize=100)
def _remembered(path: Path, state: tuple[int, ...]) -> CsvFormat:
    """Find the format of a file once, as long as the file stays as it is."""
    with open_binary(path) as stream:
        start = stream.read(START_BYTES)
        whole = len(start) < START_BYTES
        while not whole and b"\n" not in start and b"\r" not in start:
            more = stream.read(START_BYTES)
            start, whole = start + more, not more
    encoding, text, notes = _decoded(path, start)
    found = _with_layout(path, encoding, text, whole)
    if found.delimiter != ",":
        found = _with_decimals(path, found)
    return replace(found, notes=(*notes, *found.notes))


def open_binary(path: Path) -> IO[bytes]:
    """Open a file, unpacked where its ending is .gz.

    Parameters
    ----------
    path : Path

    Returns
    -------
    binary file
    """
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    return opener(path, "rb")


def check_text(start: bytes, name: str) -> None:
    """Raise unless bytes can be those of text.

    Parameters
    ----------
    start : bytes
        The first of a file.
    name : str
        What to call it.

    Raises
    ------
    DataError
        Saying what it is instead.
    """
    for mark, what in STRANGERS.items():
        if start.startswith(mark):
            raise DataError(f"{name} is {what}: {_EXPORT}.")
    if b"\0" in start and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{name} is no text (it is binary): save it as CSV, in UTF-8.")


_EXPORT = "save its sheet as CSV UTF-8, or pass what pandas.read_excel makes of it"


def check_sheet(path: Path) -> None:
    """Raise if a file is a spreadsheet by its ending.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DataError
        Saying how to export it.

    Examples
    --------
    >>> check_sheet(Path("march.csv"))
    >>> check_sheet(Path("march.xlsx"))
    Traceback (most recent call last):
    driftlib.errors.DataError: march.xlsx is a spreadsheet, which is not read from here: save its
    sheet as CSV UTF-8, or pass what pandas.read_excel makes of it.
    """
    if path.name.lower().endswith(SHEET_ENDINGS):
        raise DataError(f"{path.name} is a spreadsheet, which is not read from here: {_EXPORT}.")


def _decoded(path: Path, start: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Tell the encoding, the text, and what to say of it."""
    check_text(start, path.name)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        return "utf-16", decoder.decode(start), ("is read as UTF-16",)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        return "utf8", decoder.decode(start), ()
    except UnicodeDecodeError:
        pass
    word = _western_word(start)
    if word:
        said = f"is not UTF-8, and is read as Windows-1252 (such as {word[:40]!r})"
        return "cp1252", start.decode("cp1252"), (said,)
    text = start.decode("utf-8-sig", errors="surrogateescape")
    if any("\udc80" <= letter <= "\udcff" for letter in (text.splitlines() or [""])[0]):
        raise DataError(f"{path.name} has a header that is not UTF-8 text: save the file as UTF-8.")
    return "utf8", text, ()


def _western_word(start: bytes) -> str:
    """Find a word of Western European text; empty if the bytes can be something else."""
    try:
        text = start.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    runs = re.findall(r"[^\x00-\x7f]+", text)
    usual = all(len(run) < 3 and _WESTERN.issuperset(run) for run in runs)
    if not usual or _FOREIGN.search(text):
        return ""
    word = re.search(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", text)
    return word[0] if word else ""


def _with_layout(path: Path, encoding: str, text: str, whole: bool) -> CsvFormat:
    """Find the delimiter and the header."""
    usual = usual_delimiter(path)
    named = SAID_DELIMITER.match(text)
    tried = [named[1]] if named else [usual, *(d for d in DELIMITERS if d != usual)]
    found = {}
    for delimiter in tried:
        layout = find_layout(text, delimiter, whole) if delimiter in text else None
        if layout is not None:
            found[delimiter] = layout
    found = {d: layout for d, layout in found.items() if layout.plain} or found
    if len(found) > 1:
        first, second, *_ = found
        raise DataError(
            f"{path.name} can be read with {DELIMITERS[first]} or with {DELIMITERS[second]} "
            f"between its cells (it starts with {text.strip()[:80]!r}): put quotes around cells "
            "that hold one of them."
        )
    if not found:
        _check_separated(path, usual, text)
        records = read_records(text, usual, whole)
        names = next((cells for cells, _ in records if cells), [])
        return CsvFormat(tuple(names), usual, encoding=encoding)
    (delimiter, layout), *_ = found.items()
    result = CsvFormat((), delimiter, encoding=encoding)
    return _named(result, layout, "" if delimiter == usual else delimiter)


def _check_separated(path: Path, usual: str, text: str) -> None:
    start = text.lstrip()[:100_000].splitlines()[:1]
    for other, plural in DELIMITERS.items():
        if start and usual not in start[0] and other in start[0]:
            raise DataError(
                f"{path.name} starts with {start[0].strip()[:80]!r}: its cells seem to be "
                f"separated by {plural}, but not in every row. Save it with commas between cells "
                "and a decimal point."
            )


def _named(found: CsvFormat, layout: Layout, delimiter: str) -> CsvFormat:
    """Name the cells of rows, and say what was taken for what."""
    notes = []
    if delimiter:
        notes.append(f"has {DELIMITERS.get(delimiter, repr(delimiter))} between its cells")
    if layout.title:
        notes.append(f"has a title above its header, left out ({layout.title[:80]!r})")
    cells = list(layout.names)
    # The first may be a stored index; there is no second one.
    nameless = [place for place, name in enumerate(cells) if place and not name.strip()]
    empty = [f"\0 {place}" for place in range(len(cells), len(cells) + layout.more)]
    for place in nameless:
        cells[place] = f"\0 {place}"
    if nameless:
        places = listed([str(place + 1) for place in nameless])
        notes.append(f"has {counted(len(nameless), 'column')} without a name, left out ({places})")
    if empty:
        notes.append(f"has {counted(layout.more, 'separator')} too many at the end of its rows")
    names = tuple(name for name in cells if not name.startswith("\0"))
    plain = layout.plain and not nameless
    return replace(
        found,
        names=names,
        skip=None if plain else layout.skip,
        cells=() if plain else (*cells, *empty),
        empty=tuple(empty),
        notes=(*found.notes, *notes),
    )


def _with_decimals(path: Path, found: CsvFormat) -> CsvFormat:
    """Find the sign before decimals of a file whose cells are not separated by commas."""
    either = ""
    for rows in _all_rows(path, found):
        cells = {cell for row in rows for cell in row if "," in cell or "." in cell}
        numbers = {cell.strip() for cell in cells if NUMBER.fullmatch(cell.strip())}
        unclear = {number for number in numbers if _EITHER.fullmatch(number)}
        signs = {
            sign: sorted(filter(pattern.fullmatch, numbers - unclear))
            for sign, pattern in ((",", _COMMA), (".", _POINT))
        }
        if signs[","] and signs["."] and found.delimiter == usual_delimiter(path):
            # In a file of tabs as its ending says, what looks like 3,12 may be text.
            return found
        if signs[","] and signs["."]:
            raise DataError(
                f"{path.name} has numbers with decimal commas and with decimal points "
                f"({signs[','][0]} and {signs['.'][0]}): write it again with one of them."
            )
        either = either or next(iter(sorted(unclear)), "")
        if signs[","] or signs["."]:
            return found if signs["."] else _with_commas(found)
    if not either or found.delimiter != ";":
        return found
    # Where semicolons separate cells, 1,234 has decimals; 1.234 may have in any file.
    return (
        _with_commas(found, either)
        if "," in either
        else _noted(found, f"has decimal points ({_less(either)})")
    )


def _with_commas(found: CsvFormat, either: str = "") -> CsvFormat:
    said = f"has decimal commas{f' ({_less(either)})' if either else ''}"
    return _noted(replace(found, decimal=","), said)


def _less(number: str) -> str:
    return f"{number} is taken for less than a thousand"


def _noted(found: CsvFormat, *notes: str) -> CsvFormat:
    return replace(found, notes=(*found.notes, *notes))


def _all_rows(path: Path, found: CsvFormat) -> Iterator[list[list[str]]]:
    """Read a file's rows, its first and then the others, as far as they are asked for."""
    python = "utf-8-sig" if found.encoding == "utf8" else found.encoding
    with open_binary(path) as stream:
        text = io.TextIOWrapper(stream, encoding=python, errors="replace", newline="")
        yield from _in_blocks(plain_csv.reader(text, delimiter=found.delimiter))


def _in_blocks(rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    block: list[list[str]] = []
    for row in rows:
        block.append(row)
        if len(block) > START_ROWS:
            yield block
            block = []
    yield block
