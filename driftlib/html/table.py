"""Write tables: escaped, numbers to the right, the first column as the name of its row."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from driftlib.html.numbers import is_missing, is_number, write_value

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["", "number", "long"]

# By its class a table that was written here is told from tables of other hands.
OPENING = '<table class="data">'
# A cell with more characters than this may break into lines.
LONG = 32
SHOWN_ROWS = 60
NUMBER = re.compile(r"[-+\u2212]?[\d,.]+(?:e[-+]?\d+)?\s?%?|nan|NaN|inf|-inf", re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """A cell whose HTML is given: a link, a badge, a number with its unit.

    Parameters
    ----------
    html : str
        Trusted: names from the data are escaped already.
    kind : {"", "number", "long"}
        "number" stands to the right, "long" may break into lines.
    """

    html: str
    kind: Kind = ""


def write_table(
    columns: Sequence[object],
    rows: Iterable[Sequence[Any]],
    *,
    digits: int = 4,
    inline: bool = False,
) -> str:
    """Write a table.

    Parameters
    ----------
    columns : sequence of object
        Heads, in plain text; none for a table without a head.
    rows : iterable of sequence
        Values in plain text, numbers, or `Cell`. A column of nothing but numbers stands to
        the right, with its head.
    digits : int
        Digits of a float that matter, see `driftlib.html.numbers.write_value`.
    inline : bool
        Whether cells say themselves that they stand to the right: for JupyterLab, which does
        not have the page's style sheet.

    Returns
    -------
    str
        HTML that holds no script, whatever a value is called.

    Examples
    --------
    >>> written = write_table(["feature", "psi"], [["<b>", 0.1]])
    >>> "&lt;b&gt;" in written, '<td class="number">0.1</td>' in written
    (True, True)
    """
    lines = [list(row) for row in rows]
    # An empty table has no column of numbers.
    right = [
        bool(column) and all(map(_to_the_right, column)) for column in zip(*lines, strict=True)
    ]
    right = right or [False] * len(columns)
    head = "".join(
        f'<th scope="col"{_look(_kind(name, at_right), inline)}>{html.escape(str(name))}</th>'
        for name, at_right in zip(columns, right, strict=False)
    )
    body = []
    for line in lines:
        first, *cells = (
            _cell(value, at_right, digits) for value, at_right in zip(line, right, strict=True)
        )
        values = "".join(f"<td{_look(cell.kind, inline)}>{cell.html}</td>" for cell in cells)
        body.append(
            f'<tr><th scope="row"{_look(first.kind, inline)}>{first.html}</th>{values}</tr>'
        )
    top = f"<thead><tr>{head}</tr></thead>" if columns else ""
    return f"{OPENING}{top}<tbody>{''.join(body)}</tbody></table>"


def _to_the_right(value: Any) -> bool:
    if isinstance(value, Cell):
        return value.kind == "number"
    return is_number(value) or is_missing(value)


def _kind(value: object, at_right: bool) -> Kind:
    if at_right:
        return "number"
    return "long" if len(str(value)) > LONG else ""


def _cell(value: Any, at_right: bool, digits: int) -> Cell:
    if isinstance(value, Cell):
        return value
    text = write_value(value, digits)
    return Cell(html.escape(text), _kind(text, at_right))


def _look(kind: Kind, inline: bool) -> str:
    if not kind:
        return ""
    style = ' style="text-align:right"' if inline and kind == "number" else ""
    return f' class="{kind}"{style}'


def write_boxed_table(
    columns: Sequence[object],
    rows: Sequence[Sequence[Any]],
    label: str,
    total: int | None = None,
    digits: int = 4,
) -> str:
    """Write a table in a box that scrolls sideways, and say how many rows it leaves out.

    Parameters
    ----------
    columns, rows, digits
        See `write_table`.
    label : str
        What the table is, for those who cannot see it; plain text.
    total : int, optional
        Rows there were before any were left out.

    Returns
    -------
    str
        HTML; empty where there are no rows.

    Examples
    --------
    >>> write_boxed_table(["feature"], [["temp"]], "Drift", total=3).count("2 more rows")
    1
    """
    if not rows:
        return ""
    left_out = 0 if total is None else total - len(rows)
    return f"{scroll_box(write_table(columns, rows, digits=digits), label)}{more_rows(left_out)}"


def write_frame(frame: pd.DataFrame, most: int = SHOWN_ROWS, digits: int = 4) -> str:
    """Write a frame for a notebook, where cells must say themselves where they stand.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index comes first, unless it only counts rows.
    most : int
        Rows to show.
    digits : int
        See `write_table`.

    Returns
    -------
    str
        HTML of the table, and of how many rows it leaves out.

    Examples
    --------
    >>> import pandas as pd
    >>> written = write_frame(pd.DataFrame({"psi": [0.1, 0.2, 0.3]}), most=1)
    >>> written.count("<tr>"), written.count("2 more rows are not shown")
    (2, 1)
    """
    import pandas as pd

    shown = frame.head(most)
    if not isinstance(shown.index, pd.RangeIndex):
        names = ["" if name is None else name for name in shown.index.names]
        shown = shown.reset_index(names=names, allow_duplicates=True)
    rows = shown.itertuples(index=False, name=None)
    written = write_table(list(shown.columns), rows, digits=digits, inline=True)
    return f"{written}{more_rows(len(frame) - len(shown))}"


def more_rows(count: int) -> str:
    """Say how many rows a table leaves out.

    Parameters
    ----------
    count : int
        Rows that are not shown.

    Returns
    -------
    str
        HTML; empty where none is left out.
    """
    return f'<p class="more">{count:,} more rows are not shown.</p>' if count > 0 else ""


def scroll_box(content: str, label: str) -> str:
    """Put HTML into a box that scrolls sideways and can be reached by keyboard.

    Parameters
    ----------
    content : str
        Trusted HTML.
    label : str
        What it is, for those who cannot see it; plain text.

    Returns
    -------
    str
        HTML.
    """
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{html.escape(label)}">'
        f"{content}</div>"
    )


def mark_table(content: str) -> str:
    """Mark numbers and long texts in a table that pandas or Markdown wrote.

    Parameters
    ----------
    content : str
        HTML of one table; one that was written here is returned as it is.

    Returns
    -------
    str
        The table without looks of its own, its cells marked as `write_table` marks them.

    Examples
    --------
    >>> mark_table('<table border="1"><tr><th>x</th></tr><tr><td>1.5</td></tr></table>')
    '<table><tr><th class="number">x</th></tr><tr><td class="number">1.5</td></tr></table>'
    """
    from bs4 import BeautifulSoup

    found = None if content.startswith(OPENING) else BeautifulSoup(content, "html.parser").table
    if found is None:
        return content
    del found["border"]
    for row in found.select("tr[style]"):
        del row["style"]
    rows = [row.find_all(["th", "td"], recursive=False) for row in found.find_all("tr")]
    cells = [cell for row in rows for cell in row]
    for cell in cells:
        if len(cell.get_text()) > LONG:
            _mark(cell, "long")
    # Cells that span several columns have no one column that they stand in.
    if not any(cell.get("colspan") or cell.get("rowspan") for cell in cells):
        width = max(map(len, rows), default=0)
        for column in zip(*(row for row in rows if len(row) == width), strict=True):
            values = [cell.get_text(strip=True) for cell in column if cell.name == "td"]
            if any(values) and all(NUMBER.fullmatch(value) for value in values if value):
                for cell in column:
                    _mark(cell, "number")
    return str(found)


def _mark(cell: Any, kind: Kind) -> None:
    cell["class"] = [*cell.get("class", []), kind]
