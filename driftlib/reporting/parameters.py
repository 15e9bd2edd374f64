"""Find, read and check the settings of the notebooks: parameters cells and one flat YAML file."""

from __future__ import annotations

import ast
import glob
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from driftlib.data.sql_address import absolute_source, is_sql
from driftlib.errors import DataError, MissingExtraError, ParameterError
from driftlib.files import home_path
from driftlib.performance.training_rows import UNKNOWN
from driftlib.text import quoted

NOTEBOOKS_VARIABLE = "DRIFTLIB_NOTEBOOKS"
NAMES = ("baseline", "drift", "performance", "advice", "audit", "demo")
PATHS = ("reference", "current", "output")
# What one file of parameters may say to `driftlib check` alone: a report takes no notice.
CHECK_ONLY = (
    "baseline", "share_moderate", "share_major", "fail_on", "json",
    "markdown", "prometheus", "history", "model", "link", "keep", "quiet",
)  # fmt: skip
YES_OR_NO = "yes, no or unknown"
KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
}
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True)
class Parameter:
    """One setting of a notebook.

    Parameters
    ----------
    name : str
        As the notebook assigns it.
    default : object
        A number, text, a boolean or a list; its type is that of the setting.
    help : str
        The comment beside it.
    """

    name: str
    default: Any
    help: str = ""


def project_root() -> Path:
    """Name the folder that holds `notebooks/` and `data/`.

    Returns
    -------
    Path
        The checkout that the library is run from; of an installed one, what was packed with it.
    """
    checkout = Path(__file__).resolve().parents[2]
    packed = Path(__file__).resolve().parents[1] / "bundled"
    return packed if packed.is_dir() else checkout


def project_path(path: str | Path) -> Path:
    """Say where a path in a notebook leads: as given if that exists, else within the project.

    JupyterLab, tests and reports start a notebook in different folders; a default such as
    "data/reference.parquet" means the same file in each.

    Parameters
    ----------
    path : str or Path
        A file, a glob, or a folder that may not exist yet.

    Returns
    -------
    Path
        Of the same kind.

    Examples
    --------
    >>> project_path("/data/x.csv").as_posix()
    '/data/x.csv'
    """
    path = home_path(path)
    here = path.is_absolute() or path.exists() or glob.glob(str(path), recursive=True)
    return path if here else project_root() / path


def project_source(source: str | Path) -> str | Path:
    """Say where data in a notebook are: a path as `project_path` has it, or in a database.

    Parameters
    ----------
    source : str or Path

    Returns
    -------
    str or Path
        Of a table in a database the address, as it is.

    Examples
    --------
    >>> project_source("sql:sqlite:////data/april.db seen")
    'sql:sqlite:////data/april.db seen'
    """
    return source if is_sql(source) else project_path(source)


def find_notebooks(notebooks: str | Path | Iterable[str | Path] | None = None) -> dict[str, Path]:
    """Find the notebooks to run.

    Parameters
    ----------
    notebooks : path, list of paths, or None
        A folder means every notebook in it; None means the project's own four, or those
        in the folder that the environment variable DRIFTLIB_NOTEBOOKS names.

    Returns
    -------
    dict of str to Path
        By name, the project's own four first.

    Raises
    ------
    DataError
        If there are none, or two have the same name.
    """
    given = os.environ.get(NOTEBOOKS_VARIABLE) if notebooks is None else notebooks
    if not given:
        folder = project_root() / "notebooks"
        paths = [folder / f"{name}.ipynb" for name in NAMES]
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            raise DataError(
                f"{folder} does not have the notebooks {quoted(missing)}: install driftlib again, "
                f"or name their folder in the environment variable {NOTEBOOKS_VARIABLE}."
            )
    elif isinstance(given, str | Path) and Path(given).is_dir():
        found = sorted(Path(given).glob("*.ipynb"))
        paths = sorted(found, key=lambda path: (_place(path.stem), path.stem))
        if not paths:
            raise DataError(f"{given} has no notebooks (*.ipynb) in it: name another folder.")
    else:
        paths = [Path(given)] if isinstance(given, str | Path) else [Path(path) for path in given]
    for path in paths:
        if not path.is_file():
            raise DataError(f"notebook {str(path)!r} does not exist: check the path.")
    by_name = {path.stem: path.resolve() for path in paths}
    if len(by_name) < len(paths):
        raise DataError("two notebooks have the same file name: rename one of them.")
    return by_name


def _place(name: str) -> int:
    return NAMES.index(name) if name in NAMES else len(NAMES)


def declared(notebook: str | Path) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares in its cell tagged "parameters".

    `papermill.inspect_notebook` reads them line by line by a pattern: it does not see lists
    over several lines or an "=" within a value or its comment, gives all defaults as text, and
    fails on a notebook that names no kernel.

    Parameters
    ----------
    notebook : str or Path
        Path of the notebook.

    Returns
    -------
    dict of str to Parameter
        In the cell's order; empty where there is no such cell.

    Raises
    ------
    DataError
        If the file is no notebook, its cell is not Python, or a default is not plain.
    """
    path = Path(notebook)
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path.name} is not a notebook ({type(error).__name__}).") from error
    for cell in cells:
        if "parameters" in cell.get("metadata", {}).get("tags", ()):
            return _assignments("".join(cell["source"]), path.name)
    return {}


def _assignments(source: str, where: str) -> dict[str, Parameter]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise DataError(f"{where} has a parameters cell that is not Python: {error}.") from error
    lines = source.splitlines()
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target: ast.expr = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        else:
            continue
        if isinstance(target, ast.Name) and node.value is not None:
            default = _literal(node.value, target.id, where)
            found[target.id] = Parameter(target.id, default, _comment_after(node.value, lines))
    return found


def _comment_after(node: ast.expr, lines: list[str]) -> str:
    """Find the comment on the line on which an expression ends."""
    line = lines[(node.end_lineno or node.lineno) - 1]
    # Offsets count bytes.
    return line.encode()[node.end_col_offset :].decode().partition("#")[2].strip()


def _literal(node: ast.expr, name: str, where: str) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise DataError(
            f"{where} gives the parameter {name!r} a value that is not plain: use a number, "
            "text, True, False or a list."
        ) from None


def read_parameters(path: str | Path) -> dict[str, Any]:
    """Read parameters from a flat YAML file of names and values.

    Parameters
    ----------
    path : str or Path
        Of the file, in UTF-8.

    Returns
    -------
    dict
        Values by name; empty for an empty file.

    Raises
    ------
    DataError
        If it cannot be read, is not YAML, or is nested.
    MissingExtraError
        If PyYAML is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "my.yml")
    ...     _ = path.write_text("alpha: 0.01")
    ...     read_parameters(path)
    {'alpha': 0.01}
    """
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("pyyaml", "notebooks", "Reading a file of parameters") from error
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise DataError(f"parameter file {str(path)!r} cannot be read: {reason}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark else ""
        raise DataError(
            f"{path.name} is not YAML{place}: write one 'name: value' a line."
        ) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise DataError(f"{path.name} is not a list of settings: write one 'name: value' a line.")
    nested = [name for name, value in content.items() if isinstance(value, dict)]
    if nested:
        raise DataError(f"{path.name} nests settings under {quoted(nested)}: keep the file flat.")
    return {str(name): value for name, value in content.items()}


def assign(
    parameters: Mapping[str, Any], notebooks: Mapping[str, Path], folder: Path | None = None
) -> dict[str, dict[str, Any]]:
    """Give each notebook the parameters that it declares, checked and converted.

    Parameters
    ----------
    parameters : mapping
        Values by name; None as a value means the notebook's own default.
    notebooks : mapping of str to Path
        Notebooks by name, from `find_notebooks`.
    folder : Path, optional
        What relative paths in `reference`, `current` and `output` are relative to: by
        default the working directory.

    Returns
    -------
    dict of str to dict
        Values by the name of the notebook, and of the parameter.

    Raises
    ------
    ParameterError
        If no notebook declares a name, listing the known ones, or a value is of the wrong
        type.
    """
    folder = Path.cwd() if folder is None else folder
    schemas = {name: declared(path) for name, path in notebooks.items()}
    known = sorted({parameter for schema in schemas.values() for parameter in schema})
    for name in parameters:
        if name not in known:
            raise ParameterError(unknown_parameter(name, known))
    given = {name: value for name, value in parameters.items() if value is not None}
    for name in PATHS:
        if isinstance(given.get(name), str | Path) and str(given[name]):
            given[name] = absolute_source(str(given[name]), folder)
    return {
        notebook: {
            name: convert(name, value, schema[name].default)
            for name, value in given.items()
            if name in schema
        }
        for notebook, schema in schemas.items()
    }


def unknown_parameter(name: str, known: list[str]) -> str:
    """Word the error of a parameter that no notebook declares.

    Parameters
    ----------
    name : str
        As it was given.
    known : list of str
        All that are declared.

    Returns
    -------
    str
        A sentence that lists them all.

    Examples
    --------
    >>> unknown_parameter("aplha", ["alpha", "output"])
    "no notebook has a parameter 'aplha' (known: 'alpha', 'output'). Did you mean 'alpha'?"
    """
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"no notebook has a parameter {name!r} (known: {quoted(known, len(known))}).{hint}"


def convert(name: str, value: Any, default: Any) -> Any:
    """Convert a value to the type of the default, where that loses nothing.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        From a command line, a YAML file or Python.
    default : object
        The notebook's own; the items of a list become like its first.

    Returns
    -------
    object
        Of the default's type.

    Raises
    ------
    ParameterError
        If the value is of another type.

    Examples
    --------
    >>> convert("alpha", "0.01", 0.05), convert("features", "temp, hour", [])
    (0.01, ['temp', 'hour'])
    >>> convert("window", 500, "")
    '500'
    """
    converted = _convert(name, value, default)
    if converted is None:
        kind = YES_OR_NO if default == UNKNOWN else KINDS.get(type(default), "another value")
        raise ParameterError(f"parameter {name!r} is {value!r}: give {kind}, such as {default!r}.")
    return converted


def _convert(name: str, value: Any, default: Any) -> Any:
    """Put the value into the type of the default; None where there is no such value."""
    if isinstance(default, bool):
        return _as_bool(value)
    if isinstance(default, int):
        number = _as_number(value)
        return int(number) if number is not None and number == int(number) else None
    if isinstance(default, float):
        return _as_number(value)
    if isinstance(default, list | tuple):
        items = _as_list(value)
        return [convert(name, item, default[0]) for item in items] if default else items
    if default == UNKNOWN:
        told = _as_bool(value)
        return value if value == UNKNOWN else None if told is None else "yes" if told else "no"
    return _as_text(value) if isinstance(default, str) else value


def _as_bool(value: Any) -> bool | None:
    word = str(value).strip().lower()
    return True if word in TRUE else False if word in FALSE else None


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number - number == 0 else None


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def _as_text(value: Any) -> str | None:
    return None if isinstance(value, list | tuple | dict | bool) else str(value)
