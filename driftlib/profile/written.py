"""Write a baseline's content as text that people can read, and tell whether it is as written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from driftlib.errors import DataError
from driftlib.files import read_text, shown_name

FORMAT, VERSION = "driftlib baseline", 2
READABLE = (1, 2)


def digest(content: Mapping[str, Any]) -> str:
    """Hash everything that a baseline's file says, but for the hash itself.

    Parameters
    ----------
    content : mapping
        In types that JSON has.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    rest = {key: value for key, value in content.items() if key != "digest"}
    return _hash(dump(rest))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
        Of our format and a version that is known, as it was written; its parts are not checked.

    Raises
    ------
    DataError
        If the file is missing, is no JSON, is no baseline, or is of another format.
    """
    name, text = shown_name(Path(path)), read_text(path, "baseline")
    try:
        content = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{name} is not JSON (line {error.lineno}): write it again with Baseline.save."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is damaged: fit the baseline again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{name} is not a baseline: write one with Baseline.save.")
    version = content.get("version")
    if type(version) is not int or version not in READABLE:
        raise DataError(
            f"{name} has baseline format {str(version)[:20]}, and this driftlib reads formats "
            f"{READABLE[0]} and {READABLE[1]}: fit the baseline again, or use a matching driftlib."
        )
    if version == VERSION and not _is_whole(text, content):
        raise DataError(f"{name} was changed by hand or damaged: fit the baseline again.")
    return content


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _is_whole(text: str, content: Mapping[str, Any]) -> bool:
    """Whether a file says what was written; a program may have laid it out anew since then."""
    said = content.get("digest")
    # As it was written, the text but for its digest is what was hashed.
    end = f',\n "digest": "{said}"\n}}\n'
    if text.endswith(end) and _hash(text[: -len(end)] + "\n}") == said:
        return True
    try:
        return bool(digest(content) == said)
    except RecursionError:
        return False
