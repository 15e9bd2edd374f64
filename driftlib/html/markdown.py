"""Write Markdown that holds names from data, within a number of bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from driftlib.text import counted


def table_within(table: Mapping[str, Any], room: int) -> str:
    r"""Write as many rows of a table as there is room for; nothing where there is for none.

    Parameters
    ----------
    table : mapping
        `title`, `columns` and `rows`; `more` counts rows that it does not have, `note` says how
        to read it.
    room : int
        Bytes.

    Returns
    -------
    str

    Examples
    --------
    >>> table = {"title": "Drift", "columns": ["name"], "rows": [["a|b"]], "more": 2}
    >>> print(table_within(table, 500))
    ## Drift
    <BLANKLINE>
    | name |
    | --- |
    | a\|b |
    <BLANKLINE>
    2 more rows.
    """
    head = [
        f"## {escaped(table['title'])}",
        "",
        *([escaped(table["note"]), ""] if table.get("note") else []),
        f"| {' | '.join(map(escaped, table['columns']))} |",
        f"|{' --- |' * len(table['columns'])}",
    ]
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in table["rows"]]
    return fitting(head, lines, room, "row", table.get("more", 0))


def fitting(head: Sequence[str], lines: Sequence[str], room: int, what: str, more: int = 0) -> str:
    """Put as many lines below a head as fit into some bytes; count the rest.

    Parameters
    ----------
    head, lines : sequence of str
    room : int
        Bytes.
    what : str
        What a line is, in the singular.
    more : int
        How many more there are than lines.

    Returns
    -------
    str
        Empty where no line fits.
    """
    kept, used = list(head), len("\n".join(head).encode()) + 40
    for line in lines:
        used += len(line.encode()) + 1
        if used > room:
            break
        kept.append(line)
    shown = len(kept) - len(head)
    if not shown:
        return ""
    left = len(lines) - shown + more
    return "\n".join(kept) + (f"\n\n{counted(left, f'more {what}')}." if left else "")


def escaped(text: object) -> str:
    r"""Escape what Markdown and HTML would take for markup, on one line.

    Parameters
    ----------
    text : object

    Returns
    -------
    str

    Examples
    --------
    >>> print(escaped("a|b"))
    a\|b
    """
    words = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", words) if words else " "
